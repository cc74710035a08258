// SPDX-License-Identifier: Apache-2.0
// Errors, from bottom to top of Skep: a code, a place and a sentence.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace skep {

/// What went wrong and where. Empty parts of the place are unknown or do not apply.
struct Error {
  int code = 0;           ///< Positive errno value; Linux's in Linux's cases.
  std::string message;    ///< One sentence without a full stop and without a line break.
  std::string object{};   ///< Object file, as the caller named it.
  std::string program{};  ///< Program (or map) name.
  int64_t insn = -1;      ///< Index of the BPF instruction in its program; -1: none.
  std::string source{};   ///< Source line ("file.c:12: text") when BTF has it.

  /// "object: program: insn 7 (file.c:12: text): message (EINVAL)", without the unknown parts.
  [[nodiscard]] std::string text() const;
};

/// Symbolic name of an errno value ("EINVAL", also Linux's internal "ENOTSUPP"); "errno N" when unknown.
[[nodiscard]] std::string errno_name(int code);

/// Linux's internal ENOTSUPP, which bpf(2) returns and <errno.h> does not name.
inline constexpr int kENOTSUPP = 524;

namespace detail {
/// What a pointer leads to; ends the process if that is nothing, in every build.
template <class T>
T& there(T* pointer) {
  if (pointer == nullptr) std::abort();
  return *pointer;
}
}  // namespace detail

/// A value or an Error. Moves cost what moving the value costs; nothing throws. Asking a failure for its value, or a
/// success for its error, ends the process.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return detail::there(std::get_if<0>(&state_)); }
  const T& value() const& { return detail::there(std::get_if<0>(&state_)); }
  T&& value() && { return std::move(detail::there(std::get_if<0>(&state_))); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & { return detail::there(std::get_if<1>(&state_)); }
  const Error& error() const& { return detail::there(std::get_if<1>(&state_)); }
  Error&& error() && { return std::move(detail::there(std::get_if<1>(&state_))); }

 private:
  std::variant<T, Error> state_;
};

/// Success or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  [[nodiscard]] bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  Error& error() & { return detail::there(error_ ? &*error_ : nullptr); }
  const Error& error() const& { return detail::there(error_ ? &*error_ : nullptr); }
  Error&& error() && { return std::move(detail::there(error_ ? &*error_ : nullptr)); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace skep
