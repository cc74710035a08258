// SPDX-License-Identifier: Apache-2.0
// The format strings of bpf_trace_printk and its kin (Linux: bpf_bprintf_prepare, bstr_printf).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace skep::vm::helpers {

/// Appends to `out` what `format` and `arguments` give; 0, -EINVAL for a format that Linux refuses (an unknown conversion, more
/// conversions than arguments, control characters), -ENOSPC when the arguments need more than 512 bytes. Strings and addresses
/// are read safely: unreadable ones print as empty and as zero.
int format_text(std::string& out, std::string_view format, std::span<const uint64_t> arguments);

/// Largest number of arguments of the helpers that take an array (MAX_BPRINTF_VARARGS).
inline constexpr uint32_t kMaxFormatArguments = 12;
/// Buffer of the text that is printed (MAX_BPRINTF_BUF), bytes with the NUL.
inline constexpr size_t kMaxPrintedText = 1024;

}  // namespace skep::vm::helpers
