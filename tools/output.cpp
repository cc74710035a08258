// SPDX-License-Identifier: Apache-2.0
#include "tools/output.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace skep::tools {
namespace {

constexpr size_t kMaxInput = size_t{1} << 30;

struct Close {
  void operator()(std::FILE* file) const {
    if (file != stdin && file != stdout) std::fclose(file);
  }
};
using File = std::unique_ptr<std::FILE, Close>;

Error file_error(const std::string& path, std::string what) {
  const int code = errno != 0 ? errno : EIO;
  what += ": ";
  what += std::strerror(code);
  return {.code = code, .message = std::move(what), .object = path};
}

}  // namespace

void print_json(const Json& object) {
  std::puts(object.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
  std::fflush(stdout);
}

int fail(const Error& error) {
  std::fflush(stdout);
  std::fprintf(stderr, "skep: error: %s\n", error.text().c_str());
  return kFailed;
}

int usage_error(std::string_view message) {
  std::fprintf(stderr, "skep: error: %.*s\n", static_cast<int>(message.size()), message.data());
  return kUsage;
}

void warn(std::string_view message) {
  std::fprintf(stderr, "skep: warning: %.*s\n", static_cast<int>(message.size()), message.data());
}

Result<std::vector<std::byte>> read_input(const std::string& path) {
  errno = 0;
  const File file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
  if (!file) return file_error(path, "cannot open the file");
  std::vector<std::byte> bytes;
  std::byte piece[65536];
  while (const size_t got = std::fread(piece, 1, sizeof piece, file.get())) {
    bytes.insert(bytes.end(), piece, piece + got);
    if (bytes.size() > kMaxInput)
      return Error{.code = EFBIG, .message = "the file is larger than 1 GiB", .object = path};
  }
  if (std::ferror(file.get()) != 0) return file_error(path, "cannot read the file");
  return bytes;
}

Status write_output(const std::string& path, std::span<const std::byte> bytes) {
  errno = 0;
  const File file(path == "-" ? stdout : std::fopen(path.c_str(), "wb"));
  if (!file) return file_error(path, "cannot write the file");
  if (std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size() || std::fflush(file.get()) != 0)
    return file_error(path, "cannot write the file");
  return {};
}

}  // namespace skep::tools
