// SPDX-License-Identifier: Apache-2.0
// What every map is: creation attributes, the operations that programs reach, and those that the host (bpf(2)) reaches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "btf/types.hpp"
#include "maps/cpus.hpp"
#include "maps/map_type.hpp"
#include "maps/values.hpp"
#include "skep/error.hpp"

namespace skep::maps {

class Map;

/// Creation attributes, as bpf(BPF_MAP_CREATE) has them.
struct Attributes {
  MapType type = MapType::unspec;
  uint32_t key_size = 0;    ///< bytes
  uint32_t value_size = 0;  ///< bytes
  uint32_t max_entries = 0;
  uint32_t flags = 0;  ///< BPF_F_* of map creation
  int numa_node = -1;  ///< -1: none
  uint64_t extra = 0;  ///< map_extra: number of hash functions of a bloom filter, address of an arena
  std::string name{};  ///< at most 15 characters
  std::shared_ptr<const btf::Types> btf{};  ///< types of key and value; null: none
  uint32_t btf_key_type = 0;
  uint32_t btf_value_type = 0;
  std::shared_ptr<Map> inner{};  ///< template of the maps that a map of maps may hold
};

/// A program as a program array sees it. The VM's program implements it.
class ProgramRef {
 public:
  virtual ~ProgramRef() = default;
  [[nodiscard]] virtual uint32_t id() const = 0;
  /// What must be equal for programs to tail-call each other (Linux: bpf_prog_map_compatible): type, expected attach
  /// type where it matters, whether XDP fragments are supported.
  struct Kind {
    uint32_t type = 0;
    uint32_t expected_attach_type = 0;
    bool xdp_has_frags = false;
    bool operator==(const Kind&) const = default;
  };
  [[nodiscard]] virtual Kind kind() const = 0;
};

/// Receiver of the samples that programs put out for one CPU of a perf event array.
class PerfBuffer {
 public:
  virtual ~PerfBuffer() = default;
  /// Takes a copy of a sample made of two parts (either may be empty). 0, or -ENOSPC when it is lost. Any thread.
  virtual int output(std::span<const std::byte> first, std::span<const std::byte> second) = 0;
};

/// What maps need from the VM that owns them. Outlives them.
class Environment {
 public:
  virtual ~Environment() = default;
  [[nodiscard]] virtual Cpus& cpus() = 0;
  /// Whether maps must resist speculative reads (power-of-two sizes, index masks), as for Linux's unprivileged users.
  [[nodiscard]] virtual bool unprivileged() const = 0;
  /// The object behind a descriptor of this VM; null with `error` = -EBADF or -EINVAL (of another kind).
  virtual std::shared_ptr<Map> map_of_descriptor(int fd, int& error) = 0;
  virtual std::shared_ptr<ProgramRef> program_of_descriptor(int fd, int& error) = 0;
  virtual std::shared_ptr<PerfBuffer> perf_buffer_of_descriptor(int fd, int& error) = 0;
  /// A random number for hash seeds; fixed where the VM's seed is.
  virtual uint64_t random() = 0;
  /// Charges (positive) or returns (negative) bytes of map memory; false when the VM's limit forbids it.
  virtual bool charge(int64_t bytes) = 0;
};

/// A map. Made by `create`; shared; every function may be called on any thread unless it says otherwise.
///
/// Programs' side: called within a run (between Cpus::enter and the end of the stay). A value pointer stays valid memory
/// until the run ends, whatever happens to its element. Errors are negative errno values, as helpers return them.
/// Host's side: what bpf(2) does; keys and values are copied. `host_value_size()` bytes a value: for per-CPU maps, the
/// values of all possible CPUs, each rounded up to 8 bytes; for maps of objects, 4 bytes (a descriptor in, an id out).
class Map {
 public:
  /// Checks attributes as Linux's map_alloc_check and map_alloc do, allocates. Errors: Linux's errno and a sentence.
  static Result<std::shared_ptr<Map>> create(Attributes attributes, Environment& environment);

  virtual ~Map() = default;
  Map(const Map&) = delete;
  Map& operator=(const Map&) = delete;

  [[nodiscard]] const Attributes& attributes() const { return attributes_; }
  [[nodiscard]] MapType type() const { return attributes_.type; }
  [[nodiscard]] uint32_t key_size() const { return attributes_.key_size; }
  [[nodiscard]] uint32_t value_size() const { return attributes_.value_size; }
  [[nodiscard]] uint32_t max_entries() const { return attributes_.max_entries; }

