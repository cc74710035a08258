// SPDX-License-Identifier: Apache-2.0
// Perf event arrays: samples out. Counters cannot be read, as no buffer of a VM is a hardware counter.
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "maps/flags.hpp"
#include "maps/map.hpp"
#include "vm/helpers/families.hpp"
#include "vm/user_memory.hpp"

namespace skep::vm::helpers {
namespace {

using Bytes = std::span<const std::byte>;

Bytes bytes_at(const void* memory, uint64_t size) { return {static_cast<const std::byte*>(memory), size}; }

/// The buffer that the flags name, for samples of this CPU; null with a negative errno.
maps::PerfBuffer* buffer_of(const Run& run, maps::Map& map, uint64_t flags, int& error) {
  uint64_t index = flags & maps::kOutputIndexMask;
  if (index == maps::kOutputCurrentCpu) index = run.cpu;
  maps::PerfBuffer* buffer = index < map.max_entries() ? map.perf_buffer_at(static_cast<uint32_t>(index)) : nullptr;
  error = index >= map.max_entries() ? -E2BIG : buffer == nullptr ? -ENOENT : index != run.cpu ? -EOPNOTSUPP : 0;
  return error == 0 ? buffer : nullptr;
}

int64_t output(const Run& run, maps::Map& map, uint64_t flags, Bytes sample, Bytes packet) {
  int error = 0;
  maps::PerfBuffer* buffer = buffer_of(run, map, flags, error);
  return buffer != nullptr ? buffer->output(sample, packet) : error;
}

/// How many bytes of the packet the flags ask for, at most `length`; negative: an error.
int64_t packet_bytes(uint64_t flags, size_t length) {
  if ((flags & ~(maps::kOutputContextLengthMask | maps::kOutputIndexMask)) != 0) return -EINVAL;
  const uint64_t wanted = (flags & maps::kOutputContextLengthMask) >> 32;
  return wanted > length ? -EFAULT : static_cast<int64_t>(wanted);
}

int64_t skb_event_output(Skb skb, maps::Map* map, uint64_t flags, const void* sample, uint64_t size) {
  const int64_t wanted = packet_bytes(flags, skb.length());
  if (wanted < 0) return wanted;
  return output(skb.run, *map, flags, bytes_at(sample, size), skb.packet.bytes().first(static_cast<size_t>(wanted)));
}

int64_t xdp_event_output(Xdp xdp, maps::Map* map, uint64_t flags, const void* sample, uint64_t size) {
  const Packet& packet = xdp.packet;
  const int64_t wanted = packet_bytes(flags, packet.total_size());
  if (wanted < 0) return wanted;
  const auto bytes = static_cast<size_t>(wanted);
  if (bytes <= packet.size()) return output(xdp.run, *map, flags, bytes_at(sample, size), packet.bytes().first(bytes));
  std::vector<uint8_t> whole(packet.data, packet.data_end);
  whole.insert(whole.end(), packet.fragments.begin(),
               packet.fragments.begin() + static_cast<ptrdiff_t>(bytes - packet.size()));
  return output(xdp.run, *map, flags, bytes_at(sample, size), bytes_at(whole.data(), bytes));
}

int64_t event_output(Run& run, const void* /*context*/, maps::Map* map, uint64_t flags, const void* sample,
                     uint64_t size) {
  if ((flags & ~maps::kOutputIndexMask) != 0) return -EINVAL;
  return output(run, *map, flags, bytes_at(sample, size), {});
}

int no_counter(const Run& run, maps::Map& map, uint64_t flags) {
  if ((flags & ~maps::kOutputIndexMask) != 0) return -EINVAL;
  int error = 0;
  buffer_of(run, map, flags, error);
  return error == -E2BIG || error == -ENOENT ? error : -EINVAL;
}

int64_t perf_event_read(Run& run, maps::Map* map, uint64_t flags) { return no_counter(run, *map, flags); }

int perf_event_read_value(Run& run, maps::Map* map, uint64_t flags, void* value, uint32_t size) {
  std::memset(value, 0, size);
  return size == sizeof(bpf_perf_event_value) ? no_counter(run, *map, flags) : -EINVAL;
}

constexpr Row kRows[] = {
    row<skb_event_output, xdp_event_output, event_output>(HelperId::perf_event_output),
    row<perf_event_read>(HelperId::perf_event_read),
    row<perf_event_read_value>(HelperId::perf_event_read_value),
};

}  // namespace

Rows perf_helpers() { return kRows; }

}  // namespace skep::vm::helpers
