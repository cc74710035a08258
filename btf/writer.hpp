// SPDX-License-Identifier: Apache-2.0
// Writing structured values: one interface, two back ends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "btf/bits.hpp"

namespace skep::btf {

/// Appends to a string that the caller owns and may empty between two calls. The structure is JSON's in both back
/// ends; they differ in how they write scalars that JSON has no form for.
class Writer {
 public:
  virtual ~Writer() = default;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }
  /// The name of the next value; inside objects only.
  void name(std::string_view text);

  void string(std::string_view text);
  void boolean(bool value) { raw(value ? "true" : "false"); }
  void integer(int64_t value);
  void unsigned_integer(uint64_t value);
  void floating(double value);

  virtual void pointer(uint64_t value) = 0;
  /// A bit field or a number of other than 8, 16, 32 or 64 bits.
  virtual void bits(U128 value) = 0;
  virtual void character(uint8_t value) = 0;

 protected:
  Writer(std::string& out, bool pretty) : out_(out), pretty_(pretty) {}
  /// One finished value.
  void raw(std::string_view text);

 private:
  void begin(char bracket);
  void end(char bracket);
  void separate();
  void new_line();
  void quote(std::string_view text);

  std::string& out_;
  bool pretty_;
  bool is_first_ = true;  ///< Nothing precedes in the current object or array.
  uint32_t depth_ = 0;
};

/// The look of `bpftool map dump`: indented, numbers in hexadecimal where they are bits or addresses.
class TextWriter final : public Writer {
 public:
  explicit TextWriter(std::string& out) : Writer(out, true) {}
  void pointer(uint64_t value) override;
  void bits(U128 value) override;
  void character(uint8_t value) override;
};

/// JSON as `bpftool -j map dump` gives it, indented with `pretty` (bpftool -p).
class JsonWriter final : public Writer {
 public:
  explicit JsonWriter(std::string& out, bool pretty = false) : Writer(out, pretty) {}
  void pointer(uint64_t value) override { unsigned_integer(value); }
  void bits(U128 value) override;
  void character(uint8_t value) override;
};

}  // namespace skep::btf
