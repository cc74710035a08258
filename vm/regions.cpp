// SPDX-License-Identifier: Apache-2.0
#include "vm/regions.hpp"

#include <cstring>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "maps/map.hpp"
#include "vm/run.hpp"

namespace skep::vm {

namespace {

/// Further away than this from all regions, an address is not said to be near one.
constexpr uint64_t kNear = 1 << 20;  // bytes
/// Addresses below this one come from null pointers.
constexpr uint64_t kNullPage = 4096;

/// Bytes between an address and the region; 0 inside of it.
uint64_t distance(const Region& region, uint64_t address) {
  if (address < region.begin) return region.begin - address;
  const uint64_t offset = address - region.begin;
  return offset <= region.size ? 0 : offset - region.size;
}

std::string named(std::string_view what, const maps::Map* map) {
  return map == nullptr ? std::string(what) : fmt::format("{} '{}'", what, map->attributes().name);
}

std::string plural(uint64_t bytes) { return fmt::format("{} byte{}", bytes, bytes == 1 ? "" : "s"); }

}  // namespace

std::string Region::describe() const {
  const auto with_size = [this](const std::string& what) { return fmt::format("{} ({})", what, plural(size)); };
  switch (kind) {
    case RegionKind::stack: return with_size(fmt::format("stack frame {}", frame));
    case RegionKind::context: return with_size("the context");
    case RegionKind::packet: return with_size("the packet");
    case RegionKind::map_value: return with_size(named("map value", map));
    case RegionKind::map_key: return with_size(named("key of map", map));
    case RegionKind::ring_record: return with_size(named("record of ring buffer", map));
    case RegionKind::socket: return with_size("a socket");
    case RegionKind::flow_keys: return with_size("the flow keys");
    case RegionKind::memory: break;
  }
  return with_size("memory");
}

const maps::Field* Region::touched_field(uint64_t address, uint64_t bytes) const {
  if (!has_fields) return nullptr;
  const uint64_t offset = address - begin;
  for (const maps::Field& field : map->fields())
    if (offset < uint64_t{field.offset} + field.size && field.offset < offset + bytes) return &field;
  return nullptr;
}

void Regions::set_packet(uint64_t begin, uint64_t size, bool writable) {
  packet_.begin = begin;
  packet_.size = size;
  packet_.writable = writable;
}

void Regions::grant(const Region& region) {
  auto [known, is_new] = regions_.try_emplace(region.begin, region);
  if (is_new) return;
  if (region.size > known->second.size || region.kind != known->second.kind) known->second = region;
  known->second.is_lent = false;
}

bool Regions::lend(Region region) {
  if (find(region.begin, region.size) != nullptr) return false;
  region.is_lent = true;
  return regions_.try_emplace(region.begin, region).second;
}

void Regions::end_loan(uint64_t begin) {
  const auto region = regions_.find(begin);
  if (region != regions_.end() && region->second.is_lent) regions_.erase(region);
}

void Regions::revoke_within(uint64_t begin, uint64_t size) {
  auto region = regions_.lower_bound(begin);
  while (region != regions_.end() && region->first - begin < size) region = regions_.erase(region);
  std::erase_if(dynptrs_,
                [=](const auto& entry) { return reinterpret_cast<uint64_t>(entry.second.truth.data) - begin < size; });
}

Region Regions::frame_region(uint64_t index) const {
  return {.begin = stack_ + index * kStackBytes,
          .size = kStackBytes,
          .kind = RegionKind::stack,
          .frame = static_cast<uint32_t>(index)};
}

const Region* Regions::find(uint64_t address, uint64_t size) {
  if (packet_.contains(address, size)) return &packet_;
  if (const uint64_t frame = (address - stack_) / kStackBytes; frame < frames_) {
    found_frame_ = frame_region(frame);
    return found_frame_.contains(address, size) ? &found_frame_ : nullptr;
  }
  auto after = regions_.upper_bound(address);
  if (after == regions_.begin()) return nullptr;
  const Region& region = std::prev(after)->second;
  return region.contains(address, size) ? &region : nullptr;
}

Region* Regions::starting_at(uint64_t begin, RegionKind kind) {
  const auto found = regions_.find(begin);
  return found != regions_.end() && found->second.kind == kind ? &found->second : nullptr;
}

std::vector<std::pair<uint64_t, uint32_t>> Regions::held_sockets() const {
  std::vector<std::pair<uint64_t, uint32_t>> held;
  for (const auto& [begin, region] : regions_)
    if (region.references > 0) held.emplace_back(begin, region.references);
  return held;
}

void Regions::consider_nearest(uint64_t address, const Region& candidate, Region& nearest) const {
  const bool is_first = nearest.size == 0;
  if (candidate.size != 0 && (is_first || distance(candidate, address) < distance(nearest, address)))
    nearest = candidate;
}

std::string Regions::explain_miss(uint64_t address, uint64_t size) {
  if (address < kNullPage) return "a null pointer";
  Region nearest;
  for (uint32_t i = 0; i < frames_; ++i) consider_nearest(address, frame_region(i), nearest);
  consider_nearest(address, packet_, nearest);
  const auto after = regions_.upper_bound(address);
  if (after != regions_.end()) consider_nearest(address, after->second, nearest);
  if (after != regions_.begin()) consider_nearest(address, std::prev(after)->second, nearest);
  if (nearest.size == 0 || distance(nearest, address) > kNear) return "no memory of the program is near";
  if (address < nearest.begin)
    return fmt::format("{} before the start of {}", plural(nearest.begin - address), nearest.describe());
  const uint64_t past = size - (nearest.begin + nearest.size - address);  // right also if `size` wraps around
  return fmt::format("{} past the end of {}", plural(past), nearest.describe());
}

void Regions::set_frames(uint32_t count) {
  if (count < frames_ && !dynptrs_.empty())
    dynptrs_.erase(dynptrs_.lower_bound(stack_ + uint64_t{count} * kStackBytes), dynptrs_.end());
  frames_ = count;
}

void Regions::remember_dynptr(uint64_t address, bool is_referenced) {
  Dynptr& known = dynptrs_[address];
  std::memcpy(&known.truth, reinterpret_cast<const void*>(address), sizeof known.truth);
  known.is_referenced = is_referenced;
}

const Regions::Dynptr* Regions::dynptr_at(uint64_t address) const {
  const auto known = dynptrs_.find(address);
  if (known == dynptrs_.end()) return nullptr;
  const Dynptr& dynptr = known->second;
  const bool is_unchanged =
      std::memcmp(&dynptr.truth, reinterpret_cast<const void*>(address), sizeof dynptr.truth) == 0;
  return is_unchanged ? &dynptr : nullptr;
}

std::map<uint64_t, Regions::Dynptr>::const_iterator Regions::dynptr_behind(uint64_t address) const {
  constexpr uint64_t kBytes = sizeof(helpers::Dynptr);
  return dynptrs_.lower_bound(address < kBytes ? 0 : address - kBytes + 1);
}

bool Regions::touches_dynptr(uint64_t address, uint64_t size) const {
  const auto dynptr = dynptr_behind(address);
  return dynptr != dynptrs_.end() && dynptr->first < address + size;
}

bool Regions::overwrite_dynptrs(uint64_t address, uint64_t size) {
  for (auto dynptr = dynptr_behind(address); dynptr != dynptrs_.end() && dynptr->first < address + size;
       dynptr = dynptrs_.erase(dynptr))
    if (dynptr->second.is_referenced) return false;
  return true;
}

const maps::Map* Regions::map_before(uint64_t address, uint64_t reach) const {
  const maps::Map* nearest = nullptr;
  for (const maps::Map* map : maps_) {
    const uint64_t distance = address - reinterpret_cast<uint64_t>(map);
    if (distance <= reach && (nearest == nullptr || map > nearest)) nearest = map;
  }
  return nearest;
}

}  // namespace skep::vm
