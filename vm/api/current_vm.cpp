// SPDX-License-Identifier: Apache-2.0
#include "skep/libbpf.hpp"
#include "vm/api/handles.hpp"

namespace skep {

struct CurrentVm::Impl {
  explicit Impl(const Vm& of) : vm(of.impl()), current(*vm->vm) {}

  std::shared_ptr<Vm::Impl> vm;
  vm::CurrentSystem current;
};

CurrentVm::CurrentVm(const Vm& vm) : impl_(std::make_unique<Impl>(vm)) {}
CurrentVm::~CurrentVm() = default;

}  // namespace skep
