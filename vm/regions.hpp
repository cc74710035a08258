// SPDX-License-Identifier: Apache-2.0
// The memory that a program may reach at a moment of a checked run.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "verifier/context.hpp"
#include "vm/helpers/dynptr.hpp"

namespace skep::maps {
class Map;
struct Field;
}  // namespace skep::maps

namespace skep::vm {

enum class RegionKind : uint8_t {
  stack,
  context,
  packet,
  map_value,
  map_key,
  ring_record,
  socket,
  flow_keys,
  memory,  ///< of the caller of the run, or given by a helper
};

/// A piece of memory. Regions do not overlap.
struct Region {
  uint64_t begin = 0;
  uint64_t size = 0;  ///< bytes
  RegionKind kind = RegionKind::memory;
  bool writable = true;
  bool readable = true;
  bool has_fields = false;             ///< of map_value: parts of it belong to the system
  const maps::Map* map = nullptr;      ///< of map_value, map_key, ring_record
  uint32_t frame = 0;                  ///< of stack
  verifier::SocketKind socket_kind{};  ///< of socket
  bool is_lent = false;                ///< for as long as a callback runs; see lend()
  uint32_t references = 0;             ///< of socket: that the program must release

  [[nodiscard]] bool contains(uint64_t address, uint64_t bytes) const {
    return address >= begin && bytes <= size && address - begin <= size - bytes;
  }
  /// The first of the value's special fields that the bytes touch; null: none.
  [[nodiscard]] const maps::Field* touched_field(uint64_t address, uint64_t bytes) const;
  /// "map value 'counts' (16 bytes)"
  [[nodiscard]] std::string describe() const;
};

/// One thread's; made for a run and gone with it.
class Regions {
 public:
  /// Memory for frames of 512 bytes each from `stack` on, of which none is live yet.
  explicit Regions(uint64_t stack) : stack_(stack) {}

  /// Stack frames 0 to `count` - 1 are live. The dynptrs of those that are not any more are forgotten.
  void set_frames(uint32_t count);
  [[nodiscard]] uint32_t frames() const { return frames_; }
  /// The packet now lies in `size` bytes from `begin` on.
  void set_packet(uint64_t begin, uint64_t size, bool writable);

  /// Adds a region, or widens the one that begins where it does.
  void grant(const Region& region);
  void revoke(uint64_t begin) { regions_.erase(begin); }
  /// Adds a region for as long as a callback runs, unless the program reaches the memory already. Where the program comes
  /// to the same region by itself meanwhile, that lasts. False: there was nothing to add.
  bool lend(Region region);
  /// Takes back what was lent and has not become the program's own.
  void end_loan(uint64_t begin);
  /// Takes back the regions that begin inside of `size` bytes from `begin` on, and the dynptrs to there.
  void revoke_within(uint64_t begin, uint64_t size);

  /// The region that contains all of the bytes; null: none does. Valid until the next change.
  [[nodiscard]] const Region* find(uint64_t address, uint64_t size);
  /// The region of that kind that begins at `begin`, but for stack and packet; null: there is none.
  [[nodiscard]] Region* starting_at(uint64_t begin, RegionKind kind);
  /// Sockets to which the program holds references: address and number.
  [[nodiscard]] std::vector<std::pair<uint64_t, uint32_t>> held_sockets() const;

  /// Why no region contains the bytes, in relation to the nearest one: "4 bytes past the end of ...".
  [[nodiscard]] std::string explain_miss(uint64_t address, uint64_t size);

  /// Maps whose address the program may hold: its own, and those that it found in maps of maps.
  void add_map(const maps::Map* map) { maps_.insert(map); }
  [[nodiscard]] bool has_map(uint64_t address) const {
    return maps_.contains(reinterpret_cast<const maps::Map*>(address));
  }

  /// The map whose address is at most `reach` bytes before this one; null: none.
  [[nodiscard]] const maps::Map* map_before(uint64_t address, uint64_t reach) const;

  /// Dynptrs are bytes on the stack that only helpers may write. What a helper made them is remembered here, so that a
  /// forged or changed one is found out.
  struct Dynptr {
    helpers::Dynptr truth;
    bool is_referenced;  ///< holds a ring buffer record, which the program must submit or discard
  };
  /// A helper has made the dynptr at `address`.
  void remember_dynptr(uint64_t address, bool is_referenced);
  void forget_dynptr(uint64_t address) { dynptrs_.erase(address); }
  /// The dynptr at `address`, if it is what a helper made it; null: it is none.
  [[nodiscard]] const Dynptr* dynptr_at(uint64_t address) const;
  /// Whether a dynptr has bytes in common with these.
  [[nodiscard]] bool touches_dynptr(uint64_t address, uint64_t size) const;
  /// The bytes are about to be written: dynptrs among them are none from now on. False: one of them is referenced, and
  /// must not be written over (Linux: destroy_if_dynptr_stack_slot).
  bool overwrite_dynptrs(uint64_t address, uint64_t size);

 private:
  [[nodiscard]] Region frame_region(uint64_t index) const;
  /// The first dynptr that ends behind `address`.
  [[nodiscard]] std::map<uint64_t, Dynptr>::const_iterator dynptr_behind(uint64_t address) const;
  void consider_nearest(uint64_t address, const Region& candidate, Region& nearest) const;

  uint64_t stack_;
  uint32_t frames_ = 0;
  Region found_frame_{};
  Region packet_{.kind = RegionKind::packet};
  std::map<uint64_t, Region> regions_{};  // but for stack and packet; by begin
  std::unordered_set<const maps::Map*> maps_{};
  std::map<uint64_t, Dynptr> dynptrs_{};  // by address; on the stack
};

}  // namespace skep::vm
