// SPDX-License-Identifier: Apache-2.0
#include "maps/local_storage.hpp"

#include <cerrno>

#include "maps/array.hpp"
#include "maps/attributes.hpp"

namespace skep::maps {
namespace {

constexpr uint32_t kMaxValue = 65535 - 128;  // Linux: U16_MAX - sizeof(struct bpf_local_storage_elem)

}  // namespace

Status check_local_storage(const Attributes& attributes) {
  const auto fail = [&](int code, std::string_view what) { return attribute_error(code, attributes, what); };
  if ((attributes.flags & ~(kFlagNoPrealloc | kFlagClone)) != 0) return fail(EINVAL, "flags are not for this type");
  if ((attributes.flags & kFlagNoPrealloc) == 0) return fail(EINVAL, "it needs BPF_F_NO_PREALLOC");
  if (attributes.max_entries != 0) return fail(EINVAL, "max_entries must be 0");
  if (attributes.key_size != sizeof(int)) return fail(EINVAL, "the key must have 4 bytes, a descriptor");
  if (attributes.value_size == 0) return fail(EINVAL, "the value has no bytes");
  if (attributes.btf_key_type == 0 || attributes.btf_value_type == 0)
    return fail(EINVAL, "it needs BTF types of key and value");
  if (attributes.value_size > kMaxValue) return fail(E2BIG, "the value is too large");
  return {};
}

Result<std::shared_ptr<Map>> LocalStorageMap::make(Attributes attributes, Environment& environment) {
  return std::shared_ptr<Map>(new LocalStorageMap(std::move(attributes), environment));
}

int LocalStorageMap::host_lookup(const void* /*key*/, void* /*value*/, uint64_t flags) {
  const int error = check_lookup_flags(flags);
  return error != 0 ? error : -EBADF;
}

int LocalStorageMap::host_update(const void* /*key*/, const void* /*value*/, uint64_t /*flags*/) { return -EBADF; }

int LocalStorageMap::host_erase(const void* /*key*/) { return -EBADF; }

int LocalStorageMap::check_btf() const {
  return is_index_type(*attributes_.btf, attributes_.btf_key_type) ? 0 : -EINVAL;
}

}  // namespace skep::maps
