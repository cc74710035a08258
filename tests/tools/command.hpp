// SPDX-License-Identifier: Apache-2.0
// Runs a command and collects what it says.
#pragma once

#include <string>
#include <vector>

namespace skep::tests {

struct CommandResult {
  int exit = -1;  ///< exit code; 128 + signal where one ended it
  std::string out;
  std::string err;
};

/// Runs argv[0] with `input` on its standard input. No shell.
CommandResult run_command(const std::vector<std::string>& argv, const std::string& input = {});

/// The last line of a text, without its line break.
std::string last_line(const std::string& text);

/// A file in a directory that goes with the process.
std::string temporary_path(const std::string& name);
std::string write_temporary(const std::string& name, const std::string& content);
std::string read_whole(const std::string& path);

}  // namespace skep::tests
