// SPDX-License-Identifier: Apache-2.0
// Attaching, which a VM refuses as a Linux does that lacks the target.
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

using namespace skep;
using namespace skep::vm;
using verifier::AttachType;
using verifier::ProgramType;

namespace {

long create_link(Vm& vm, int program, AttachType attach, uint32_t flags = 0) {
  Attr attr{};
  attr.link_create.prog_fd = static_cast<uint32_t>(program);
  attr.link_create.target_fd = 0xffffffff;
  attr.link_create.attach_type = static_cast<uint32_t>(attach);
  attr.link_create.flags = flags;
  return bpf(vm, Command::link_create, attr);
}

int load_for(Vm& vm, ProgramType type, AttachType attach = {}) {
  const isa::Code code = trivial_code();
  Attr attr = load_attr(code, type);
  attr.prog_load.expected_attach_type = static_cast<uint32_t>(attach);
  return static_cast<int>(bpf(vm, Command::prog_load, attr));
}

}  // namespace

TEST_CASE("libbpf's probe for perf links finds them") {
  const auto vm = make_vm();
  const int program = load_for(*vm, ProgramType::tracepoint);
  CHECK(create_link(*vm, program, AttachType::perf_event) == -EBADF);
  CHECK(create_link(*vm, program, AttachType::perf_event, 1) == -EINVAL);
}

TEST_CASE("libbpf's probe for uprobes finds them, with the filter of processes") {
  const auto vm = make_vm();
  const int program = load_for(*vm, ProgramType::kprobe, AttachType::trace_uprobe_multi);
  uint64_t offset = 0;
  Attr attr{};
  attr.link_create.prog_fd = static_cast<uint32_t>(program);
  attr.link_create.target_fd = 0xffffffff;
  attr.link_create.attach_type = static_cast<uint32_t>(AttachType::trace_uprobe_multi);
  attr.link_create.uprobe_multi.path = reinterpret_cast<uint64_t>("/");
  attr.link_create.uprobe_multi.offsets = address_of(offset);
  attr.link_create.uprobe_multi.cnt = 1;
  CHECK(bpf(*vm, Command::link_create, attr) == -EBADF);
  attr.link_create.uprobe_multi.pid = -1;
  CHECK(bpf(*vm, Command::link_create, attr) == -EINVAL);
  attr.link_create.uprobe_multi.pid = 0;
  attr.link_create.uprobe_multi.cnt = 0x7fffffff;
  CHECK(bpf(*vm, Command::link_create, attr) == -E2BIG);
  attr.link_create.uprobe_multi.cnt = 1;
  attr.link_create.uprobe_multi.path = 1;
  CHECK(bpf(*vm, Command::link_create, attr) == -EFAULT);
}

TEST_CASE("Each type of programs lacks its own kind of target") {
  const auto vm = make_vm();
  CHECK(create_link(*vm, -1, AttachType::xdp) == -EBADF);
  CHECK(create_link(*vm, create_array(*vm), AttachType::xdp) == -EINVAL);
  CHECK(create_link(*vm, load_for(*vm, ProgramType::xdp), AttachType::xdp) == -EINVAL);
  CHECK(create_link(*vm, load_for(*vm, ProgramType::xdp), AttachType::tcx_ingress) == -EINVAL);
  CHECK(create_link(*vm, load_for(*vm, ProgramType::sched_cls), AttachType::tcx_ingress) == -ENODEV);
  CHECK(create_link(*vm, load_for(*vm, ProgramType::cgroup_skb), AttachType::cgroup_inet_egress) == -EBADF);
  CHECK(create_link(*vm, load_for(*vm, ProgramType::sk_lookup, AttachType::sk_lookup), AttachType::sk_lookup) ==
        -EBADF);
  CHECK(create_link(*vm, load_for(*vm, ProgramType::sk_msg), AttachType::sk_msg_verdict) == -EBADF);
  CHECK(create_link(*vm, load_for(*vm, ProgramType::socket_filter), AttachType{}) == -EINVAL);
  CHECK(create_link(*vm, create_array(*vm), AttachType::struct_ops) == -EINVAL);
}

