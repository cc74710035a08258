// SPDX-License-Identifier: Apache-2.0
// Two machines that get the same bpf(2) commands, the running kernel and a VM, each with the same objects.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "vm/attr.hpp"
#include "vm/vm.hpp"

namespace skep::test {

/// Objects that both machines have; commands name them by these.
enum class Fd : uint8_t { array, hash, program, btf, file, closed };
inline constexpr size_t kFdCount = 6;

class Machine {
 public:
  virtual ~Machine() = default;
  virtual long bpf(vm::Command command, vm::Attr& attr, unsigned size = sizeof(vm::Attr)) = 0;
  virtual void close(int fd) = 0;

  [[nodiscard]] uint32_t fd(Fd name) const { return static_cast<uint32_t>(fds_[static_cast<size_t>(name)]); }
  /// Makes the objects; false when the machine refuses.
  bool set_up();
  void tear_down();

 private:
  int fds_[kFdCount] = {-1, -1, -1, -1, -1, -1};
};

/// Memory for keys, values, text and results at an address of which a changed half leads nowhere.
class Arena {
 public:
  Arena();
  ~Arena();
  static constexpr uint64_t kAddress = 0x2000'0000'0000;
  static constexpr size_t kSize = 1 << 16;
  // Places in it.
  static constexpr uint64_t kKey = kAddress;
  static constexpr uint64_t kValue = kAddress + 0x1000;
  static constexpr uint64_t kOther = kAddress + 0x2000;
  static constexpr uint64_t kInsns = kAddress + 0x3000;
  static constexpr uint64_t kText = kAddress + 0x4000;
  static constexpr uint64_t kBlob = kAddress + 0x5000;
  static constexpr uint64_t kInfo = kAddress + 0x6000;

  /// As at the start of every command: zeros, and what the places above are for.
  void reset();
};

/// 32-bit words of an attr that are special in a sweep.
struct Words {
  std::vector<size_t> descriptors{};  ///< also get all descriptors
  std::vector<size_t> skipped{};
};

class Pair {
 public:
  Pair();
  ~Pair();
  /// Whether the kernel lets this process use bpf(2); else the test skips itself.
  [[nodiscard]] bool works() const { return works_; }

  using Make = std::function<vm::Attr(const Machine&)>;
  /// Runs a command on both; "" when both give the same (a descriptor counts as 0), else what differs.
  std::string compare(vm::Command command, const Make& make, unsigned size = sizeof(vm::Attr));
  /// Changes each word of the attr to each number of interest.
  std::vector<std::string> sweep(vm::Command command, const Make& make, const Words& words = {});
  /// The same with the words of a buffer in the arena.
  std::vector<std::string> sweep_memory(vm::Command command, const Make& make, uint64_t address, size_t size,
                                        const std::vector<size_t>& skipped = {});

 private:
  long run(Machine& machine, vm::Command command, const vm::Attr& attr, unsigned size);

  Arena arena_;
  std::unique_ptr<Machine> kernel_;
  std::unique_ptr<Machine> skep_;
  bool works_ = false;
};

/// The list in one text, for a failed check.
std::string joined(const std::vector<std::string>& differences);

}  // namespace skep::test
