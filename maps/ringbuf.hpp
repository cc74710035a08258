// SPDX-License-Identifier: Apache-2.0
// Ring buffers with the memory layout that libbpf's consumer maps. Source: kernel/bpf/ringbuf.c.
//
//   page 0   the map's own, invisible to the host: which Ringbuf this is
//   page 1   consumer position; the host writes it           ─┐ the memory file,
//   page 2   producer position, pending position              │ offset 0
//   page 3   data, max_entries bytes                         ─┘
//            the same data again, so that no record is torn at the end
#pragma once

#include <functional>
#include <span>

#include "maps/map.hpp"
#include "maps/memory.hpp"
#include "maps/spin_lock.hpp"

namespace skep::maps {

namespace ring {

/// In front of each record.
struct Header {
  uint32_t length;  ///< bytes of the record, and the two bits below
  uint32_t page;    ///< pages from the map's page 0 to this header
};
inline constexpr uint32_t kBusy = 1u << 31;     ///< BPF_RINGBUF_BUSY_BIT: reserved, not yet committed
inline constexpr uint32_t kDiscard = 1u << 30;  ///< BPF_RINGBUF_DISCARD_BIT: to be skipped
inline constexpr uint64_t kHeaderBytes = sizeof(Header);
static_assert(kHeaderBytes == 8);

/// What bpf_ringbuf_query asks for.
inline constexpr uint64_t kAvailableData = 0;
inline constexpr uint64_t kRingSize = 1;
inline constexpr uint64_t kConsumerPosition = 2;
inline constexpr uint64_t kProducerPosition = 3;

/// Bytes that a record takes in the ring.
constexpr uint64_t record_bytes(uint64_t length) { return round_up(length + kHeaderBytes, 8); }

}  // namespace ring

class Ringbuf final : public Map {
 public:
  static Result<std::shared_ptr<Map>> make(Attributes attributes, Environment& environment);
  ~Ringbuf() override;

  /// Room for a record of `size` bytes; null: no room, or flags (there are none).
  void* reserve(uint64_t size, uint64_t flags);
  /// Ends a record that `reserve` gave: submits or discards it. Wakes the consumer when it waits for this one, or as
  /// BPF_RB_NO_WAKEUP and BPF_RB_FORCE_WAKEUP say.
  void commit(void* record, uint64_t flags, bool discard);
  /// A whole record at once. -EINVAL: unknown flags, -EAGAIN: no room.
  int output(const void* data, uint64_t size, uint64_t flags);
  [[nodiscard]] uint64_t query(uint64_t what) const;

  /// The ring that a record was reserved from, found by the record's header. Only for records of `reserve`.
  static Ringbuf* of_record(void* record);

  int host_lookup(const void* key, void* value, uint64_t flags) override;
  int erase(const void* /*key*/) override { return -kENOTSUPP; }
  [[nodiscard]] int memory_fd() const override { return file_.descriptor(); }
  /// Each wake-up adds to its counter. Waiters should ask for edges (EPOLLET), or read it before they consume.
  [[nodiscard]] int poll_fd() const override { return wakeup_; }

  /// Hands out the committed records, in order; how many, discarded ones not counted. One thread at a time.
  size_t consume(const std::function<void(std::span<const std::byte>)>& receive);

 protected:
  void* map_checked_memory(void* address, size_t length, int protection, int flags, int64_t offset) override;

 private:
  Ringbuf(Attributes attributes, Environment& environment, Memory memory, MemoryFile file, int wakeup);

  [[nodiscard]] uint64_t* position(uint64_t page, uint64_t index = 0) const {
    return reinterpret_cast<uint64_t*>(memory_.data() + page * kPage) + index;
  }
  [[nodiscard]] uint64_t* consumer() const { return position(1); }
  [[nodiscard]] uint64_t* producer() const { return position(2); }
  [[nodiscard]] uint64_t* pending() const { return position(2, 1); }
  [[nodiscard]] std::byte* data() const { return memory_.data() + 3 * kPage; }
  [[nodiscard]] ring::Header* header_at(uint64_t at) const {
    return reinterpret_cast<ring::Header*>(data() + (at & mask_));
  }
  /// Position of the oldest record that is not committed.
  [[nodiscard]] uint64_t oldest_pending(uint64_t from, uint64_t to) const;
  void wake() const;

  Memory memory_;
  MemoryFile file_;
  int wakeup_;
  uint64_t mask_;
  SpinLock producer_lock_;
};

}  // namespace skep::maps
