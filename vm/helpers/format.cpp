// SPDX-License-Identifier: Apache-2.0
#include "vm/helpers/format.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "vm/user_memory.hpp"

namespace skep::vm::helpers {
namespace {

constexpr size_t kArgumentRoom = 512;  // Linux: MAX_BPRINTF_BIN_ARGS
constexpr size_t kMaxField = 4096;     // a wider field is cut, as no helper's buffer is that long

// The C locale's classes: what the host has set does not count.
bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_printable(char c) { return c >= ' ' && c <= '~'; }
bool is_punctuation(char c) { return is_printable(c) && c != ' ' && !is_digit(c) && !is_letter(c); }
/// Whether a conversion of %s or a bare %p may end before `c` (0: the end of the format).
bool is_separator(char c) { return c == 0 || is_space(c) || is_punctuation(c); }

void append(std::string& out, const char* format, ...) __attribute__((format(printf, 2, 3)));
void append(std::string& out, const char* format, ...) {
  char text[kMaxField];
  va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  out.append(text, std::min(static_cast<size_t>(std::max(length, 0)), sizeof text - 1));
}

class Formatter {
 public:
  Formatter(std::string& out, std::string_view format, std::span<const uint64_t> arguments)
      : out_(out), format_(format), arguments_(arguments) {}

  int run() {
    for (at_ = 0; at_ < format_.size(); ++at_) {
      const char c = format_[at_];
      if (is_ascii(c) && !is_printable(c) && !is_space(c)) return -EINVAL;
      if (c != '%') {
        out_ += c;
      } else if (peek(1) == '%') {
        out_ += '%';
        ++at_;
      } else if (const int error = conversion(); error != 0) {
        return error;
      }
    }
    return 0;
  }

 private:
  [[nodiscard]] char peek(size_t ahead) const { return at_ + ahead < format_.size() ? format_[at_ + ahead] : '\0'; }

  /// From the '%' at `at_` to the conversion's last character.
  int conversion() {
    if (next_ >= arguments_.size()) return -EINVAL;
    ++at_;
    read_width();
    switch (peek(0)) {
      case 'p': return pointer();
      case 's': return string(spec("s"));
      case 'c': return character();
      default: return integer();
    }
  }

  void read_width() {
    flags_.clear();
    width_ = 0;
    has_width_ = false;
    for (; peek(0) == '0' || peek(0) == '+' || peek(0) == '-' || peek(0) == ' '; ++at_)
      if (flags_.find(peek(0)) == std::string::npos) flags_ += peek(0);
    if (!is_digit(peek(0))) return;
    has_width_ = true;
    for (; is_digit(peek(0)); ++at_) width_ = std::min<int>(width_ * 10 + (peek(0) - '0'), kMaxField);
  }

  /// "%", flags, width, then `end`: a format of the C library, whose rules for these are Linux's.
  [[nodiscard]] std::string spec(const char* end) const {
    return "%" + flags_ + (has_width_ ? std::to_string(width_) : "") + end;
  }

  /// Accounts for an argument of `size` bytes, aligned as in Linux's buffer.
  bool take(size_t size) {
    used_ = (used_ + 3) & ~size_t{3};
    if (kArgumentRoom - std::min(used_, kArgumentRoom) < size) return false;
    used_ += size;
    return true;
  }

  int pointer() {
    const char kind = peek(1);
    if ((kind == 'k' || kind == 'u') && peek(2) == 's') {
      at_ += 2;
      return string("%s");  // Linux looks at no width here
    }
    if ((kind == 'i' || kind == 'I') && (peek(2) == '4' || peek(2) == '6')) {
      at_ += 2;
      return skip_suffix(peek(0) == '4' ? ipv4(kind == 'I') : ipv6(kind == 'I'));
    }
    const bool is_symbol = kind == 's' || kind == 'S' || kind == 'B';
    if (is_symbol || kind == 'K' || kind == 'x')
      ++at_;
    else if (!is_separator(kind) || kind == '%')
      return -EINVAL;
    return skip_suffix(is_symbol ? symbol(kind) : address());
  }

  /// What follows a pointer's conversion directly belongs to it, and says nothing (Linux: bstr_printf).
  int skip_suffix(int error) {
    while (is_digit(peek(1)) || is_letter(peek(1))) ++at_;
    return error;
  }

