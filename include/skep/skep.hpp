// SPDX-License-Identifier: Apache-2.0
// Skep's C++ interface: make a VM, open a BPF object file, load it, run its programs, read and write its maps.
//
// Objects of this header are cheap handles that share what they stand for; copies mean the same thing, and what they
// stand for lives as long as any handle (or the VM's own table) needs it. A default-constructed handle may only be
// assigned to. Functions may be called on any thread; one Object is loaded by one thread. Nothing throws.
// The C interface (skep.h) is designed with this one: a handle is an opaque pointer, an option struct starts with its
// size, an Error becomes a code with a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "skep/error.hpp"

namespace skep {

namespace vm {
struct Run;  // opaque: the run that a helper of a host is called from
}

class Object;
class Program;
class Map;

/// Version of the library, as "0.1.0".
[[nodiscard]] std::string_view version();

/// How programs are executed. `checked`: the interpreter that validates every access; runs anything. `interp`: the
/// interpreter of verified programs (until the verifier is there it is `checked`). `jit`: machine code.
enum class Engine : uint8_t { interp, checked, jit };

/// What libbpf and programs see of the machine. Nothing is read from the host that is not named here.
struct VmOptions {
  unsigned cpus = 4;                      ///< possible CPUs, 1 to 1024
  std::optional<uint64_t> clock_ns{};     ///< the clock stands at this value; none: the host's monotonic clock
  std::optional<uint64_t> seed{};         ///< of random numbers; none: from the host
  bool unprivileged = false;              ///< rules of Linux's unprivileged users
  std::string kernel_btf{};               ///< file with the BTF of a kernel, for CO-RE and kernel types; empty: none
  std::string kconfig{};                  ///< kernel configuration, the text of a .config; empty: a built-in one
  std::string kernel_release = "6.18.0";  ///< what LINUX_KERNEL_VERSION tells
  uint64_t map_memory_limit = uint64_t{8} << 30;  ///< bytes
  /// Messages of libbpf (level 0: warning, 1: information, 2: debug). On the thread that loads.
  std::function<void(int level, std::string_view text)> log{};
  /// Lines of bpf_printk, without line break. On the threads that run programs.
  std::function<void(std::string_view line)> trace{};
};

struct ObjectOptions {
  std::string name{};     ///< for messages; empty: the path
  std::string program{};  ///< load only this program and what it needs; empty: all that libbpf would load
  std::string type{};     ///< program type for sections that libbpf does not know ("xdp"); empty: by section
};

/// What a program was given and how it is to run. Spans must stay valid during the run only.
struct RunInput {
  std::span<const std::byte> data{};     ///< the packet
  std::span<const std::byte> context{};  ///< the context's bytes, in Linux's user-space layout; empty: default
  uint32_t repeat = 1;                   ///< runs; changes of the packet carry over, as in Linux
  Engine engine = Engine::interp;
  bool trust = false;           ///< run unverified on the unchecked engine: for benchmarks with programs one trusts
  uint64_t fuel = 100'000'000;  ///< BPF instructions that one run may execute
};

struct Redirect {
  std::string kind{};   ///< "", "interface", "peer", "neighbour", "map"
  uint32_t target = 0;  ///< interface index, or what the map names
  std::string map{};    ///< name of the map
};

/// The VLAN tag that Linux keeps beside a packet (bpf_skb_vlan_push), not in its bytes.
struct VlanTag {
  uint16_t protocol = 0;  ///< 0x8100 or 0x88a8
  uint16_t tci = 0;       ///< priority and id
};

struct RunResult {
  uint32_t retval = 0;
  double duration_ns = 0;  ///< mean of a run, run time only
  std::vector<std::byte> data{};
  std::vector<std::byte> context{};
  Redirect redirect{};
  std::optional<VlanTag> vlan{};
};

/// Judgement of one program, loaded alone as Linux would.
struct Verdict {
  std::string program{};
  std::string section{};
  std::string type{};
  bool accepted = false;
  int code = 0;           ///< positive errno; 0 when accepted
  std::string message{};  ///< why not
  std::string log{};      ///< the verifier's log, as far as asked for
  uint64_t verified_insns = 0;
  uint64_t time_ns = 0;  ///< of the verifier
};

struct VerifyOptions {
  std::string name{};     ///< of the object, for messages; empty: the path
  std::string program{};  ///< only this one; empty: every entry program
  int log_level = 0;      ///< Linux's: 0, 1, 2, 4 and sums
};

/// One instruction of a listing.
struct ListingLine {
  uint32_t insn = 0;
  std::string function{};  ///< where a function starts: its name
  std::string source{};    ///< where a source line starts: "file.c:12: text"
  std::string text{};      ///< the instruction, in the syntax of llvm-objdump
};

struct GlobalInfo {
  std::string name{};
  std::string section{};  ///< ".data", ".bss", ".rodata", ".kconfig" ...
  std::string type{};     ///< as C text; empty without BTF
  uint32_t offset = 0;    ///< in the section, bytes
  uint32_t size = 0;      ///< bytes
};

/// An isolated system: its maps, programs and ids are its own. Lives as long as a handle on it or on anything in it.
class Vm {
 public:
  struct Impl;
  Vm() = default;
  static Result<Vm> create(const VmOptions& options = {});

