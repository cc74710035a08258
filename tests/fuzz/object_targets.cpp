// SPDX-License-Identifier: Apache-2.0
#include "skep/skep.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/targets.hpp"
#include "vm/prepare/prepare.hpp"

namespace skep::fuzz {
namespace {

constexpr uint64_t kFuel = 5000;
constexpr uint64_t kMapMemory = uint64_t{16} << 20;

void run_all(const Object& object) {
  const std::vector<std::byte> packet(64);
  for (const Program& program : object.programs()) {
    (void)program.listing();
    (void)ok_or_error(program.run({.data = packet, .repeat = 2, .fuel = kFuel}));
  }
}

void print_all(const Object& object) {
  for (const GlobalInfo& global : object.globals()) demand(!global.section.empty(), "a variable has a section");
  for (const Map& map : object.maps())
    // What an object declares may be large although it is charged for what it takes.
    if (uint64_t{map.max_entries()} * map.value_size() < (1u << 16)) (void)ok_or_error(map.dump_json());
}

}  // namespace

void load_object(Input input) {
  VmOptions options;
  options.seed = 1;
  options.map_memory_limit = kMapMemory;
  auto vm = Vm::create(options);
  demand(vm.ok(), "a VM can be made");
  auto object = vm->open(input, {.name = "fuzzed"});
  if (!ok_or_error(object)) return;
  if (!ok_or_error(object->load())) return;
  run_all(*object);
  print_all(*object);
}

void prepare_object(Input input) {
  const auto prepared = vm::prepare(input);
  if (!ok_or_error(prepared)) return;
  demand(vm::prepare(prepared->bytes).ok(), "what is prepared can be prepared again");
}

}  // namespace skep::fuzz