  /// Symbols are never known here, so those conversions print the address. Linux looks at no width of %pB.
  int symbol(char kind) {
    if (!take(sizeof(uint64_t))) return -ENOSPC;
    std::string text;
    append(text, "0x%llx", static_cast<unsigned long long>(arguments_[next_++]));
    print(kind == 'B' ? "%s" : spec("s"), text.c_str());
    return 0;
  }

  /// Nothing is hashed: addresses are the host's own.
  int address() {
    if (!take(sizeof(uint64_t))) return -ENOSPC;
    const auto value = static_cast<unsigned long long>(arguments_[next_++]);
    if (has_width_)
      print(spec("llx"), value);
    else
      append(out_, "%016llx", value);
    return 0;
  }

  /// `format`: for printf, of the string.
  int string(const std::string& format) {
    if (!is_separator(peek(1))) return -EINVAL;
    if (used_ >= kArgumentRoom) return -ENOSPC;
    std::string text;
    const bool readable = copy_string_from_user(text, arguments_[next_++], kArgumentRoom - used_);
    if (!readable) text.clear();
    if (text.size() == kArgumentRoom - used_) text.pop_back();  // the NUL needs its place
    used_ += text.size() + 1;
    print(format, text.c_str());
    return 0;
  }

  int character() {
    if (used_ >= kArgumentRoom) return -ENOSPC;
    ++used_;
    const auto c = static_cast<char>(arguments_[next_++]);
    const auto padding = static_cast<size_t>(std::max(width_ - 1, 0));
    const bool is_left = flags_.find('-') != std::string::npos;
    if (!is_left) out_.append(padding, ' ');
    out_ += c;
    if (is_left) out_.append(padding, ' ');
    return 0;
  }

  template <size_t bytes>
  std::array<uint8_t, bytes> read_ip() {
    std::array<uint8_t, bytes> ip{};
    if (!copy_from_user(ip.data(), arguments_[next_++], bytes)) ip.fill(0);
    return ip;
  }

  int ipv4(bool is_plain) {
    if (kArgumentRoom - std::min(used_, kArgumentRoom) < 4) return -ENOSPC;
    const auto ip = read_ip<4>();
    const size_t before = out_.size();
    append(out_, is_plain ? "%u.%u.%u.%u" : "%03u.%03u.%03u.%03u", ip[0], ip[1], ip[2], ip[3]);
    used_ += out_.size() - before + 1;
    return 0;
  }

  int ipv6(bool has_colons) {
    if (kArgumentRoom - std::min(used_, kArgumentRoom) < 16) return -ENOSPC;
    const auto ip = read_ip<16>();
    const size_t before = out_.size();
    for (size_t i = 0; i < 16; i += 2) append(out_, "%s%02x%02x", has_colons && i != 0 ? ":" : "", ip[i], ip[i + 1]);
    used_ += out_.size() - before + 1;
    return 0;
  }

  int integer() {
    size_t size = sizeof(int32_t);
    for (int i = 0; i < 2 && peek(0) == 'l'; ++i, ++at_) size = sizeof(int64_t);
    const char kind = peek(0);
    if (std::string_view("iduxX").find(kind) == std::string_view::npos || kind == 0) return -EINVAL;
    if (!take(size)) return -ENOSPC;
    const uint64_t value = arguments_[next_++];
    const bool is_signed = kind == 'i' || kind == 'd';
    const char end[] = {'l', 'l', kind, 0};
    if (is_signed)
      print(spec(end), size == 8 ? static_cast<long long>(value) : static_cast<int32_t>(value));
    else
      print(spec(end), size == 8 ? static_cast<unsigned long long>(value) : static_cast<uint32_t>(value));
    return 0;
  }

  /// `format` is one that `spec` made for this argument.
  template <class T>
  void print(const std::string& format, T value) {
    char text[kMaxField + kArgumentRoom];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    const int length = std::snprintf(text, sizeof text, format.c_str(), value);
#pragma GCC diagnostic pop
    out_.append(text, std::min(static_cast<size_t>(std::max(length, 0)), sizeof text - 1));
  }

  std::string& out_;
  std::string_view format_;
  std::span<const uint64_t> arguments_;
  size_t at_ = 0;    // in the format
  size_t next_ = 0;  // argument
  size_t used_ = 0;  // bytes of Linux's argument buffer
  std::string flags_;
  int width_ = 0;
  bool has_width_ = false;
};

}  // namespace

int format_text(std::string& out, std::string_view format, std::span<const uint64_t> arguments) {
  return Formatter(out, format, arguments).run();
}

}  // namespace skep::vm::helpers
