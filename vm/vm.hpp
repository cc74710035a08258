// SPDX-License-Identifier: Apache-2.0
// One virtual machine: its objects with their ids, its descriptors, and bpf(2).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "maps/cpus.hpp"
#include "maps/map.hpp"
#include "skep/error.hpp"
#include "vm/clock.hpp"
#include "vm/descriptors.hpp"
#include "vm/ids.hpp"
#include "vm/kconfig.hpp"
#include "vm/libbpf/system.hpp"
#include "vm/network.hpp"
#include "vm/objects.hpp"
#include "vm/pins.hpp"
#include "vm/program.hpp"
#include "vm/random.hpp"

namespace skep::vm {

/// What a VM is made of. Everything that Linux would read from its host is here, so that a load means the same everywhere.
struct Config {
  unsigned cpus = 4;                       ///< possible CPUs, 1 to maps::Cpus::kMax
  std::optional<uint64_t> fixed_clock_ns;  ///< the clock stands at this value; none: the host's monotonic clock
  std::optional<uint64_t> seed;            ///< of random numbers and hash seeds; none: from the host
  bool unprivileged = false;               ///< rules of Linux's unprivileged users
  std::string kernel_btf;                  ///< file served as /sys/kernel/btf/vmlinux; empty: none
  std::string kconfig;  ///< text of the kernel's .config ("CONFIG_HZ=1000\n..."); empty: default_kconfig()
  std::string kernel_release = "6.18.0";          ///< what uname and LINUX_KERNEL_VERSION tell
  uint64_t map_memory_limit = uint64_t{8} << 30;  ///< bytes that all maps together may have
  /// Receives libbpf's messages (level: 0 warning, 1 info, 2 debug); null: dropped.
  std::function<void(int level, std::string_view text)> log;
  /// Receives each line of bpf_trace_printk and bpf_trace_vprintk, without a line break. Any thread. Null: dropped.
  std::function<void(std::string_view line)> trace;
};

/// Threads: all functions may be called at any time on any thread.
class Vm final : public maps::Environment, public System {
 public:
  /// Errors: EINVAL for a configuration that cannot be, errno of what could not be read.
  static Result<std::shared_ptr<Vm>> create(Config config);
  /// Maps and programs must be gone: who holds one holds the VM too.
  ~Vm() override;

  [[nodiscard]] const Config& config() const { return config_; }

  /// bpf(2): ≥ 0 or a negative errno, in Linux's cases. `attr` is Linux's union bpf_attr of `size` bytes, read and written.
  /// Wild addresses in it give EFAULT.
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

  /// BTF of the VM's kernel (Config::kernel_btf); null: none.
  [[nodiscard]] const std::shared_ptr<BtfObject>& kernel_btf() const { return kernel_btf_; }
  /// A descriptor that bpf(2) puts into a perf event array; or a negative errno. Closed with close().
  int perf_buffer_descriptor(std::shared_ptr<maps::PerfBuffer> buffer);
  /// A descriptor of BPF_ENABLE_STATS; or a negative errno. While it is open, runs are counted and timed.
  int stats_descriptor();
  [[nodiscard]] bool stats_enabled() const { return stats_users_ != 0; }

  // System: the host that libbpf sees. Its files are made from the configuration.
  std::optional<std::string> file(std::string_view path) override;
  [[nodiscard]] std::string kernel_release() const override { return config_.kernel_release; }
  [[nodiscard]] int possible_cpus() const override { return static_cast<int>(config_.cpus); }
  void log(LogLevel level, std::string_view text) override;
  [[nodiscard]] bool wants(LogLevel level) const override;
  int close(int fd) override { return descriptors_.close(fd); }
  int duplicate(int fd, int lowest) override { return descriptors_.duplicate(fd, lowest); }
  int duplicate_to(int fd, int target, int flags) override { return descriptors_.duplicate_to(fd, target, flags); }
  void* map(void* address, size_t length, int protection, int flags, int fd, off_t offset) override;
  int pollable(int fd) override;
  void before_wait() override;
  bool is_pin_directory(std::string_view path) override { return pins_.is_directory(path); }
  bool has_pin(std::string_view path) override { return pins_.contains(path); }
  int make_pin_directory(std::string_view path) override { return pins_.make_directory(path); }
  int remove_pin(std::string_view path) override { return pins_.remove(path); }
  // The private libbpf gets objects from memory: who names files is a host that calls libbpf itself (skep/libbpf.hpp).
  bool allows_host_file(std::string_view) override { return true; }

 private:
  explicit Vm(Config config);
  Status read_kernel_btf();

  Config config_;
  std::atomic<int64_t> map_memory_{0};  // bytes; what the members below release gives back to it
  maps::Cpus cpus_;
  Clock clock_;
  Random random_;
  Network network_;
  Ids<maps::Map> map_ids_;
  Ids<Program> program_ids_;
  Ids<BtfObject> btf_ids_;
  Ids<Link> link_ids_;
  std::string kernel_btf_file_;
  std::shared_ptr<BtfObject> kernel_btf_;
  std::atomic<unsigned> stats_users_{0};
  Descriptors descriptors_;
  Pins pins_{descriptors_};
};

}  // namespace skep::vm
