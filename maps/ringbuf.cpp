// SPDX-License-Identifier: Apache-2.0
#include "maps/ringbuf.hpp"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <mutex>

#include "maps/attributes.hpp"
#include "maps/values.hpp"

namespace skep::maps {
namespace {

constexpr uint64_t kMaxRecord = UINT32_MAX / 4;
constexpr uint64_t kPositionPages = 2;

uint64_t load_acquire(const uint64_t* word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
uint32_t load_acquire(const uint32_t* word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }

}  // namespace

// Creation -----------------------------------------------------------------------------------------------------------

Result<std::shared_ptr<Map>> Ringbuf::make(Attributes attributes, Environment& environment) {
  const auto fail = [&](int code, std::string_view what) { return attribute_error(code, attributes, what); };
  if ((attributes.flags & ~kFlagNumaNode) != 0) return fail(EINVAL, "flags are not for this type");
  if (attributes.key_size != 0 || attributes.value_size != 0) return fail(EINVAL, "it has no keys and no values");
  const uint64_t size = attributes.max_entries;
  if (!std::has_single_bit(size) || size % kPage != 0)
    return fail(EINVAL, "max_entries must be a power of two and a multiple of the page size");
  MemoryFile file = MemoryFile::create(environment, "skep-ringbuf", kPositionPages * kPage + size);
  Memory memory = file ? Memory::reserved((1 + kPositionPages) * kPage + 2 * size) : Memory();
  if (!memory) return no_memory(attributes);
  std::byte* const shared = memory.data() + kPage;
  std::byte* const again = shared + kPositionPages * kPage + size;
  if (mprotect(memory.data(), kPage, PROT_READ | PROT_WRITE) != 0 ||
      !file.map_at(shared, kPositionPages * kPage + size, 0) || !file.map_at(again, size, kPositionPages * kPage))
    return no_memory(attributes);
  const int wakeup = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wakeup < 0) return no_memory(attributes);
  return std::shared_ptr<Map>(
      new Ringbuf(std::move(attributes), environment, std::move(memory), std::move(file), wakeup));
}

Ringbuf::Ringbuf(Attributes attributes, Environment& environment, Memory memory, MemoryFile file, int wakeup)
    : Map(std::move(attributes), environment),
      memory_(std::move(memory)),
      file_(std::move(file)),
      wakeup_(wakeup),
      mask_(max_entries() - uint64_t{1}) {
  *reinterpret_cast<Ringbuf**>(memory_.data()) = this;
}

Ringbuf::~Ringbuf() { close(wakeup_); }

int Ringbuf::host_lookup(const void* /*key*/, void* /*value*/, uint64_t flags) {
  const int error = check_lookup_flags(flags);
  return error != 0 ? error : -kENOTSUPP;
}

// Producing ----------------------------------------------------------------------------------------------------------

uint64_t Ringbuf::oldest_pending(uint64_t from, uint64_t to) const {
  while (from < to) {
    const uint32_t length = load_acquire(&header_at(from)->length);
    if ((length & ring::kBusy) != 0) break;
    from += ring::record_bytes(length & ~ring::kDiscard);
  }
  return from;
}

void* Ringbuf::reserve(uint64_t size, uint64_t flags) {
  if (flags != 0 || size > kMaxRecord) return nullptr;
  const uint64_t bytes = ring::record_bytes(size);
  if (bytes > mask_ + 1) return nullptr;
  const uint64_t consumed = load_acquire(consumer());

  std::lock_guard lock(producer_lock_);
  const uint64_t at = *producer();
  *pending() = oldest_pending(*pending(), at);
  // Neither what is not consumed nor what is not committed may be overtaken. The host writes the consumer's position: a
  // wrong one costs records, no more.
  const uint64_t end = at + bytes;
  if (end - consumed > mask_ || end - *pending() > mask_) return nullptr;
  ring::Header* header = header_at(at);
  header->page = static_cast<uint32_t>((reinterpret_cast<std::byte*>(header) - memory_.data()) / kPage);
  __atomic_store_n(&header->length, static_cast<uint32_t>(size) | ring::kBusy, __ATOMIC_RELAXED);
  __atomic_store_n(producer(), end, __ATOMIC_RELEASE);
  return header + 1;
}

void Ringbuf::commit(void* record, uint64_t flags, bool discard) {
  ring::Header* header = static_cast<ring::Header*>(record) - 1;
  uint32_t length = __atomic_load_n(&header->length, __ATOMIC_RELAXED) & ~ring::kBusy;
  if (discard) length |= ring::kDiscard;
  // In one order with the look at the consumer's position: either it sees this record, or we see that it waits.
  __atomic_exchange_n(&header->length, length, __ATOMIC_SEQ_CST);
  const auto at = static_cast<uint64_t>(reinterpret_cast<std::byte*>(header) - data());
  const bool awaited = (__atomic_load_n(consumer(), __ATOMIC_SEQ_CST) & mask_) == at;
  if ((flags & kRingbufForceWakeup) != 0 || (awaited && (flags & kRingbufNoWakeup) == 0)) wake();
}

int Ringbuf::output(const void* source, uint64_t size, uint64_t flags) {
  if ((flags & ~(kRingbufNoWakeup | kRingbufForceWakeup)) != 0) return -EINVAL;
  void* record = reserve(size, 0);
  if (!record) return -EAGAIN;
  std::memcpy(record, source, size);
  commit(record, flags, false);
  return 0;
}

uint64_t Ringbuf::query(uint64_t what) const {
  switch (what) {
    case ring::kAvailableData: {
      const uint64_t consumed = load_acquire(consumer());
      return load_acquire(producer()) - consumed;
    }
    case ring::kRingSize: return mask_ + 1;
    case ring::kConsumerPosition: return load_acquire(consumer());
    case ring::kProducerPosition: return load_acquire(producer());
    default: return 0;
  }
}

Ringbuf* Ringbuf::of_record(void* record) {
  const ring::Header* header = static_cast<ring::Header*>(record) - 1;
  const auto page = reinterpret_cast<uint64_t>(header) / kPage - header->page;
  return *reinterpret_cast<Ringbuf**>(page * kPage);
}

void Ringbuf::wake() const {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wakeup_, &one, sizeof one);  // full: it is readable anyway
}

