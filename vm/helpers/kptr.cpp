// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include "vm/helpers/families.hpp"

namespace skep::vm::helpers {
namespace {

uint64_t kptr_xchg(Run&, uint64_t* field, uint64_t pointer) {
  return std::atomic_ref(*field).exchange(pointer, std::memory_order_acq_rel);
}

constexpr Row kRows[] = {
    row<kptr_xchg>(HelperId::kptr_xchg),
};

}  // namespace

Rows kptr_helpers() { return kRows; }

}  // namespace skep::vm::helpers
