// SPDX-License-Identifier: Apache-2.0
// The text that a verifier writes into its caller's buffer (kernel/bpf/log.c).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace skep::vm::commands {

class Log {
 public:
  static constexpr uint32_t kLevel1 = 1;
  static constexpr uint32_t kLevel2 = 2;
  static constexpr uint32_t kStats = 4;
  static constexpr uint32_t kFixed = 8;  ///< keep the beginning of a text that is too long, not its end

  Log(uint32_t level, uint64_t buffer, uint32_t size) : level_(level), buffer_(buffer), size_(size) {}

  /// Whether the caller's wishes make sense; else EINVAL.
  [[nodiscard]] bool valid() const;
  [[nodiscard]] bool wants(uint32_t levels) const { return (level_ & levels) != 0; }
  void add(std::string_view text) {
    if (level_ != 0) text_.append(text);
  }
  /// Writes the text out. `true_size`: bytes that all of it takes, with its NUL; 0: there is none. 0, -EFAULT, -ENOSPC
  /// (cut).
  int finish(uint32_t& true_size) const;

 private:
  uint32_t level_;
  uint64_t buffer_;
  uint32_t size_;
  std::string text_;
};

}  // namespace skep::vm::commands
