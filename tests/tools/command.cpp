// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/command.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace skep::tests {
namespace {

/// The directory of temporary_path, removed at exit.
class Directory {
 public:
  Directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "skep-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = pattern;
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

std::string temporary_path(const std::string& name) {
  static const Directory directory;
  return directory.path() + "/" + name;
}

std::string write_temporary(const std::string& name, const std::string& content) {
  std::string path = temporary_path(name);
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::string read_whole(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

CommandResult run_command(const std::vector<std::string>& argv, const std::string& input) {
  const std::string in = write_temporary("stdin", input);
  const std::string out = temporary_path("stdout");
  const std::string err = temporary_path("stderr");
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    dup2(open(in.c_str(), O_RDONLY), STDIN_FILENO);
    dup2(open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
    dup2(open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
    execvp(words[0], words.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return {.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .out = read_whole(out),
          .err = read_whole(err)};
}

std::string last_line(const std::string& text) {
  std::string body = text;
  while (!body.empty() && body.back() == '\n') body.pop_back();
  const size_t at = body.find_last_of('\n');
  return at == std::string::npos ? body : body.substr(at + 1);
}

}  // namespace skep::tests
