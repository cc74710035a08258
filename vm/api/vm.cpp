// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include "vm/api/handles.hpp"
#include "vm/api/version.hpp"
#include "vm/read_file.hpp"

namespace skep {
namespace {

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

Result<Vm> Vm::create(const VmOptions& options) {
  auto vm = vm::Vm::create(config_of(options));
  if (!vm) return std::move(vm).error();
  return Vm(std::make_shared<Impl>(Impl{std::move(*vm)}));
}

Result<Object> Vm::open(const std::string& path, const ObjectOptions& options) {
  auto bytes = vm::read_file(path);
  if (!bytes) return std::move(bytes).error();
  ObjectOptions named = options;
  if (named.name.empty()) named.name = path;
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
