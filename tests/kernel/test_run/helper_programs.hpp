// SPDX-License-Identifier: Apache-2.0
// Programs of one or a few helper calls. Each is text between a prologue that keeps the context in r6 and zeroes 64 bytes of
// stack, and `exit`; a blank-separated "call NAME a b c d" is written out by `expand`.
#pragma once

#include <span>
#include <sstream>
#include <string>
#include <string_view>

#include "verifier/helpers.hpp"

namespace skep::test {

/// One line: "skb_store_bytes 14 fp-8 4 1" calls a helper: "ctx" is the context, "fp-N" the stack. A line that begins
/// with "=" is an instruction as it is.
inline std::string expand_line(const std::string& line) {
  if (line.starts_with('=')) return line.substr(1) + "\n";
  std::istringstream words(line);
  std::string name;
  words >> name;
  std::string text;
  std::string word;
  for (int r = 1; words >> word; ++r) {
    const std::string reg = "r" + std::to_string(r);
    if (word == "ctx")
      text += reg + " = r6\n";
    else if (word == "last")  // the result of the call before
      text += reg + " = r0\n";
    else if (word.starts_with("fp"))
      text += reg + " = r10\n" + reg + " += " + word.substr(2) + "\n";
    else
      text += reg + " = " + word + (word.size() > 10 ? " ll\n" : "\n");
  }
  return text + "call " + std::to_string(static_cast<uint32_t>(verifier::helper_by_name(name)->id)) + "\n";
}

/// A whole program. Lines are separated by ';'.
inline std::string expand(std::string_view body) {
  std::string text = "r6 = r1\nr0 = 0\n";
  for (int at = 8; at <= 64; at += 8) text += "*(u64 *)(r10 - " + std::to_string(at) + ") = 0\n";
  std::istringstream lines{std::string(body)};
  for (std::string line; std::getline(lines, line, ';');) {
    line.erase(0, line.find_first_not_of(' '));
    text += expand_line(line);
  }
  return text + "exit\n";
}

}  // namespace skep::test
