// SPDX-License-Identifier: Apache-2.0
#include "vm/read_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace skep::vm {
namespace {

constexpr size_t kMaxBytes = size_t{512} << 20;

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

Error file_error(const std::string& path, const char* what) {
  const int code = errno != 0 ? errno : EIO;
  return {.code = code, .message = std::string(what) + ": " + std::strerror(code), .object = path};
}

}  // namespace

Result<std::vector<std::byte>> read_file(const std::string& path) {
  errno = 0;
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rb"));
  if (!file) return file_error(path, "cannot open the file");
  std::vector<std::byte> bytes;
  std::byte piece[65536];
  while (const size_t got = std::fread(piece, 1, sizeof piece, file.get())) {
    bytes.insert(bytes.end(), piece, piece + got);
    if (bytes.size() > kMaxBytes)
      return Error{.code = EFBIG, .message = "the file is larger than 512 MiB", .object = path};
  }
  if (std::ferror(file.get()) != 0) return file_error(path, "cannot read the file");
  return bytes;
}

}  // namespace skep::vm
