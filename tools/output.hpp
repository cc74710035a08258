// SPDX-License-Identifier: Apache-2.0
// Where the commands write: results on standard output, all else on standard error.
#pragma once

#include <cstddef>
#include <cstdio>
#include <memory>
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

/// Opens what is closed of the three standard streams, so that no other file takes their numbers; what uses them still fails.
void keep_standard_streams();
/// The exit code of a command that ends with `exit`: kFailed, with a message, if standard output did not take all text.
int finish_output(int exit);
/// Gives standard output to data: outputs to "-" go there, and what is printed goes to standard error from now on.
void claim_stdout();

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin && file != stdout) std::fclose(file);
  }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// "PATH: what: reason (ERRNO)" of errno, for all files that a command uses.
Error file_error(const std::string& path, const char* what);
/// "-" is standard input, standard output. The error is file_error's.
Result<File> open_input(const std::string& path);
Result<File> open_output(const std::string& path);
Result<std::vector<std::byte>> read_input(const std::string& path);
Status write_output(const std::string& path, std::span<const std::byte> bytes);

}  // namespace skep::tools
