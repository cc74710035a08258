// SPDX-License-Identifier: Apache-2.0
#include "skep/error.hpp"

#include <fmt/format.h>

#include <cstring>

namespace skep {

namespace {

/// "insn 7 (file.c:12: text)", or the one of them that is known.
std::string place_in_program(const Error& error) {
  if (error.insn < 0) return error.source;
  if (error.source.empty()) return fmt::format("insn {}", error.insn);
  return fmt::format("insn {} ({})", error.insn, error.source);
}

}  // namespace

std::string Error::text() const {
  std::string line;
  for (const std::string& part : {object, program, place_in_program(*this), message})
    if (!part.empty()) line += (line.empty() ? "" : ": ") + part;
  if (code != 0) line += fmt::format("{}({})", line.empty() ? "" : " ", errno_name(code));
  return line;
}

std::string errno_name(int code) {
  if (code == kENOTSUPP) return "ENOTSUPP";
  const char* name = code > 0 ? strerrorname_np(code) : nullptr;
  return name != nullptr ? name : fmt::format("errno {}", code);
}

}  // namespace skep
