// SPDX-License-Identifier: Apache-2.0
// One virtual machine: its objects with their ids, its descriptors, and bpf(2).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "maps/cpus.hpp"
#include "maps/map.hpp"
#include "skep/error.hpp"
#include "vm/clock.hpp"
#include "vm/descriptors.hpp"
#include "vm/ids.hpp"
#include "vm/libbpf/system.hpp"
#include "vm/network.hpp"
#include "vm/pins.hpp"
#include "vm/program.hpp"
#include "vm/random.hpp"

namespace skep::vm {

/// What a VM is made of. Everything that Linux would read from its host is here, so that a load means the same everywhere.
struct Config {
  unsigned cpus = 4;                        ///< possible CPUs, 1 to maps::Cpus::kMax
  std::optional<uint64_t> fixed_clock_ns;   ///< the clock stands at this value; none: the host's monotonic clock
  std::optional<uint64_t> seed;             ///< of random numbers and hash seeds; none: from the host
  bool unprivileged = false;                ///< rules of Linux's unprivileged users
  std::string kernel_btf;                   ///< file served as /sys/kernel/btf/vmlinux; empty: none
  std::string kconfig;                      ///< text of the kernel's .config ("CONFIG_HZ=1000\n..."); empty: default_kconfig()
  std::string kernel_release = "6.18.0";    ///< what uname and LINUX_KERNEL_VERSION tell
  uint64_t map_memory_limit = uint64_t{8} << 30;  ///< bytes that all maps together may have
  /// Receives libbpf's messages (level: 0 warning, 1 info, 2 debug); null: dropped.
  std::function<void(int level, std::string_view text)> log;
  /// Receives each line of bpf_trace_printk and bpf_trace_vprintk, without a line break. Any thread. Null: dropped.
  std::function<void(std::string_view line)> trace;
};

/// The configuration that externs of kind kconfig see by default.
[[nodiscard]] std::string_view default_kconfig();

/// BTF loaded with BPF_BTF_LOAD: an object with an id.
struct BtfObject {
  std::shared_ptr<const btf::Types> types;
  uint32_t id = 0;
};

/// A link (BPF_LINK_CREATE). Kinds that need a live kernel are refused; the rest come with struct_ops and trampolines.
struct Link {
  std::shared_ptr<Program> program;
  uint32_t type = 0;
  uint32_t id = 0;
};

/// Threads: all functions may be called at any time on any thread.
class Vm final : public maps::Environment, public System {
 public:
  /// Errors: EINVAL for a configuration that cannot be, errno of what could not be read.
  static Result<std::shared_ptr<Vm>> create(Config config);
  ~Vm() override;

  [[nodiscard]] const Config& config() const { return config_; }

  /// bpf(2): ≥ 0 or a negative errno, in Linux's cases. `attr` is Linux's union bpf_attr of `size` bytes, read and written.
  long bpf(int command, void* attr, unsigned size) override;

  // maps::Environment
  [[nodiscard]] maps::Cpus& cpus() override { return cpus_; }
  [[nodiscard]] bool unprivileged() const override { return config_.unprivileged; }
  std::shared_ptr<maps::Map> map_of_descriptor(int fd, int& error) override;
  std::shared_ptr<maps::ProgramRef> program_of_descriptor(int fd, int& error) override;
  std::shared_ptr<maps::PerfBuffer> perf_buffer_of_descriptor(int fd, int& error) override;
  uint64_t random() override { return random_.next(); }
  bool charge(int64_t bytes) override;

  // Parts, for the commands, helpers and loader.
  [[nodiscard]] Descriptors& descriptors() { return descriptors_; }
  [[nodiscard]] Pins& pins() { return pins_; }
  [[nodiscard]] Ids<maps::Map>& map_ids() { return map_ids_; }
  [[nodiscard]] Ids<Program>& program_ids() { return program_ids_; }
  [[nodiscard]] Ids<BtfObject>& btf_ids() { return btf_ids_; }
  [[nodiscard]] Ids<Link>& link_ids() { return link_ids_; }
  [[nodiscard]] Clock& clock() { return clock_; }
  [[nodiscard]] Network& network() { return network_; }
  void trace(std::string_view line);

  // (System: the host that libbpf sees — files, uname, descriptors — see vm/libbpf/system.hpp)
};

}  // namespace skep::vm
