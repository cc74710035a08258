// SPDX-License-Identifier: Apache-2.0
#include "verifier/program_types.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cerrno>

using namespace skep;
using namespace skep::verifier;

TEST_CASE("program types are found by number and name") {
  REQUIRE(program_type(ProgramType::sched_cls) != nullptr);
  CHECK(program_type(ProgramType::sched_cls)->name == "sched_cls");
  CHECK(program_type_by_name("raw_tracepoint_writable")->type == ProgramType::raw_tracepoint_writable);
  CHECK(program_type_name(ProgramType::netfilter) == "netfilter");
}

TEST_CASE("what is no program type has no row") {
  CHECK(program_type(ProgramType::unspec) == nullptr);
  CHECK(program_type(ProgramType(33)) == nullptr);
  CHECK(program_type(ProgramType(UINT32_MAX)) == nullptr);
  CHECK(program_type_by_name("unspec") == nullptr);
  CHECK(program_type_by_name("XDP") == nullptr);
  CHECK(program_type_name(ProgramType(33)) == "unknown");
}

TEST_CASE("attach types are found by name") {
  CHECK(attach_type_by_name("trace_uprobe_session") == AttachType(57));
  CHECK(attach_type_by_name("cgroup") == std::nullopt);
  CHECK(attach_type_name(AttachType::netkit_peer) == "netkit_peer");
  CHECK(attach_type_name(AttachType(58)) == "unknown");
}

TEST_CASE("a load names an attach type of its program type") {
  CHECK(check_attach_type(ProgramType::cgroup_skb, AttachType::cgroup_inet_egress).ok());
  CHECK(check_attach_type(ProgramType::xdp, AttachType(59)).ok());  // not looked at
  const Status wrong = check_attach_type(ProgramType::cgroup_skb, AttachType::xdp);
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().code == EINVAL);
  CHECK(wrong.error().message == "a cgroup_skb program cannot be loaded for attach type 37 (xdp)");
  CHECK_FALSE(check_attach_type(ProgramType::syscall, AttachType::xdp).ok());
  CHECK(check_attach_type(ProgramType::syscall, AttachType{}).ok());
  CHECK_FALSE(check_attach_type(ProgramType(99), AttachType{}).ok());
}

TEST_CASE("a missing attach type means the oldest one where Linux says so") {
  CHECK(effective_attach_type(ProgramType::cgroup_sock, AttachType{}) == AttachType::cgroup_inet_sock_create);
  CHECK(effective_attach_type(ProgramType::sk_reuseport, AttachType{}) == AttachType::sk_reuseport_select);
  CHECK(effective_attach_type(ProgramType::xdp, AttachType{}) == AttachType{});
  CHECK(check_attach_type(ProgramType::cgroup_sock, AttachType{}).ok());
  CHECK_FALSE(check_attach_type(ProgramType::cgroup_sock_addr, AttachType{}).ok());
}

TEST_CASE("only some programs may sleep") {
  CHECK(can_be_sleepable(ProgramType::syscall, AttachType{}));
  CHECK(can_be_sleepable(ProgramType::tracing, AttachType::trace_fentry));
  CHECK_FALSE(can_be_sleepable(ProgramType::tracing, AttachType::trace_raw_tp));
  CHECK(can_be_sleepable(ProgramType::lsm, AttachType::lsm_mac));
  CHECK_FALSE(can_be_sleepable(ProgramType::lsm, AttachType::lsm_cgroup));
  CHECK_FALSE(can_be_sleepable(ProgramType::xdp, AttachType::trace_iter));
  CHECK_FALSE(can_be_sleepable(ProgramType(99), AttachType{}));
}

TEST_CASE("return ranges depend on the attach type") {
  CHECK(return_range(ProgramType::cgroup_skb, AttachType::cgroup_inet_ingress) == ReturnRange{0, 1});
  CHECK(return_range(ProgramType::cgroup_skb, AttachType::cgroup_inet_egress) == ReturnRange{0, 3});
  CHECK(return_range(ProgramType::cgroup_sock_addr, AttachType::cgroup_unix_recvmsg) == ReturnRange{1, 1});
  CHECK(return_range(ProgramType::tracing, AttachType::trace_fexit) == ReturnRange{0, 0});
  CHECK(return_range(ProgramType::tracing, AttachType::modify_return) == std::nullopt);
  CHECK(return_range(ProgramType::xdp, AttachType{}) == std::nullopt);
}
