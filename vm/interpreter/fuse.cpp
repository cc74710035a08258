// SPDX-License-Identifier: Apache-2.0
#include "vm/interpreter/fuse.hpp"

#include <array>
#include <vector>

#include "vm/interpreter/fusion.hpp"

namespace skep::vm::interpreter {

namespace {

constexpr size_t kForms = isa::kOps + 1;  // with Op::invalid

/// Numbers of fusions by their first form.
using Index = std::array<std::vector<uint16_t>, kForms>;

const Index& by_first_form() {
  static const Index index = [] {
    Index result;
    for (size_t i = 0; i < std::size(kFusions); ++i)
      result[static_cast<size_t>(kFusions[i].ops[0])].push_back(static_cast<uint16_t>(i));
    return result;
  }();
  return index;
}

/// Whether an instruction works on `dst` and nothing else of it does: see follow().
bool is_linked(Op op, const Slot& slot, uint8_t dst) {
  const isa::OpInfo& form = isa::info(op);
  switch (isa::class_of(form.code)) {
    case isa::Class::ldx: return slot.src == dst && slot.dst == dst;
    case isa::Class::stx: return slot.src == dst;
    default: return slot.dst == dst && !(form.src.reads() && slot.src == dst);
  }
}

bool matches(const Fusion& fusion, std::span<const Slot> slots, std::span<const Op> ops) {
  if (ops.size() < fusion.length) return false;
  for (size_t i = 1; i < fusion.length; ++i) {
    if (ops[i] != fusion.ops[i]) return false;
    if (fusion.kind == FusionKind::chain && !is_linked(ops[i], slots[i], slots[i - 1].dst)) return false;
  }
  return true;
}

}  // namespace

void assign_handlers(std::span<Slot> slots, std::span<const Op> ops, const void* const* labels) {
  // From the back, so that the cost of what follows is known. A chain counts a little less than a pair.
  constexpr uint32_t kDispatch = 4;
  std::vector<uint32_t> cost(slots.size() + 1, 0);
  for (size_t i = slots.size(); i-- > 0;) {
    slots[i].handler = labels[static_cast<size_t>(ops[i])];
    cost[i] = cost[i + 1] + kDispatch;
    for (const uint16_t number : by_first_form()[static_cast<size_t>(ops[i])]) {
      const Fusion& fusion = kFusions[number];
      if (!matches(fusion, slots.subspan(i), ops.subspan(i))) continue;
      const uint32_t with = cost[i + fusion.length] + kDispatch - (fusion.kind == FusionKind::chain ? 1 : 0);
      if (with >= cost[i]) continue;
      cost[i] = with;
      slots[i].handler = labels[kForms + number];
    }
  }
}

}  // namespace skep::vm::interpreter
