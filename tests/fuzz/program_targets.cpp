// SPDX-License-Identifier: Apache-2.0
// Instructions that no verifier has seen, in the checked interpreter. The first byte chooses what they run on.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "skep/skep.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/targets.hpp"
#include "vm/attr.hpp"
#include "vm/test_run.hpp"
#include "vm/vm.hpp"

namespace skep::fuzz {
namespace {

constexpr uint64_t kFuel = 5000;
constexpr size_t kMaxInput = 4096 * sizeof(isa::Insn);

/// Memory of a raw program between bytes that it must not touch.
class Fenced {
 public:
  explicit Fenced(size_t size) : bytes_(size + 2 * kFence, kPattern) {}
  std::span<std::byte> memory() { return std::span(bytes_).subspan(kFence, bytes_.size() - 2 * kFence); }
  [[nodiscard]] bool intact() const {
    const auto untouched = [](std::byte byte) { return byte == kPattern; };
    return std::all_of(bytes_.begin(), bytes_.begin() + kFence, untouched) &&
           std::all_of(bytes_.end() - kFence, bytes_.end(), untouched);
  }

 private:
  static constexpr ptrdiff_t kFence = 256;
  static constexpr std::byte kPattern{0x5a};
  std::vector<std::byte> bytes_;
};

constexpr std::array kTypes{
    verifier::ProgramType::socket_filter, verifier::ProgramType::kprobe,
    verifier::ProgramType::sched_cls,     verifier::ProgramType::tracepoint,
    verifier::ProgramType::xdp,           verifier::ProgramType::cgroup_skb,
    verifier::ProgramType::lwt_xmit,      verifier::ProgramType::raw_tracepoint,
    verifier::ProgramType::syscall,
};

/// A VM with two maps and their descriptors, which programs name by index (BPF_PSEUDO_MAP_IDX).
class Machine {
 public:
  Machine() {
    auto vm = vm::Vm::create({.fixed_clock_ns = 1, .seed = 1, .map_memory_limit = uint64_t{1} << 20});
    demand(vm.ok(), "a VM can be made");
    vm_ = *vm;
    maps_ = {create(maps::MapType::array), create(maps::MapType::hash)};
  }
  ~Machine() {
    for (const int fd : maps_) vm_->close(fd);
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// Loads and runs; the bpf(2) way in, the C++ way to run, which takes fuel.
  void run(verifier::ProgramType type, Input instructions) {
    vm::Attr attr{};
    attr.prog_load = {.prog_type = static_cast<uint32_t>(type),
                      .insn_cnt = static_cast<uint32_t>(instructions.size() / sizeof(isa::Insn)),
                      .insns = reinterpret_cast<uint64_t>(instructions.data()),
                      .license = reinterpret_cast<uint64_t>("GPL"),
                      .fd_array = reinterpret_cast<uint64_t>(maps_.data())};
    const long fd = call(vm::Command::prog_load, attr);
    if (fd < 0) return;
    int error = 0;
    const auto program =
        std::dynamic_pointer_cast<vm::Program>(vm_->program_of_descriptor(static_cast<int>(fd), error));
    demand(program != nullptr, "a descriptor of PROG_LOAD is one of a program");
    const std::array<std::byte, 64> packet{};
    vm::TestRunInput input;
    if (takes_data(type))
      input.data = packet;
    else
      input.context = packet;
    input.fuel = kFuel;
    (void)ok_or_error(vm::test_run(*vm_, program, input));
    vm_->close(static_cast<int>(fd));
  }

 private:
  static bool takes_data(verifier::ProgramType type) {
    using enum verifier::ProgramType;
    return type == socket_filter || type == sched_cls || type == xdp || type == cgroup_skb || type == lwt_xmit;
  }
  long call(vm::Command command, vm::Attr& attr) { return vm_->bpf(static_cast<int>(command), &attr, sizeof attr); }
  int create(maps::MapType type) {
    vm::Attr attr{};
    attr.map_create = {.map_type = static_cast<uint32_t>(type), .key_size = 4, .value_size = 16, .max_entries = 4};
    const long fd = call(vm::Command::map_create, attr);
    demand(fd >= 0, "a map can be made");
    return static_cast<int>(fd);
  }

  std::shared_ptr<vm::Vm> vm_;
  std::array<int, 2> maps_{};
};

/// Whole instructions behind the first byte.
Input instructions_of(Input input) {
  const Input rest = input.subspan(1, std::min(input.size() - 1, kMaxInput));
  return rest.first(rest.size() / sizeof(isa::Insn) * sizeof(isa::Insn));
}

}  // namespace

void run_raw(Input input) {
  if (input.empty()) return;
  auto vm = Vm::create({.seed = 1});
  demand(vm.ok(), "a VM can be made");
  const auto program = vm->load_raw(instructions_of(input));
  if (!ok_or_error(program)) return;
  Fenced fenced(static_cast<size_t>(input[0]));
  (void)ok_or_error(program->run_raw(fenced.memory(), {.engine = Engine::checked, .fuel = kFuel}));
  demand(fenced.intact(), "a program writes only its own memory");
}

void run_program(Input input) {
  if (input.empty()) return;
  // Aligned, as the kernel's copy would be.
  const auto bytes = instructions_of(input);
  std::vector<isa::Insn> instructions(bytes.size() / sizeof(isa::Insn));
  std::ranges::copy(bytes, std::as_writable_bytes(std::span(instructions)).begin());
  Machine().run(kTypes[static_cast<size_t>(input[0]) % kTypes.size()], std::as_bytes(std::span(instructions)));
}

}  // namespace skep::fuzz