TEST_CASE("Links that are not there are not changed") {
  const auto vm = make_vm();
  const auto map = static_cast<uint32_t>(create_array(*vm));
  Attr attr{};
  attr.link_update.link_fd = 0xffffffff;
  CHECK(bpf(*vm, Command::link_update, attr) == -EBADF);
  CHECK(bpf(*vm, Command::link_detach, attr) == -EBADF);
  CHECK(bpf(*vm, Command::iter_create, attr) == -EBADF);
  attr.link_update.link_fd = map;
  CHECK(bpf(*vm, Command::link_update, attr) == -EINVAL);
  CHECK(bpf(*vm, Command::link_detach, attr) == -EINVAL);
  CHECK(bpf(*vm, Command::iter_create, attr) == -EINVAL);
}

TEST_CASE("A raw tracepoint that the machine does not have is ENOENT") {
  const auto vm = make_vm();
  Attr attr{};
  attr.raw_tracepoint.prog_fd = static_cast<uint32_t>(load_for(*vm, ProgramType::raw_tracepoint));
  attr.raw_tracepoint.name = reinterpret_cast<uint64_t>("sched_switch");
  CHECK(bpf(*vm, Command::raw_tracepoint_open, attr) == -ENOENT);
  attr.raw_tracepoint.name = 1;
  CHECK(bpf(*vm, Command::raw_tracepoint_open, attr) == -EFAULT);
  attr.raw_tracepoint.prog_fd = static_cast<uint32_t>(load_for(*vm, ProgramType::xdp));
  CHECK(bpf(*vm, Command::raw_tracepoint_open, attr) == -EINVAL);
}

TEST_CASE("Attaching without a link finds no target either") {
  const auto vm = make_vm();
  Attr attr{};
  attr.prog_attach = {.target_fd = 0xffffffff,
                      .attach_bpf_fd = static_cast<uint32_t>(load_for(*vm, ProgramType::cgroup_skb)),
                      .attach_type = static_cast<uint32_t>(AttachType::cgroup_inet_ingress)};
  CHECK(bpf(*vm, Command::prog_attach, attr) == -EBADF);
  CHECK(bpf(*vm, Command::prog_detach, attr) == -EBADF);
  attr.prog_attach.attach_flags = 1u << 31;
  CHECK(bpf(*vm, Command::prog_attach, attr) == -EINVAL);
  attr.prog_attach.attach_flags = 0;
  attr.prog_attach.attach_type = static_cast<uint32_t>(AttachType::cgroup_sock_ops);
  CHECK(bpf(*vm, Command::prog_attach, attr) == -EINVAL);
  attr.prog_attach.attach_type = 1000;
  CHECK(bpf(*vm, Command::prog_attach, attr) == -EINVAL);
}

TEST_CASE("Queries, tokens, streams and other processes") {
  const auto vm = make_vm();
  Attr attr{};
  attr.query.target_fd = 0xffffffff;
  CHECK(bpf(*vm, Command::prog_query, attr) == -EBADF);
  attr.query.query_flags = 2;
  CHECK(bpf(*vm, Command::prog_query, attr) == -EINVAL);

  attr = {};
  attr.token_create.bpffs_fd = 0xffffffff;
  CHECK(bpf(*vm, Command::token_create, attr) == -EBADF);
  attr.token_create.bpffs_fd = 0;
  CHECK(bpf(*vm, Command::token_create, attr) == -EINVAL);
  attr.token_create.flags = 1;
  CHECK(bpf(*vm, Command::token_create, attr) == -EINVAL);

  attr = {};
  attr.prog_stream_read.prog_fd = static_cast<uint32_t>(load_for(*vm, ProgramType::xdp));
  CHECK(bpf(*vm, Command::prog_stream_read_by_fd, attr) == -ENOENT);
  attr.prog_stream_read.stream_id = 1;
  CHECK(bpf(*vm, Command::prog_stream_read_by_fd, attr) == 0);

  attr = {};
  attr.task_fd_query = {.pid = static_cast<uint32_t>(::getpid()), .fd = 0};
  CHECK(bpf(*vm, Command::task_fd_query, attr) == -kENOTSUPP);
  attr.task_fd_query.fd = 0xffffffff;
  CHECK(bpf(*vm, Command::task_fd_query, attr) == -EBADF);
  attr.task_fd_query.pid = 0xfffffff;
  CHECK(bpf(*vm, Command::task_fd_query, attr) == -ENOENT);
}
