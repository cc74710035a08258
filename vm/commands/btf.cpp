// SPDX-License-Identifier: Apache-2.0
// BPF_BTF_LOAD.
#include "maps/flags.hpp"
#include "vm/commands/commands.hpp"
#include "vm/commands/log.hpp"

namespace skep::vm::commands {
namespace {

constexpr uint32_t kMaxBtfSize = 16 << 20;  // BTF_MAX_SIZE

/// The caller's types, checked. Why not goes to its log.
Result<std::shared_ptr<const btf::Types>> parse(const BtfLoadAttr& attr, Log& log) {
  Buffer blob(attr.btf_size);
  if (const int error = blob.read(attr.btf); error != 0)
    return Error{.code = -error, .message = "cannot read the BTF to load"};
  auto types = btf::Types::parse({blob.data(), blob.size()});
  if (!types) log.add(types.error().message + "\n");
  return types;
}

}  // namespace

long btf_load(const Call& call, Attr& arguments) {
  const BtfLoadAttr& attr = arguments.btf_load;
  if ((attr.btf_flags & ~maps::kFlagTokenFd) != 0) return -EINVAL;
  if ((attr.btf_flags & maps::kFlagTokenFd) != 0) return refuse_token(call.vm, attr.btf_token_fd);
  if (call.vm.unprivileged()) return -EPERM;
  if (attr.btf_size > kMaxBtfSize) return -E2BIG;
  Log log(attr.btf_log_level, attr.btf_log_buf, attr.btf_log_size);
  if (!log.valid()) return -EINVAL;

  auto types = parse(attr, log);
  uint32_t true_size = 0;
  int log_error = log.finish(true_size);
  constexpr size_t kTrueSize = offsetof(Attr, btf_load.btf_log_true_size);
  if (call.covers(kTrueSize) && !call.put(kTrueSize, true_size)) log_error = -EFAULT;
  if (log_error != 0) return log_error;
  if (!types) return call.refuse(types.error());

  const auto object = std::make_shared<BtfObject>(*std::move(types));
  call.vm.btf_ids().add(object);
  return call.vm.descriptors().open(AnyObject(object));
}

}  // namespace skep::vm::commands