  /// Opens an ELF object file: checks it, prepares it, hands it to libbpf; loads nothing yet.
  Result<Object> open(const std::string& path, const ObjectOptions& options = {});
  Result<Object> open(std::span<const std::byte> elf, const ObjectOptions& options = {});

  /// Judges the entry programs of an object, each alone. Fails only where the file itself cannot be read as an object.
  Result<std::vector<Verdict>> verify(const std::string& path, const VerifyOptions& options = {});
  Result<std::vector<Verdict>> verify(std::span<const std::byte> elf, const VerifyOptions& options = {});

  /// Loads a bare instruction stream (8 bytes an instruction) whose r1 will be memory and r2 its length.
  /// `helpers`: functions that `call N` reaches, by N.
  using HostHelper = uint64_t (*)(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, vm::Run& run);
  Result<Program> load_raw(std::span<const std::byte> instructions, std::span<const HostHelper> helpers = {});

  /// bpf(2) on this VM: ≥ 0 or a negative errno. `attr` is Linux's union bpf_attr, `size` bytes.
  long bpf(int command, void* attr, unsigned size);

  explicit Vm(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  [[nodiscard]] const std::shared_ptr<Impl>& impl() const { return impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

/// An object file: programs, maps and globals. open, set what is to be set, load, then use.
class Object {
 public:
  struct Impl;
  Object() = default;

  [[nodiscard]] std::vector<Program> programs() const;  ///< entry programs, also those not loaded
  [[nodiscard]] std::vector<Map> maps() const;          ///< also the maps of global data
  [[nodiscard]] std::vector<GlobalInfo> globals() const;
  [[nodiscard]] Result<Program> program(std::string_view name) const;  ///< ENOENT
  [[nodiscard]] Result<Map> map(std::string_view name) const;          ///< ENOENT

  /// Sets a global variable before loading, from JSON by its type ("5", "\"eth0\"", "[1,2]"). ENOENT, EINVAL, ERANGE.
  Status set_global(std::string_view name, std::string_view json);

  Status load();

  explicit Object(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  [[nodiscard]] const std::shared_ptr<Impl>& impl() const { return impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

class Program {
 public:
  struct Impl;
  Program() = default;

  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] const std::string& section() const;
  [[nodiscard]] std::string type() const;   ///< libbpf's name: "xdp", "sched_cls" ...
  [[nodiscard]] size_t insn_count() const;  ///< before loading: as in the file; after: with what it calls
  [[nodiscard]] bool has_packet() const;    ///< whether its type runs on a packet
  [[nodiscard]] std::string verdict_name(uint32_t retval) const;  ///< "XDP_PASS", "TC_ACT_OK"; empty: none
  [[nodiscard]] std::vector<ListingLine> listing() const;

  /// Runs on a virtual CPU; many threads may at once. Errors: EINVAL and others in Linux's cases of PROG_TEST_RUN; EFAULT
  /// (violation) and ETIME (fuel) with instruction and source line.
  [[nodiscard]] Result<RunResult> run(const RunInput& input = {}) const;

  /// Programs of Vm::load_raw: runs on memory, r1 its address, r2 its length; r0 back.
  [[nodiscard]] Result<uint64_t> run_raw(std::span<std::byte> memory, const RunInput& input = {}) const;

  explicit Program(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<Impl> impl_;
};

class Map {
 public:
  struct Impl;
  Map() = default;

  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] std::string type() const;     ///< bpftool's name: "array", "hash", "ringbuf" ...
  [[nodiscard]] uint32_t key_size() const;    ///< bytes
  [[nodiscard]] uint32_t value_size() const;  ///< bytes
  [[nodiscard]] uint32_t max_entries() const;
  /// Bytes of a value as `lookup` gives it: for per-CPU maps, each CPU's value rounded up to 8 bytes, one after another.
  [[nodiscard]] size_t host_value_size() const;
  [[nodiscard]] bool is_per_cpu() const;
  [[nodiscard]] bool is_loaded() const;       ///< false also for maps that the chosen program does not use
  [[nodiscard]] bool is_global_data() const;  ///< .data, .bss, .rodata, .kconfig

  // Sizes must be key_size() and host_value_size(), else EINVAL. Other errors: Linux's (ENOENT, EEXIST, E2BIG ...).
  [[nodiscard]] Result<std::vector<std::byte>> lookup(std::span<const std::byte> key) const;
  Status update(std::span<const std::byte> key, std::span<const std::byte> value, uint64_t flags = 0);
  Status erase(std::span<const std::byte> key);
  /// The key after `key`; an empty `key`: the first. ENOENT at the end.
  [[nodiscard]] Result<std::vector<std::byte>> next_key(std::span<const std::byte> key) const;

  template <class V, class K>
  [[nodiscard]] Result<V> get(const K& key) const {
    static_assert(std::is_trivially_copyable_v<K> && std::is_trivially_copyable_v<V>);
    auto bytes = lookup(std::as_bytes(std::span(&key, 1)));
    if (!bytes) return std::move(bytes).error();
    if (bytes->size() != sizeof(V)) return Error{.code = 22, .message = "the type's size is not the map's value size"};
    V value;
    std::memcpy(&value, bytes->data(), sizeof value);
    return value;
  }
  template <class K, class V>
  Status set(const K& key, const V& value, uint64_t flags = 0) {
    static_assert(std::is_trivially_copyable_v<K> && std::is_trivially_copyable_v<V>);
    return update(std::as_bytes(std::span(&key, 1)), std::as_bytes(std::span(&value, 1)), flags);
  }

  /// All elements through BTF, as `bpftool map dump` prints them (text) or as one compact JSON value. Types without
  /// elements of their own (ring buffers) give an empty list.
  [[nodiscard]] Result<std::string> dump_text() const;
  [[nodiscard]] Result<std::string> dump_json() const;
  /// Fills from JSON: a list of {"key": ..., "value": ...}, values by BTF type, or lists of bytes; what dump_json gives.
  /// Values of maps of maps and program arrays are ids of this VM. EINVAL with the path; update's errors with the entry.
  Status fill_json(std::string_view json);

  /// Calls `receive` with each record that a program puts into a ring buffer, or sample into a perf event array
  /// (`cpu` tells which). Ring buffers: on the thread that calls `consume`. Perf event arrays: on the running thread.
  /// The map keeps `receive`, which must not own a handle of the map, its object or its VM: none would ever go.
  /// EINVAL for other types.
  Status on_event(std::function<void(unsigned cpu, std::span<const std::byte>)> receive);
  /// Hands out the records that are there; how many.
  Result<size_t> consume();

  explicit Map(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace skep