  // Programs' side -------------------------------------------------------------------------------------------------

  /// Value of `key` on this CPU (maps of maps: the inner Map); null: absent, or look-ups are not for programs.
  virtual void* lookup(const void* key, unsigned cpu);
  /// The value on another CPU (bpf_map_lookup_percpu_elem); null: absent or not a per-CPU map.
  virtual void* lookup_percpu(const void* key, unsigned cpu);
  virtual int update(const void* key, const void* value, uint64_t flags, unsigned cpu);
  virtual int erase(const void* key);
  virtual int push(const void* value, uint64_t flags);
  virtual int pop(void* value);
  virtual int peek(void* value);
  /// Calls `visit(key, value)` for each element until it returns non-zero; the number of calls (bpf_for_each_map_elem).
  virtual int64_t for_each(const std::function<int64_t(void* key, void* value)>& visit, unsigned cpu);
  /// bpf_tail_call: the program in a slot of a program array, alive until the run ends; null: empty slot, index out of
  /// bounds, or another type of map.
  virtual ProgramRef* program_at(uint32_t index);
  /// bpf_perf_event_output: the buffer in a slot of a perf event array, alive until the run ends; null as above.
  virtual PerfBuffer* perf_buffer_at(uint32_t index);
  /// bpf_redirect_map: 0 when the index or key names a target, else -errno. For devmaps, cpumaps, xskmaps.
  virtual int redirect_target(uint64_t key, uint64_t flags, uint32_t& target);

  // Host's side ----------------------------------------------------------------------------------------------------

  [[nodiscard]] virtual uint32_t host_value_size() const { return value_size(); }
  virtual int host_lookup(const void* key, void* value, uint64_t flags);
  virtual int host_update(const void* key, const void* value, uint64_t flags);
  /// The same through a descriptor of the map: perf event arrays remember it (see descriptor_closed).
  virtual int host_update_through(int descriptor, const void* key, const void* value, uint64_t flags);
  virtual int host_erase(const void* key);
  virtual int host_lookup_and_erase(const void* key, void* value, uint64_t flags);
  /// The key after `key` (null: the first) into `next`; -ENOENT at the end.
  virtual int next_key(const void* key, void* next);

  /// Batches, as bpf(2) has them. `count`: in, room in the buffers; out, elements done. `in`/`out`: opaque positions of
  /// batch_position_size() bytes; `in` null: from the start. -ENOENT at the end; -ENOSPC: there is more at the next
  /// position than fits. `flags`: Linux's elem_flags. When the result is -ENOTSUPP (no such operation), -EINVAL (flags)
  /// or -EFAULT, `count` and `out` stay as they were.
  [[nodiscard]] virtual uint32_t batch_position_size() const { return key_size(); }
  /// Whether position `in` lies behind the end already: then there is nothing to look up, nor a next position.
  [[nodiscard]] virtual bool is_behind_batches(const void* /*in*/) const { return false; }
  /// Whether `batch.flags` of the command may be other than zero (Linux ignores them in its generic operations).
  [[nodiscard]] virtual bool ignores_batch_flags() const { return true; }
  virtual int host_lookup_batch(const void* in, void* out, void* keys, void* values, uint32_t& count, uint64_t flags);
  virtual int host_lookup_and_erase_batch(const void* in, void* out, void* keys, void* values, uint32_t& count,
                                          uint64_t flags);
  virtual int host_update_batch(const void* keys, const void* values, uint32_t& count, uint64_t flags);
  virtual int host_erase_batch(const void* keys, uint32_t& count, uint64_t flags);

  // Special abilities ----------------------------------------------------------------------------------------------

  /// Address of byte `offset` of the value of a single-entry array (BPF_PSEUDO_MAP_VALUE). -ENOTSUPP, -EINVAL.
  virtual int direct_value_address(uint32_t offset, uint64_t& address);
  /// The reverse (Linux: map_direct_value_meta). -ENOTSUPP, -ENOENT.
  virtual int direct_value_offset(uint64_t address, uint32_t& offset);
  /// Whether the kinds of the BTF types fit this map (Linux: ops->map_check_btf); sizes and special fields are checked
  /// before. 0, -ENOTSUPP, -EINVAL.
  [[nodiscard]] virtual int check_btf() const { return 0; }
  /// Whether `other` may stand in a map of maps whose template this is (Linux: map_meta_equal).
  [[nodiscard]] bool fits_template(const Map& other) const;

