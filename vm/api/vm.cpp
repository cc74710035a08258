// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstring>
#include <fstream>

#include "vm/api/handles.hpp"
#include "vm/api/read_file.hpp"
#include "vm/api/version.hpp"

namespace skep {
namespace {

constexpr size_t kMaxObjectBytes = size_t{512} << 20;

std::string file_name(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

vm::Config config_of(const VmOptions& options) {
  return {.cpus = options.cpus,
          .fixed_clock_ns = options.clock_ns,
          .seed = options.seed,
          .unprivileged = options.unprivileged,
          .kernel_btf = options.kernel_btf,
          .kconfig = options.kconfig,
          .kernel_release = options.kernel_release,
          .map_memory_limit = options.map_memory_limit,
          .log = options.log,
          .trace = options.trace};
}

}  // namespace

std::string_view version() { return kVersion; }

Error not_loaded(const std::string& what) { return {.code = EINVAL, .message = what + " is not loaded"}; }

Result<std::vector<std::byte>> read_file(const std::string& path) {
  const auto fail = [&path](int code, std::string message) {
    return Error{.code = code, .message = std::move(message), .object = path};
  };
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(errno != 0 ? errno : EIO, std::string("cannot open the file: ") + std::strerror(errno));
  std::vector<std::byte> bytes;
  char piece[65536];
  while (file.read(piece, sizeof piece), file.gcount() > 0) {
    const auto* begin = reinterpret_cast<const std::byte*>(piece);
    bytes.insert(bytes.end(), begin, begin + file.gcount());
    if (bytes.size() > kMaxObjectBytes) return fail(EFBIG, "the file is larger than 512 MiB");
  }
  if (file.bad() || (errno != 0 && !file.eof())) return fail(EIO, "cannot read the file");
  return bytes;
}

Result<Vm> Vm::create(const VmOptions& options) {
  auto vm = vm::Vm::create(config_of(options));
  if (!vm) return std::move(vm).error();
  return Vm(std::make_shared<Impl>(Impl{std::move(*vm)}));
}

Result<Object> Vm::open(const std::string& path, const ObjectOptions& options) {
  auto bytes = read_file(path);
  if (!bytes) return std::move(bytes).error();
  ObjectOptions named = options;
  if (named.name.empty()) named.name = file_name(path);
  return open(*bytes, named);
}

Result<Object> Vm::open(std::span<const std::byte> elf, const ObjectOptions& options) {
  auto object =
      vm::BpfObject::open(impl_->vm, elf, {.name = options.name, .program = options.program, .type = options.type});
  if (!object) return std::move(object).error();
  return Object(std::make_shared<Object::Impl>(Object::Impl{impl_, std::move(*object)}));
}

long Vm::bpf(int command, void* attr, unsigned size) { return impl_->vm->bpf(command, attr, size); }

}  // namespace skep
