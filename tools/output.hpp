// SPDX-License-Identifier: Apache-2.0
// Where the commands write: results on standard output, all else on standard error.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "skep/error.hpp"

namespace skep::tools {

/// Exit codes of all commands.
enum Exit : int { kDone = 0, kFailed = 1, kUsage = 2 };

/// JSON with its keys in the order in which they were set.
using Json = nlohmann::ordered_json;

/// One compact object on a line of standard output. Bytes that are no UTF-8 are replaced.
void print_json(const Json& object);

/// "skep: error: ..." on standard error; kFailed, so that callers can `return fail(error)`.
int fail(const Error& error);
int usage_error(std::string_view message);
void warn(std::string_view message);

/// A whole file; "-" is standard input. The error names the file.
Result<std::vector<std::byte>> read_input(const std::string& path);
/// Writes a whole file; "-" is standard output.
Status write_output(const std::string& path, std::span<const std::byte> bytes);

}  // namespace skep::tools
