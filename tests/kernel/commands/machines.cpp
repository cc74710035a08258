// SPDX-License-Identifier: Apache-2.0
#include "machines.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "isa/make.hpp"

namespace skep::test {
namespace {

using vm::Attr;
using vm::Command;

constexpr uint32_t kNumbers[] = {0, 1, 2, 4, 8, 64, 0x3000, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff};

/// Whether a map would take more memory than a test may ask of the kernel (which would give it, and then kill processes).
/// Neither machine is asked to make such a map.
bool is_too_large(Command command, const Attr& attr) {
  if (command != Command::map_create) return false;
  constexpr uint64_t kMost = uint64_t{64} << 20;
  constexpr uint64_t kOverhead = 64;  // of an element, on all CPUs
  const auto& map = attr.map_create;
  return uint64_t{map.max_entries} > kMost || uint64_t{map.key_size} + map.value_size > kMost ||
         (uint64_t{map.key_size} + map.value_size + kOverhead) * map.max_entries > kMost;
}

class Kernel final : public Machine {
 public:
  ~Kernel() override { tear_down(); }
  long bpf(Command command, Attr& attr, unsigned size) override {
    if (is_too_large(command, attr)) return -ENOMEM;
    const long result = ::syscall(__NR_bpf, static_cast<int>(command), &attr, size);
    return result < 0 ? -errno : result;
  }
  void close(int fd) override { ::close(fd); }
};

class Skep final : public Machine {
 public:
  ~Skep() override { tear_down(); }
  long bpf(Command command, Attr& attr, unsigned size) override {
    if (is_too_large(command, attr)) return -ENOMEM;
    return vm_->bpf(static_cast<int>(command), &attr, size);
  }
  void close(int fd) override { vm_->close(fd); }

 private:
  std::shared_ptr<vm::Vm> vm_ = *vm::Vm::create({.map_memory_limit = 64 << 20});
};

isa::Code program() { return isa::make::mov64_imm(0, 0) + isa::make::exit(); }

Attr map_attr(uint32_t type) {
  Attr attr{};
  attr.map_create = {.map_type = type, .key_size = 4, .value_size = 8, .max_entries = 4};
  return attr;
}

/// Small numbers may be descriptors, of one machine or the other.
bool is_small(uint32_t number) { return number > 0 && number < 0x10000; }

bool contains(const std::vector<size_t>& words, size_t word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// One int.
std::vector<uint32_t> blob() { return {0x0001eb9f, 24, 0, 16, 16, 8, 1, 1u << 24, 4, 1u << 24 | 32, 0x746e6900, 0}; }

}  // namespace

bool Machine::set_up() {
  const auto put = [this](Fd name, long fd) { return (fds_[static_cast<size_t>(name)] = static_cast<int>(fd)) >= 0; };
  Attr array = map_attr(2);
  Attr hash = map_attr(1);
  Attr load{};
  load.prog_load = {.prog_type = 1, .insn_cnt = 2, .insns = Arena::kInsns, .license = Arena::kText};
  Attr btf{};
  btf.btf_load = {.btf = Arena::kBlob, .btf_size = 48};
  put(Fd::closed, 900);
  return put(Fd::array, bpf(Command::map_create, array)) && put(Fd::hash, bpf(Command::map_create, hash)) &&
         put(Fd::program, bpf(Command::prog_load, load)) && put(Fd::btf, bpf(Command::btf_load, btf)) &&
         put(Fd::file, ::open("/dev/null", O_RDWR | O_CLOEXEC));
}

void Machine::tear_down() {
  for (const Fd name : {Fd::array, Fd::hash, Fd::program, Fd::btf, Fd::file})
    if (static_cast<int>(fd(name)) >= 0) close(static_cast<int>(fd(name)));
}

Arena::Arena() {
  ::mmap(reinterpret_cast<void*>(kAddress), kSize, PROT_READ | PROT_WRITE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  reset();
}

Arena::~Arena() { ::munmap(reinterpret_cast<void*>(kAddress), kSize); }

void Arena::reset() {
  std::memset(reinterpret_cast<void*>(kAddress), 0, kSize);
  const auto code = program();
  std::memcpy(reinterpret_cast<void*>(kInsns), code.data(), code.size() * sizeof(isa::Insn));
  std::memcpy(reinterpret_cast<void*>(kText), "GPL", 4);
  const auto btf = blob();
  std::memcpy(reinterpret_cast<void*>(kBlob), btf.data(), btf.size() * sizeof btf[0]);
}

Pair::Pair() : kernel_(std::make_unique<Kernel>()), skep_(std::make_unique<Skep>()) {
  works_ = kernel_->set_up() && skep_->set_up();
}
Pair::~Pair() = default;

long Pair::run(Machine& machine, Command command, const Attr& attr, unsigned size) {
  Attr copy = attr;
  const long result = machine.bpf(command, copy, size);
  if (result > 0) machine.close(static_cast<int>(result));
  return std::min(result, 0L);
}

std::string Pair::compare(Command command, const Make& make, unsigned size) {
  arena_.reset();
  const long expected = run(*kernel_, command, make(*kernel_), size);
  arena_.reset();
  const long got = run(*skep_, command, make(*skep_), size);
  if (got == expected) return {};
  return fmt::format("command {}: the kernel says {}, Skep {}", static_cast<int>(command),
                     errno_name(static_cast<int>(-expected)), errno_name(static_cast<int>(-got)));
}

std::vector<std::string> Pair::sweep(Command command, const Make& make, const Words& words) {
  std::vector<std::string> differences;
  const auto try_word = [&](size_t word, const std::function<uint32_t(const Machine&)>& value,
                            const std::string& name) {
    const auto changed = [&](const Machine& machine) {
      Attr attr = make(machine);
      const uint32_t number = value(machine);
      std::memcpy(attr.bytes.data() + 4 * word, &number, sizeof number);
      return attr;
    };
    const std::string difference = compare(command, changed);
    if (!difference.empty()) differences.push_back(fmt::format("{}, with {} at byte {}", difference, name, 4 * word));
  };
  for (size_t word = 0; word < sizeof(Attr) / 4; ++word) {
    if (contains(words.skipped, word)) continue;
    const bool is_descriptor = contains(words.descriptors, word);
    for (const uint32_t number : kNumbers)
      if (!is_descriptor || !is_small(number))
        try_word(word, [number](const Machine&) { return number; }, fmt::format("{:#x}", number));
    if (!is_descriptor) continue;
    for (size_t i = 0; i < kFdCount; ++i)
      try_word(
          word, [i](const Machine& machine) { return machine.fd(static_cast<Fd>(i)); },
          fmt::format("descriptor {}", i));
  }
  return differences;
}

std::vector<std::string> Pair::sweep_memory(Command command, const Make& make, uint64_t address, size_t size,
                                            const std::vector<size_t>& skipped) {
  std::vector<std::string> differences;
  for (size_t word = 0; word < size / 4; ++word) {
    if (contains(skipped, word)) continue;
    for (const uint32_t number : kNumbers) {
      const auto changed = [&](const Machine& machine) {
        std::memcpy(reinterpret_cast<void*>(address + 4 * word), &number, sizeof number);
        return make(machine);
      };
      const std::string difference = compare(command, changed);
      if (!difference.empty())
        differences.push_back(fmt::format("{}, with {:#x} at byte {} of the buffer", difference, number, 4 * word));
    }
  }
  return differences;
}

std::string joined(const std::vector<std::string>& differences) {
  std::string text;
  for (const std::string& difference : differences) text += difference + "\n";
  return text;
}

}  // namespace skep::test
