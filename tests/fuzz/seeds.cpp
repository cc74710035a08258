// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/seeds.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "isa/decode.hpp"
#include "isa/disassemble.hpp"
#include "isa/make.hpp"
#include "tests/fuzz/check.hpp"
#include "vm/attr.hpp"
#include "vm/prepare/read.hpp"

namespace skep::fuzz {
namespace {

using Bytes = std::vector<std::byte>;

constexpr const char* kObjects[] = {"core_relocation", "functions",      "globals",     "kconfig",   "kernel_types",
                                    "map_in_map",      "packet_counter", "ring_buffer", "tail_calls"};

Bytes read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  demand(!text.empty(), "the examples are built");
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

/// A first byte, then bytes.
Bytes chosen(size_t choice, Input rest) {
  Bytes bytes{static_cast<std::byte>(choice)};
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return bytes;
}

/// The contents of the sections of a role in all objects.
Inputs sections(const std::string& examples, vm::Role role) {
  Inputs all;
  for (const Bytes& file : object_seeds(examples)) {
    const auto object = vm::read_object(file);
    demand(object.ok(), "an example's object is read");
    for (const vm::Section& section : object->sections)
      if (section.role == role && !section.data.empty()) all.push_back(section.data);
  }
  return all;
}

/// Calls in the form of call_bpf, one behind the other.
class Calls {
 public:
  Calls& call(vm::Command command, const vm::Attr& attr) {
    bytes_.push_back(static_cast<std::byte>(command));
    bytes_.push_back(static_cast<std::byte>(attr.bytes.size()));
    bytes_.insert(bytes_.end(), attr.bytes.begin(), attr.bytes.end());
    return *this;
  }
  /// Appends data; its place among the calls is the address of what follows `at`.
  Bytes with(Input data) {
    bytes_.insert(bytes_.end(), data.begin(), data.end());
    return bytes_;
  }

 private:
  Bytes bytes_;
};
constexpr uint64_t kCall = 2 + sizeof(vm::Attr);  ///< bytes of a call
constexpr uint32_t kFirstDescriptor = 4;          ///< a guess; fuzzing finds better ones

Bytes map_calls() {
  vm::Attr create{}, element{}, next{}, info{};
  create.map_create = {.map_type = 1, .key_size = 4, .value_size = 8, .max_entries = 8};
  element.elem = {.map_fd = kFirstDescriptor, .key = 5 * kCall, .value = 5 * kCall + 8};
  info.info = {.bpf_fd = kFirstDescriptor, .info_len = 88, .info = 5 * kCall};
  next.get_id = {.id = 0};
  return Calls()
      .call(vm::Command::map_create, create)
      .call(vm::Command::map_update_elem, element)
      .call(vm::Command::map_lookup_elem, element)
      .call(vm::Command::map_get_next_id, next)
      .call(vm::Command::obj_get_info_by_fd, info)
      .with(Bytes(128));
}

Bytes program_calls() {
  const auto code = isa::make::mov64_imm(0, 2) + isa::make::exit();
  vm::Attr load{}, run{};
  load.prog_load = {.prog_type = 6, .insn_cnt = 2, .insns = 2 * kCall, .license = 2 * kCall + 16};
  run.test = {.prog_fd = kFirstDescriptor, .data_size_in = 64, .data_size_out = 64, .data_in = 64, .data_out = 8192};
  Bytes data(isa::encode(code).begin(), isa::encode(code).end());
  for (const char letter : {'G', 'P', 'L', '\0'}) data.push_back(static_cast<std::byte>(letter));
  return Calls().call(vm::Command::prog_load, load).call(vm::Command::prog_test_run, run).with(data);
}

Bytes btf_calls(const Bytes& btf) {
  vm::Attr load{}, info{};
  load.btf_load = {.btf = 2 * kCall, .btf_size = static_cast<uint32_t>(btf.size())};
  info.info = {.bpf_fd = kFirstDescriptor, .info_len = 32, .info = 8};
  return Calls().call(vm::Command::btf_load, load).call(vm::Command::obj_get_info_by_fd, info).with(btf);
}

}  // namespace

Inputs object_seeds(const std::string& examples) {
  Inputs all;
  for (const char* name : kObjects) all.push_back(read_file(examples + "/" + name + ".bpf.o"));
  return all;
}

Inputs btf_seeds(const std::string& examples) {
  Inputs all;
  for (const Bytes& section : sections(examples, vm::Role::btf)) all.push_back(chosen(1, section));
  return all;
}

Inputs instruction_seeds(const std::string& examples) { return sections(examples, vm::Role::code); }

Inputs text_seeds(const std::string& examples) {
  Inputs all;
  for (const Bytes& code : instruction_seeds(examples))
    for (const auto style : {isa::Style::kernel, isa::Style::llvm}) {
      const std::string text = isa::disassemble(*isa::decode(code), style);
      const auto* begin = reinterpret_cast<const std::byte*>(text.data());
      all.emplace_back(begin, begin + text.size());
    }
  return all;
}

Inputs command_seeds(const std::string& examples) {
  Inputs all{map_calls(), program_calls()};
  for (const Bytes& btf : sections(examples, vm::Role::btf)) all.push_back(btf_calls(btf));
  return all;
}

Inputs capture_seeds(const std::string& examples) { return {read_file(examples + "/mixed.pcap")}; }

Inputs raw_program_seeds(const std::string& examples) {
  Inputs all;
  for (const Bytes& code : instruction_seeds(examples)) all.push_back(chosen(64, code));
  return all;
}

Inputs program_seeds(const std::string& examples) {
  Inputs all;
  for (const Bytes& code : instruction_seeds(examples))
    for (size_t type = 0; type < 5; ++type) all.push_back(chosen(type, code));
  return all;
}

}  // namespace skep::fuzz
