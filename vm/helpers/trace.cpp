// SPDX-License-Identifier: Apache-2.0
// Text for people: bpf_printk and bpf_snprintf.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "vm/helpers/families.hpp"
#include "vm/helpers/format.hpp"
#include "vm/vm.hpp"

namespace skep::vm::helpers {
namespace {

/// Hands out one line; the length of the whole text, which may be longer than what is printed.
int64_t print(Run& run, const char* format, uint32_t size, std::span<const uint64_t> arguments) {
  const std::string stable(format, size);  // programs may write to the format at the same time
  const size_t length = stable.find('\0');
  if (length == std::string::npos) return -EINVAL;
  std::string text;
  if (const int error = format_text(text, std::string_view(stable).substr(0, length), arguments); error != 0)
    return error;
  std::string_view line = text;
  line = line.substr(0, std::min(line.find('\0'), kMaxPrintedText - 1));
  if (line.ends_with('\n')) line.remove_suffix(1);
  run.vm.trace(line);
  return static_cast<int64_t>(text.size());
}

/// Whether `size` bytes are an array of arguments.
bool is_argument_array(const void* arguments, uint32_t size) {
  return size % sizeof(uint64_t) == 0 && size <= kMaxFormatArguments * sizeof(uint64_t) &&
         (size == 0 || arguments != nullptr);
}

int64_t trace_printk(Run& run, const char* format, uint32_t size, uint64_t first, uint64_t second, uint64_t third) {
  const uint64_t arguments[] = {first, second, third};
  return print(run, format, size, arguments);
}

int64_t trace_vprintk(Run& run, const char* format, uint32_t size, const uint64_t* arguments, uint32_t bytes) {
  if (!is_argument_array(arguments, bytes)) return -EINVAL;
  return print(run, format, size, {arguments, bytes / sizeof(uint64_t)});
}

/// The length of the whole text with its NUL, of which `size` bytes at most are written.
int64_t snprintf(Run&, char* to, uint32_t size, const char* format, const uint64_t* arguments, uint32_t bytes) {
  if (!is_argument_array(arguments, bytes)) return -EINVAL;
  std::string text;
  if (const int error = format_text(text, format, {arguments, bytes / sizeof(uint64_t)}); error != 0) return error;
  if (size != 0) {
    const size_t written = std::min<size_t>(text.size(), size - 1);
    std::memcpy(to, text.data(), written);
    to[written] = 0;
  }
  return static_cast<int64_t>(text.size() + 1);
}

/// No link, so no cookie.
uint64_t get_attach_cookie(Run&, const void*) { return 0; }

constexpr Row kRows[] = {
    row<trace_printk>(HelperId::trace_printk),
    row<trace_vprintk>(HelperId::trace_vprintk),
    row<snprintf>(HelperId::snprintf),
    row<get_attach_cookie>(HelperId::get_attach_cookie),
};

}  // namespace

Rows trace_helpers() { return kRows; }

}  // namespace skep::vm::helpers
