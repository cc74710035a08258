// SPDX-License-Identifier: Apache-2.0
#include "vm/vm.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "maps/ringbuf.hpp"
#include "vm/btf_file.hpp"
#include "vm/load_observer.hpp"
#include "vm/read_file.hpp"

namespace skep::vm {
namespace {

constexpr unsigned kDefaultHz = 1000;
constexpr unsigned kMaxHz = 10000;

unsigned hz_of(const Config& config) { return kconfig_number(config.kconfig, "CONFIG_HZ").value_or(kDefaultHz); }

Config completed(Config config) {
  if (config.kconfig.empty()) config.kconfig = default_kconfig();
  return config;
}

Status check(const Config& config) {
  if (config.cpus < 1 || config.cpus > maps::Cpus::kMax)
    return Error{.code = EINVAL,
                 .message = fmt::format("the number of CPUs is {}, not 1 to {}", config.cpus, maps::Cpus::kMax)};
  if (const unsigned hz = hz_of(config); hz < 1 || hz > kMaxHz)
    return Error{.code = EINVAL, .message = fmt::format("CONFIG_HZ is {}, not 1 to {}", hz, kMaxHz)};
  return {};
}

/// The object of a descriptor as one kind; null with -EBADF or -EINVAL.
template <class T>
std::shared_ptr<T> object_of(Descriptors& descriptors, int fd, int& error) {
  const auto resolved = descriptors.resolve(fd);
  error = resolved.error;
  if (error != 0) return nullptr;
  const auto* object = std::get_if<std::shared_ptr<T>>(&resolved.object);
  if (object == nullptr) error = -EINVAL;
  return object == nullptr ? nullptr : *object;
}

void* refuse_mapping(int error) {
  errno = error;
  return MAP_FAILED;
}

/// Whether the descriptor's access mode allows a shared mapping, as mmap(2) has it.
bool may_map(int access, int protection) {
  return access == O_RDWR || (access == O_RDONLY && (protection & PROT_WRITE) == 0);
}

/// After a wake-up Linux's ring is readable until all is consumed, an eventfd for ever. A wake-up that was not for nothing
/// is given again, so that waiters for edges see it too.
void renew_wakeup(const maps::Ringbuf& ring) {
  uint64_t wakeups = 0;
  if (read(ring.poll_fd(), &wakeups, sizeof wakeups) != sizeof wakeups) return;
  if (ring.query(maps::ring::kAvailableData) == 0) return;
  wakeups = 1;
  [[maybe_unused]] const ssize_t written = write(ring.poll_fd(), &wakeups, sizeof wakeups);
}

}  // namespace

Vm::Vm(Config config)
    : config_(completed(std::move(config))),
      cpus_(config_.cpus),
      clock_(config_.fixed_clock_ns, hz_of(config_)),
      random_(config_.seed) {}

Vm::~Vm() {
  // Program arrays and their programs refer to each other; they let go when their users are gone.
  pins_.clear();
  descriptors_.clear();
}

Result<std::shared_ptr<Vm>> Vm::create(Config config) {
  if (auto status = check(config); !status) return std::move(status).error();
  std::shared_ptr<Vm> vm(new Vm(std::move(config)));
  if (auto status = vm->read_kernel_btf(); !status) return std::move(status).error();
  return vm;
}

Status Vm::read_kernel_btf() {
  if (config_.kernel_btf.empty()) return {};
  const auto failed = [this](int code, std::string message) {
    return Error{.code = code, .message = std::move(message), .object = config_.kernel_btf};
  };
  const auto file = read_file(config_.kernel_btf);
  if (!file) return file.error();
  const auto blob = btf_of_file({reinterpret_cast<const char*>(file->data()), file->size()});
  if (!blob) return failed(blob.error().code, blob.error().message);
  kernel_btf_file_ = *blob;
  auto types = btf::Types::parse(std::as_bytes(std::span(kernel_btf_file_)), {}, btf::Origin::kernel);
  if (!types) return failed(types.error().code, "bad BTF of a kernel: " + types.error().message);
  kernel_btf_ = std::make_shared<BtfObject>(*std::move(types), "vmlinux");
  btf_ids_.add(kernel_btf_);
  return {};
}

std::shared_ptr<maps::Map> Vm::map_of_descriptor(int fd, int& error) {
  return object_of<maps::Map>(descriptors_, fd, error);
}
std::shared_ptr<maps::ProgramRef> Vm::program_of_descriptor(int fd, int& error) {
  return object_of<Program>(descriptors_, fd, error);
}
std::shared_ptr<maps::PerfBuffer> Vm::perf_buffer_of_descriptor(int fd, int& error) {
  return object_of<maps::PerfBuffer>(descriptors_, fd, error);
}

bool Vm::charge(int64_t bytes) {
  const int64_t now = map_memory_.fetch_add(bytes) + bytes;
  if (bytes <= 0 || static_cast<uint64_t>(now) <= config_.map_memory_limit) return true;
  map_memory_.fetch_sub(bytes);
  return false;
}

void Vm::trace(std::string_view line) {
  if (config_.trace) config_.trace(line);
}

int Vm::perf_buffer_descriptor(std::shared_ptr<maps::PerfBuffer> buffer) {
  return descriptors_.open(AnyObject(std::move(buffer)));
}

int Vm::stats_descriptor() { return descriptors_.open(AnyObject(std::make_shared<RuntimeStats>(stats_users_))); }

std::optional<std::string> Vm::file(std::string_view path) {
  if (path == "/sys/kernel/btf/vmlinux" && kernel_btf_ != nullptr) return kernel_btf_file_;
  // Where libbpf expects a compressed file it reads plain text as well.
  if (path == "/proc/config.gz" || path == "/boot/config-" + config_.kernel_release) return config_.kconfig;
  if (path == "/proc/kallsyms") return std::string();
  return std::nullopt;
}

void Vm::log(LogLevel level, std::string_view text) {
  if (auto* observer = LoadObserver::current(); observer != nullptr && level == LogLevel::warn) observer->warning(text);
  if (config_.log) config_.log(static_cast<int>(level), text);
}

bool Vm::wants(LogLevel level) const {
  return config_.log != nullptr || (LoadObserver::current() != nullptr && level == LogLevel::warn);
}

void* Vm::map(void* address, size_t length, int protection, int flags, int fd, off_t offset) {
  const auto resolved = descriptors_.resolve(fd);
  if (resolved.error != 0) return System::map(address, length, protection, flags, fd, offset);
  const auto* map = std::get_if<std::shared_ptr<maps::Map>>(&resolved.object);
  if (map == nullptr) return refuse_mapping(ENODEV);
  if (!may_map(resolved.access, protection)) return refuse_mapping(EACCES);
  return (*map)->map_memory(address, length, protection, flags, offset);
}

int Vm::pollable(int fd) {
  int error = 0;
  const auto map = map_of_descriptor(fd, error);
  return map != nullptr && map->poll_fd() >= 0 ? map->poll_fd() : fd;
}

void Vm::before_wait() {
  for (auto map = map_ids_.first_from(1); map != nullptr; map = map_ids_.first_from(map->id() + 1))
    if (map->type() == maps::MapType::ringbuf) renew_wakeup(static_cast<const maps::Ringbuf&>(*map));
}

}  // namespace skep::vm
