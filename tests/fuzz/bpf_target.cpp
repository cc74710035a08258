// SPDX-License-Identifier: Apache-2.0
// Sequences of bpf(2) commands. The input is a list of calls: a byte for the command, a byte for the size of the attr,
// the attr. The whole input is also the memory that the attrs' addresses lie in: an address below kArena is an offset
// in it, any other becomes one that no process has, so that neither reads nor writes touch what is not theirs.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <vector>

#include "isa/opcodes.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/targets.hpp"
#include "vm/attr.hpp"
#include "vm/vm.hpp"

namespace skep::fuzz {
namespace {

using vm::Attr;
using vm::Command;

constexpr size_t kArena = size_t{1} << 16;
constexpr uint64_t kWild = uint64_t{0xdead} << 48;
constexpr size_t kMaxCalls = 64;

/// Where the attr of a command has addresses.
struct Addresses {
  Command command;
  std::array<size_t, 7> offsets;  ///< 0 ends them where it is not the first
};
constexpr Addresses kAddresses[] = {
    {Command::map_lookup_elem, {offsetof(Attr, elem.key), offsetof(Attr, elem.value)}},
    {Command::map_update_elem, {offsetof(Attr, elem.key), offsetof(Attr, elem.value)}},
    {Command::map_delete_elem, {offsetof(Attr, elem.key), offsetof(Attr, elem.value)}},
    {Command::map_get_next_key, {offsetof(Attr, elem.key), offsetof(Attr, elem.value)}},
    {Command::map_lookup_and_delete_elem, {offsetof(Attr, elem.key), offsetof(Attr, elem.value)}},
    {Command::map_lookup_batch,
     {offsetof(Attr, batch.in_batch), offsetof(Attr, batch.out_batch), offsetof(Attr, batch.keys),
      offsetof(Attr, batch.values)}},
    {Command::map_lookup_and_delete_batch,
     {offsetof(Attr, batch.in_batch), offsetof(Attr, batch.out_batch), offsetof(Attr, batch.keys),
      offsetof(Attr, batch.values)}},
    {Command::map_update_batch,
     {offsetof(Attr, batch.in_batch), offsetof(Attr, batch.out_batch), offsetof(Attr, batch.keys),
      offsetof(Attr, batch.values)}},
    {Command::map_delete_batch,
     {offsetof(Attr, batch.in_batch), offsetof(Attr, batch.out_batch), offsetof(Attr, batch.keys),
      offsetof(Attr, batch.values)}},
    {Command::prog_load,
     {offsetof(Attr, prog_load.insns), offsetof(Attr, prog_load.license), offsetof(Attr, prog_load.log_buf),
      offsetof(Attr, prog_load.func_info), offsetof(Attr, prog_load.line_info), offsetof(Attr, prog_load.fd_array),
      offsetof(Attr, prog_load.core_relos)}},
    {Command::obj_pin, {offsetof(Attr, obj.pathname)}},
    {Command::obj_get, {offsetof(Attr, obj.pathname)}},
    {Command::prog_test_run,
     {offsetof(Attr, test.data_in), offsetof(Attr, test.data_out), offsetof(Attr, test.ctx_in),
      offsetof(Attr, test.ctx_out)}},
    {Command::obj_get_info_by_fd, {offsetof(Attr, info.info)}},
    {Command::prog_query,
     {offsetof(Attr, query.prog_ids), offsetof(Attr, query.prog_attach_flags), offsetof(Attr, query.link_ids),
      offsetof(Attr, query.link_attach_flags)}},
    {Command::raw_tracepoint_open, {offsetof(Attr, raw_tracepoint.name)}},
    {Command::btf_load, {offsetof(Attr, btf_load.btf), offsetof(Attr, btf_load.btf_log_buf)}},
    {Command::task_fd_query, {offsetof(Attr, task_fd_query.buf)}},
    {Command::link_create,
     {offsetof(Attr, link_create.uprobe_multi.path), offsetof(Attr, link_create.uprobe_multi.offsets),
      offsetof(Attr, link_create.uprobe_multi.ref_ctr_offsets), offsetof(Attr, link_create.uprobe_multi.cookies)}},
    {Command::prog_stream_read_by_fd, {offsetof(Attr, prog_stream_read.stream_buf)}},
};

/// Memory of the calls; behind it is none, so that a size that is too large finds the end.
class Arena {
 public:
  explicit Arena(Input input)
      : memory_(static_cast<std::byte*>(
            ::mmap(nullptr, 2 * kArena, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    demand(memory_ != MAP_FAILED && ::mprotect(memory_ + kArena, kArena, PROT_NONE) == 0, "memory can be mapped");
    std::ranges::copy(input.first(std::min(input.size(), kArena)), memory_);
  }
  ~Arena() { ::munmap(memory_, 2 * kArena); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  [[nodiscard]] uint64_t address(uint64_t offset) const {
    return offset == 0 ? 0 : offset < kArena ? reinterpret_cast<uint64_t>(memory_ + offset) : kWild | offset >> 16;
  }
  void clear() { std::memset(memory_, 0, kArena); }
  [[nodiscard]] Input bytes() const { return {memory_, kArena}; }

 private:
  std::byte* memory_;
};

void translate_addresses(Command command, Attr& attr, const Arena& arena) {
  const auto* row = std::ranges::find(kAddresses, command, &Addresses::command);
  if (row == std::end(kAddresses)) return;
  for (size_t i = 0; i < row->offsets.size() && (i == 0 || row->offsets[i] != 0); ++i) {
    uint64_t word = 0;
    std::memcpy(&word, attr.bytes.data() + row->offsets[i], sizeof word);
    word = arena.address(word);
    std::memcpy(attr.bytes.data() + row->offsets[i], &word, sizeof word);
  }
}

/// Whether a program may run longer than it is long. PROG_TEST_RUN gives a program the fuel for a second.
bool may_repeat(const isa::Insn& insn) {
  const auto of = isa::Class(insn.code & 7);
  const bool jumps = of == isa::Class::jmp || of == isa::Class::jmp32;
  return (jumps && (insn.off < 0 || insn.imm < 0 || insn.src == isa::kPseudoCall)) ||
         (isa::is_wide(insn) && insn.src == isa::kPseudoFunc);
}
bool may_repeat(const Attr& attr, const Arena& arena) {
  const auto begin = attr.prog_load.insns - reinterpret_cast<uint64_t>(arena.bytes().data());
  if (begin >= kArena) return false;
  const Input rest = arena.bytes().subspan(begin);
  for (size_t i = 0; i < attr.prog_load.insn_cnt && (i + 1) * sizeof(isa::Insn) <= rest.size(); ++i) {
    isa::Insn insn{};
    std::memcpy(&insn, rest.data() + i * sizeof insn, sizeof insn);
    if (may_repeat(insn)) return true;
  }
  return false;
}

class Caller {
 public:
  explicit Caller(Input input) : arena_(input) {
    auto vm = vm::Vm::create({.fixed_clock_ns = 1, .seed = 1, .map_memory_limit = uint64_t{16} << 20});
    demand(vm.ok(), "a VM can be made");
    vm_ = *vm;
  }
  ~Caller() {
    for (const int fd : descriptors_) vm_->close(fd);
  }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  void call(int number, Input bytes) {
    const auto command = static_cast<Command>(number);
    Attr attr{};
    std::ranges::copy(bytes.first(std::min(bytes.size(), sizeof attr.bytes)), attr.bytes.begin());
    translate_addresses(command, attr, arena_);
    if (command == Command::prog_load && may_repeat(attr, arena_)) return;
    if (command == Command::prog_test_run) attr.test.repeat &= 3;
    // What an info struct itself points to is not translated: it points nowhere.
    if (command == Command::obj_get_info_by_fd) arena_.clear();
    const long result = vm_->bpf(number, &attr, static_cast<unsigned>(bytes.size()));
    demand(result > -4096, "a failure is a negative errno");
    const bool is_count = command == Command::prog_stream_read_by_fd;
    if (result > STDERR_FILENO && !is_count) descriptors_.push_back(static_cast<int>(result));
  }

 private:
  Arena arena_;
  std::shared_ptr<vm::Vm> vm_;
  std::vector<int> descriptors_;
};

}  // namespace

void call_bpf(Input input) {
  Caller caller(input);
  for (size_t calls = 0; input.size() >= 2 && calls < kMaxCalls; ++calls) {
    const auto command = static_cast<int>(input[0]);
    const auto size = std::min(static_cast<size_t>(input[1]), input.size() - 2);
    caller.call(command, input.subspan(2, size));
    input = input.subspan(2 + size);
  }
}

}  // namespace skep::fuzz