  /// memfd that holds the map's memory where the host may map it (memory-mappable arrays, rings), owned by the map;
  /// -1: none, and the VM makes an empty one as the map's descriptor.
  [[nodiscard]] virtual int memory_fd() const { return -1; }
  /// What mmap(2) on the map's descriptor does; MAP_FAILED with errno (Linux's ENOTSUPP where maps have no memory).
  void* map_memory(void* address, size_t length, int protection, int flags, int64_t offset);
  /// eventfd that becomes readable when there is something to consume (rings); -1: none.
  [[nodiscard]] virtual int poll_fd() const { return -1; }

  /// No more writes of the host (BPF_MAP_FREEZE): no HostWrite begins any more. Memory files are sealed. 0 or
  /// -errno (-EBUSY: frozen already, a HostWrite is under way, or mapped writable; -ENOTSUPP: values with special fields).
  int freeze();
  [[nodiscard]] bool frozen() const { return frozen_.load(std::memory_order_acquire); }

  /// Called by the VM when the last descriptor and pin went: program arrays drop their programs.
  virtual void last_user_gone() {}
  /// Called by the VM when a descriptor of the map is closed: perf event arrays drop what was put through it.
  virtual void descriptor_closed(int /*fd*/) {}

  /// Offset in the value of the `struct bpf_spin_lock`, `bpf_timer` that BTF declares; -1: none.
  [[nodiscard]] int spin_lock_offset() const { return values_.offset_of(FieldKind::spin_lock); }
  [[nodiscard]] int timer_offset() const { return values_.offset_of(FieldKind::timer); }
  /// All fields of the value that belong to the system, by rising offset.
  [[nodiscard]] const std::vector<Field>& fields() const { return values_.fields(); }

  /// Id in the VM, set once when the map gets one; 0 before.
  [[nodiscard]] uint32_t id() const { return id_; }
  void set_id(uint32_t id) { id_ = id; }

 protected:
  Map(Attributes attributes, Environment& environment);
  Map(Attributes attributes, Environment& environment, std::vector<Field> fields);

  /// map_memory once what all maps share has been checked: MAP_SHARED, and whether writing is allowed at all.
  virtual void* map_checked_memory(void* address, size_t length, int protection, int flags, int64_t offset);
  /// Whether BTF may leave out the key's type; check_btf judges then what that means.
  [[nodiscard]] virtual bool key_type_optional() const { return false; }
  /// Part of freeze: no more writable mappings. 0 or -errno.
  virtual int seal_memory() { return 0; }

  /// Linux's generic_map_*_batch, made of the operations on single elements.
  int lookup_each(const void* in, void* out, void* keys, void* values, uint32_t& count, uint64_t flags);
  int update_each(const void* keys, const void* values, uint32_t& count, uint64_t flags);
  int erase_each(const void* keys, uint32_t& count, uint64_t flags);

  /// -EINVAL for look-up flags that Linux does not know or that need a spin lock which the value does not have.
  [[nodiscard]] int check_lookup_flags(uint64_t flags) const;

  Environment& environment_;
  Attributes attributes_;
  Values values_;

 private:
  friend class HostWrite;
  /// Linux's map_check_btf: sizes, special fields, then check_btf.
  Status apply_btf();
  /// False: the map is frozen.
  [[nodiscard]] bool begin_host_write();
  void end_host_write() { host_writes_.fetch_sub(1, std::memory_order_release); }

  /// In host_writes_: none may begin but those that find, under freeze_mutex_, that freezing failed.
  static constexpr uint64_t kNoMoreWrites = uint64_t{1} << 63;

  uint32_t id_ = 0;
  std::mutex freeze_mutex_;
  std::atomic<bool> frozen_{false};
  std::atomic<uint64_t> host_writes_{0};  // under way
};

/// A write of the host's to a map (update, deletion). While it lives the map does not freeze (Linux:
/// bpf_map_write_active_inc), so what it was allowed to do stays allowed.
class HostWrite {
 public:
  /// Of no map yet.
  HostWrite() = default;
  explicit HostWrite(Map& map) { begin(map); }
  ~HostWrite() {
    if (map_ != nullptr) map_->end_host_write();
  }
  HostWrite(const HostWrite&) = delete;
  HostWrite& operator=(const HostWrite&) = delete;
  /// Not while a write of another map is under way.
  void begin(Map& map) { map_ = map.begin_host_write() ? &map : nullptr; }
  /// False: the map is frozen.
  [[nodiscard]] bool allowed() const { return map_ != nullptr; }

 private:
  Map* map_ = nullptr;
};

}  // namespace skep::maps
