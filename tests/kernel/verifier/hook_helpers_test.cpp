// SPDX-License-Identifier: Apache-2.0
// Which helpers programs may call whose hook a BTF type names: the table against the running kernel.
#include <fmt/format.h>

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <iterator>
#include <string_view>

#include "btf/types.hpp"
#include "isa/make.hpp"
#include "tests/kernel/kernel_bpf.hpp"
#include "verifier/helpers.hpp"

using namespace skep;
using namespace skep::test;
using verifier::AttachType;
using verifier::ProgramType;

namespace {

std::shared_ptr<const btf::Types> kernel_types() {
  std::ifstream file("/sys/kernel/btf/vmlinux", std::ios::binary);
  const std::string blob(std::istreambuf_iterator<char>(file), {});
  auto types = btf::Types::parse(std::as_bytes(std::span(blob)), {}, btf::Origin::kernel);
  return types ? *types : nullptr;
}

/// A place to attach to: the BTF type that names it, and the name that HelperCaller takes.
struct Hook {
  ProgramType type;
  AttachType attach;
  btf::Kind kind;
  std::string_view type_name;
  std::string_view hook;
};

constexpr Hook kHooks[] = {
    {ProgramType::tracing, AttachType::trace_raw_tp, btf::Kind::typedef_, "btf_trace_sched_switch", "sched_switch"},
    {ProgramType::tracing, AttachType::trace_fentry, btf::Kind::func, "bpf_fentry_test1", "bpf_fentry_test1"},
    {ProgramType::tracing, AttachType::trace_iter, btf::Kind::func, "bpf_iter_task", "bpf_iter_task"},
    {ProgramType::tracing, AttachType::trace_iter, btf::Kind::func, "bpf_iter_tcp", "bpf_iter_tcp"},
    {ProgramType::lsm, AttachType::lsm_mac, btf::Kind::func, "bpf_lsm_file_open", "bpf_lsm_file_open"},
    {ProgramType::lsm, AttachType::lsm_cgroup, btf::Kind::func, "bpf_lsm_sock_graft", "bpf_lsm_sock_graft"},
    {ProgramType::struct_ops, {}, btf::Kind::struct_, "tcp_congestion_ops", "tcp_congestion_ops.init"},
    {ProgramType::struct_ops, {}, btf::Kind::struct_, "tcp_congestion_ops", "tcp_congestion_ops.release"},
    {ProgramType::struct_ops, {}, btf::Kind::struct_, "bpf_dummy_ops", "bpf_dummy_ops.test_1"},
};

/// For struct_ops the attach type is the number of the member.
uint32_t attach_number(const btf::Types& types, const Hook& hook, btf::TypeId id) {
  if (hook.type != ProgramType::struct_ops) return static_cast<uint32_t>(hook.attach);
  const std::string_view member = hook.hook.substr(hook.hook.find('.') + 1);
  uint32_t index = 0;
  while (types.type(id).members()[index].name != member) ++index;
  return index;
}

bool depends_on_configuration(std::string_view name) { return name == "bpf_probe_write_user"; }

}  // namespace

TEST_CASE("the kernel offers the helpers of the table at hooks that BTF names") {
  if (!kernel_bpf_works()) SKIP("this process may not load programs into the kernel");
  const std::shared_ptr<const btf::Types> types = kernel_types();
  if (types == nullptr) SKIP("the kernel shows no BTF");
  for (const Hook& hook : kHooks) {
    const btf::TypeId id = types->find(hook.type_name, hook.kind);
    if (id == 0) continue;
    for (const verifier::HelperProto& helper : verifier::helpers()) {
      if (depends_on_configuration(helper.name)) continue;
      const auto number = static_cast<uint32_t>(helper.id);
      const isa::Code code = isa::make::call_helper(number) + isa::make::mov64_imm(0, 0) + isa::make::exit();
      const KernelVerdict verdict = kernel_load({.type = static_cast<uint32_t>(hook.type),
                                                 .attach = attach_number(*types, hook, id),
                                                 .attach_btf_id = id,
                                                 .insns = code});
      if (verdict.log.empty()) break;  // The system's policy keeps this process from the hook.
      CAPTURE(hook.hook, helper.name);
      const bool table =
          verifier::helper_for({.type = hook.type, .attach = hook.attach, .hook = hook.hook}, number) != nullptr;
      CHECK(verdict.says("program of this type cannot use helper") == !table);
    }
  }
}
