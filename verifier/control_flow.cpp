// SPDX-License-Identifier: Apache-2.0
#include "verifier/control_flow.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <vector>

#include "isa/opcodes.hpp"

namespace skep::verifier {
namespace {

using isa::Op;
using isa::Use;

/// Instructions that can follow one: the next, and the target of a jump or call.
struct Successors {
  uint8_t count = 0;
  std::array<uint32_t, 2> insns{};

  void add(uint32_t insn) { insns[count++] = insn; }
};

bool is_unconditional(Op op) { return op == Op::exit || op == Op::ja || op == Op::gotol; }

Successors successors(std::span<const isa::Insn> program, uint32_t index) {
  const isa::Insn& insn = program[index];
  const Op op = isa::classify(insn);
  Successors result;
  if (op == Op::invalid) {  // check_insn refuses it with a better reason than an unreachable successor
    result.add(index + 1);
    return result;
  }
  if (!is_unconditional(op)) result.add(index + (isa::is_wide(insn) ? 2 : 1));
  const isa::OpInfo& row = isa::info(op);
  const bool far = row.imm.use == Use::jump || row.imm.use == Use::func;
  if (far || row.off.use == Use::jump)
    result.add(static_cast<uint32_t>(int64_t{index} + 1 + (far ? insn.imm : insn.off)));
  return result;
}

/// Depth-first walk. An instruction is open while its successors are being walked; an edge to an open one closes a loop.
class Walk {
 public:
  Walk(std::span<const isa::Insn> program, bool allow_loops) : program_(program), allow_loops_(allow_loops) {
    state_.resize(program.size(), State::unseen);
  }

  Status run() {
    open(0);
    while (!path_.empty()) {
      Step& step = path_.back();
      if (step.next == step.successors.count) {
        state_[step.insn] = State::done;
        path_.pop_back();
        continue;
      }
      if (Status status = follow(step.insn, step.successors.insns[step.next++]); !status) return status;
    }
    return check_all_reached();
  }

 private:
  enum class State : uint8_t { unseen, open, done };
  struct Step {
    uint32_t insn;
    uint8_t next;  ///< Successor to walk next.
    Successors successors;
  };

  void open(uint32_t insn) {
    state_[insn] = State::open;
    path_.push_back({insn, 0, successors(program_, insn)});
  }

  Status follow(uint32_t from, uint32_t to) {
    if (to >= program_.size())
      return Error{
          .code = EINVAL, .message = fmt::format("jump out of range from insn {} to {}", from, to), .insn = from};
    if (state_[to] == State::unseen)
      open(to);
    else if (state_[to] == State::open && !allow_loops_)
      return Error{.code = EINVAL, .message = fmt::format("back-edge from insn {} to {}", from, to), .insn = from};
    return {};
  }

  [[nodiscard]] Status check_all_reached() const {
    for (uint32_t i = 0; i < program_.size(); i += isa::is_wide(program_[i]) ? 2 : 1)
      if (state_[i] == State::unseen)
        return Error{.code = EINVAL, .message = fmt::format("unreachable insn {}", i), .insn = i};
    return {};
  }

  std::span<const isa::Insn> program_;
  bool allow_loops_;
  std::vector<State> state_;
  std::vector<Step> path_;
};

}  // namespace

Status check_control_flow(std::span<const isa::Insn> program, bool bpf_capable) {
  return Walk(program, bpf_capable).run();
}

}  // namespace skep::verifier
