// SPDX-License-Identifier: Apache-2.0
#include "vm/helpers/dynptr.hpp"

#include <cstring>

#include "vm/helpers/families.hpp"

namespace skep::vm::helpers {
namespace {

int dynptr_from_mem(Run&, void* memory, uint32_t size, uint64_t flags, Dynptr* pointer) {
  pointer->clear();
  if (size > Dynptr::kMaxSize) return -E2BIG;
  if (flags != 0) return -EINVAL;
  pointer->set(Dynptr::Type::local, memory, size);
  return 0;
}

int dynptr_read(Run&, void* to, uint32_t size, const Dynptr* pointer, uint32_t offset, uint64_t flags) {
  if (pointer->data == nullptr || flags != 0) return -EINVAL;
  const uint8_t* from = pointer->find(offset, size);
  if (from == nullptr) return -E2BIG;
  std::memmove(to, from, size);
  return 0;
}

int dynptr_write(Run&, const Dynptr* pointer, uint32_t offset, const void* from, uint32_t size, uint64_t flags) {
  if (pointer->data == nullptr) return -EINVAL;
  uint8_t* to = pointer->find(offset, size);
  if (to == nullptr) return -E2BIG;
  if (flags != 0) return -EINVAL;
  std::memmove(to, from, size);
  return 0;
}

void* dynptr_data(Run&, const Dynptr* pointer, uint32_t offset, uint32_t size) {
  return pointer->data != nullptr ? pointer->find(offset, size) : nullptr;
}

constexpr Row kRows[] = {
    row<dynptr_from_mem>(HelperId::dynptr_from_mem),
    row<dynptr_read>(HelperId::dynptr_read),
    row<dynptr_write>(HelperId::dynptr_write),
    row<dynptr_data>(HelperId::dynptr_data),
};

}  // namespace

Rows dynptr_helpers() { return kRows; }

}  // namespace skep::vm::helpers