// Consuming ----------------------------------------------------------------------------------------------------------

size_t Ringbuf::consume(const std::function<void(std::span<const std::byte>)>& receive) {
  size_t count = 0;
  uint64_t at = load_acquire(consumer());
  while (at < load_acquire(producer())) {
    const ring::Header* header = header_at(at);
    const uint32_t length = load_acquire(&header->length);
    if ((length & ring::kBusy) != 0) break;
    // The length lies in memory that programs write their records to: never go by it further than what was produced.
    const uint64_t produced = std::min(load_acquire(producer()) - at, mask_ + 1);
    if (ring::record_bytes(length & ~ring::kDiscard) > produced) break;
    if ((length & ring::kDiscard) == 0) {
      ++count;
      receive({reinterpret_cast<const std::byte*>(header + 1), length});
    }
    at += ring::record_bytes(length & ~ring::kDiscard);
    __atomic_store_n(consumer(), at, __ATOMIC_SEQ_CST);
  }
  return count;
}

// Mapping ------------------------------------------------------------------------------------------------------------

void* Ringbuf::map_checked_memory(void* address, size_t length, int protection, int flags, int64_t offset) {
  const auto refuse = [](int code) { return (errno = code, MAP_FAILED); };
  const auto from = static_cast<uint64_t>(offset);
  const uint64_t file_bytes = kPositionPages * kPage + mask_ + 1;
  const uint64_t view_bytes = file_bytes + mask_ + 1;
  if (length > view_bytes) return refuse(EINVAL);
  const uint64_t end = from + round_up(length, kPage);
  // The consumer's position is all that the host may write.
  if ((protection & PROT_WRITE) != 0 && (from != 0 || end != kPage)) return refuse(EPERM);
  if (end > view_bytes) return refuse(EINVAL);
  if (end <= file_bytes) return file_.map_for_host(address, length, protection, flags, from);

  // Two mappings side by side: the file up to its end, then its data once more.
  const uint64_t first = from < file_bytes ? file_bytes - from : 0;
  const int reserving = (flags & ~MAP_TYPE) | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* view = mmap(address, end - from, PROT_NONE, reserving, -1, 0);
  if (view == MAP_FAILED) return MAP_FAILED;
  auto* place = static_cast<std::byte*>(view);
  const uint64_t second_offset = from + first - (mask_ + 1);
  if ((first > 0 && file_.map_for_host(place, first, protection, flags | MAP_FIXED, from) == MAP_FAILED) ||
      file_.map_for_host(place + first, end - from - first, protection, flags | MAP_FIXED, second_offset) ==
          MAP_FAILED) {
    const int code = errno;
    munmap(view, end - from);
    return refuse(code);
  }
  return view;
}

}  // namespace skep::maps
