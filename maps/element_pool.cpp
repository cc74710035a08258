// SPDX-License-Identifier: Apache-2.0
#include "maps/element_pool.hpp"

#include <algorithm>
#include <mutex>
#include <new>

namespace skep::maps {
namespace {

constexpr uint64_t kChunk = 64 << 10;  // bytes

}  // namespace

ElementPool::Handle ElementPool::create(Environment& environment, const Shape& shape) {
  Handle pool(new ElementPool(environment, shape));
  if (shape.first > 0 && !pool->grow(shape.first)) return nullptr;
  return pool;
}

void ElementPool::drop_reference() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

bool ElementPool::grow(uint64_t elements) {
  Memory chunk = Memory::zeroed(environment_, elements * shape_.bytes);
  if (!chunk) return false;
  fresh_ = chunk.data();
  fresh_end_ = fresh_ + elements * shape_.bytes;
  chunks_.push_back(std::move(chunk));
  return true;
}

Element* ElementPool::take() {
  std::lock_guard lock(lock_);
  if (Element* element = free_) {
    free_ = element->free_next;
    return element;
  }
  if (fresh_ == fresh_end_ && !grow(std::max<uint64_t>(1, kChunk / shape_.bytes))) return nullptr;
  auto* element = new (fresh_) Element;
  element->pool = this;
  fresh_ += shape_.bytes;
  return element;
}

void ElementPool::put(Element* element) {
  std::lock_guard lock(lock_);
  element->free_next = free_;
  free_ = element;
}

void ElementPool::retire(Element* element) {
  references_.fetch_add(1, std::memory_order_relaxed);
  environment_.cpus().retire(element, [](void* retired) {
    auto* gone = static_cast<Element*>(retired);
    ElementPool* pool = gone->pool;
    pool->destroy(gone);
    pool->put(gone);
    pool->drop_reference();
  });
}

}  // namespace skep::maps
