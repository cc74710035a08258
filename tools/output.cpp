// SPDX-License-Identifier: Apache-2.0
#include "tools/output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace skep::tools {
namespace {

constexpr size_t kMaxInput = size_t{1} << 30;
constexpr size_t kMaxSource = 160;

/// Where data for "-" goes.
std::FILE*& data_output() {
  static std::FILE* file = stdout;
  return file;
}

/// A source line that a macro has made can have kilobytes.
std::string shortened(std::string source) {
  if (source.size() <= kMaxSource) return source;
  size_t end = kMaxSource;
  while (end > 0 && (static_cast<unsigned char>(source[end]) & 0xc0) == 0x80) --end;  // inside a UTF-8 character
  return source.substr(0, end) + " ...";
}

}  // namespace

void keep_standard_streams() {
  // Open for the other direction, so that the use that the stream is there for fails as it does on a closed one.
  constexpr int kModes[] = {O_WRONLY, O_RDONLY, O_RDONLY};
  for (int fd = 0; fd < 3; ++fd)
    if (fcntl(fd, F_GETFD) < 0) (void)open("/dev/null", kModes[fd]);
}

int finish_output(int exit) {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit;
  const Error error = file_error("standard output", "cannot write");
  return exit == kUsage ? exit : fail(error);
}

void claim_stdout() {
  std::fflush(stdout);
  data_output() = fdopen(dup(STDOUT_FILENO), "wb");
  dup2(STDERR_FILENO, STDOUT_FILENO);
}

void print_json(const Json& object) {
  std::puts(object.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
  std::fflush(stdout);
}

int fail(const Error& error) {
  std::fflush(stdout);
  Error shown = error;
  shown.source = shortened(std::move(shown.source));
  std::fprintf(stderr, "skep: error: %s\n", shown.text().c_str());
  return kFailed;
}

int usage_error(std::string_view message) {
  std::fprintf(stderr, "skep: error: %.*s\n", static_cast<int>(message.size()), message.data());
  return kUsage;
}

void warn(std::string_view message) {
  std::fprintf(stderr, "skep: warning: %.*s\n", static_cast<int>(message.size()), message.data());
}

Error file_error(const std::string& path, const char* what) {
  const int code = errno != 0 ? errno : EIO;
  return {.code = code, .message = std::string(what) + ": " + std::strerror(code), .object = path};
}

Result<File> open_input(const std::string& path) {
  if (path.empty()) return Error{.code = ENOENT, .message = "the name of a file to read is empty"};
  errno = 0;
  File file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
  if (!file) return file_error(path, "cannot open the file");
  return file;
}

Result<File> open_output(const std::string& path) {
  errno = path == "-" ? EBADF : 0;  // where standard output was closed
  File file(path == "-" ? data_output() : std::fopen(path.c_str(), "wb"));
  if (!file) return file_error(path, "cannot write the file");
  return file;
}

Result<std::vector<std::byte>> read_input(const std::string& path) {
  auto file = open_input(path);
  if (!file) return std::move(file).error();
  std::vector<std::byte> bytes;
  std::byte piece[65536];
  while (const size_t got = std::fread(piece, 1, sizeof piece, file->get())) {
    bytes.insert(bytes.end(), piece, piece + got);
    if (bytes.size() > kMaxInput)
      return Error{.code = EFBIG, .message = "the file is larger than 1 GiB", .object = path};
  }
  if (std::ferror(file->get()) != 0) return file_error(path, "cannot read the file");
  return bytes;
}

Status write_output(const std::string& path, std::span<const std::byte> bytes) {
  auto file = open_output(path);
  if (!file) return std::move(file).error();
  if (std::fwrite(bytes.data(), 1, bytes.size(), file->get()) != bytes.size() || std::fflush(file->get()) != 0)
    return file_error(path, "cannot write the file");
  return {};
}

}  // namespace skep::tools
