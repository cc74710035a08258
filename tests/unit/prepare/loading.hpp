// SPDX-License-Identifier: Apache-2.0
// What libbpf does with a prepared object. Include private_libbpf.hpp before any of libbpf's headers.
#pragma once

#include <private_libbpf.hpp>

#include <bpf/libbpf.h>

#include <memory>
#include <span>

#include "tests/unit/libbpf/fake_system.hpp"

namespace skep::vm::test {

struct CloseObject {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};
using ObjectPtr = std::unique_ptr<bpf_object, CloseObject>;

inline ObjectPtr open_object(std::span<const std::byte> bytes) {
  return ObjectPtr(bpf_object__open_mem(bytes.data(), bytes.size(), nullptr));
}

/// A FakeSystem with a configuration and with `types` as the kernel's BTF.
class FakeKernel : public FakeSystem {
 public:
  explicit FakeKernel(std::string types) {
    files["/proc/config.gz"] = "CONFIG_HZ=250\n";
    files["/proc/kallsyms"] = "ffffffff81000000 T _text\n";
    files["/sys/kernel/btf/vmlinux"] = std::move(types);
  }
};

}  // namespace skep::vm::test
