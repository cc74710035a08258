// SPDX-License-Identifier: Apache-2.0
#include "verifier/helpers.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cerrno>

#include "verifier/helper_availability.hpp"

using namespace skep;
using namespace skep::verifier;

namespace {

uint32_t id(HelperId helper) { return static_cast<uint32_t>(helper); }

const HelperProto& proto(std::string_view name) {
  const HelperProto* found = helper_by_name(name);
  REQUIRE(found != nullptr);
  return *found;
}

}  // namespace

TEST_CASE("helpers are found by id and by name") {
  CHECK(helper(1)->name == "bpf_map_lookup_elem");
  CHECK(helper(211)->name == "bpf_cgrp_storage_delete");
  CHECK(helper_by_name("bpf_ktime_get_ns")->id == HelperId::ktime_get_ns);
  CHECK(helper_by_name("ktime_get_ns")->id == HelperId::ktime_get_ns);
}

TEST_CASE("what is no helper is not found") {
  CHECK(helper(0) == nullptr);
  CHECK(helper(212) == nullptr);
  CHECK(helper(UINT32_MAX) == nullptr);
  CHECK(helper_by_name("bpf_unspec") == nullptr);
  CHECK(helper_by_name("bpf_") == nullptr);
  CHECK(helper_by_name("") == nullptr);
}

TEST_CASE("a prototype says what its arguments are") {
  const HelperProto& update = proto("map_update_elem");
  CHECK(update.arg_count == 4);
  CHECK(update.args[0].kind == ArgKind::const_map_ptr);
  CHECK(update.args[1].kind == ArgKind::map_key);
  CHECK(update.args[2].kind == ArgKind::map_value);
  CHECK(update.args[4].kind == ArgKind::none);

  const HelperProto& read = proto("probe_read_kernel");
  CHECK(read.args[0].has(kWrites));
  CHECK(read.args[0].has(kUninit));
  CHECK(read.args[1].kind == ArgKind::const_size_or_zero);

  CHECK(proto("strtol").args[3].size == 8);
  CHECK(proto("tcp_raw_check_syncookie_ipv6").args[0].size == 40);
  CHECK(proto("sk_release").args[0].has(kRelease));
  CHECK(proto("get_task_stack").args[0].btf_type == "task_struct");
}

TEST_CASE("a prototype says what a call gives and implies") {
  CHECK(proto("map_lookup_elem").result.kind == ReturnKind::map_value);
  CHECK(proto("map_lookup_elem").result.or_null);
  CHECK_FALSE(proto("get_local_storage").result.or_null);
  CHECK(proto("skc_to_udp6_sock").result.btf_type == "udp6_sock");
  CHECK(proto("ringbuf_reserve").has(kAcquires));
  CHECK(proto("xdp_adjust_head").has(kChangesPacket));
  CHECK_FALSE(proto("xdp_get_buff_len").has(kChangesPacket));
  CHECK(proto("loop").find_arg(ArgKind::func) == 1);
  CHECK(proto("loop").has(kSyncCallback));
  CHECK(proto("timer_set_callback").has(kAsyncCallback));
  CHECK(proto("ktime_get_ns").find_arg(ArgKind::func) == -1);
}

TEST_CASE("every callback helper takes a function and the other way round") {
  for (const HelperProto& helper : helpers()) {
    CAPTURE(helper.name);
    CHECK((helper.find_arg(ArgKind::func) >= 0) == (helper.has(kSyncCallback) || helper.has(kAsyncCallback)));
  }
}

TEST_CASE("program types differ in their helpers") {
  CHECK(allowed(ProgramType::xdp, id(HelperId::redirect_map)));
  CHECK_FALSE(allowed(ProgramType::sched_cls, id(HelperId::redirect_map)));
  CHECK(allowed(ProgramType::sched_cls, id(HelperId::skb_vlan_push)));
  CHECK_FALSE(allowed(ProgramType::lwt_out, id(HelperId::lwt_push_encap)));
  CHECK(allowed(ProgramType::lwt_in, id(HelperId::lwt_push_encap)));
  CHECK_FALSE(allowed(ProgramType::ext, id(HelperId::map_lookup_elem)));
  CHECK_FALSE(allowed(ProgramType(77), id(HelperId::map_lookup_elem)));
  CHECK_FALSE(allowed(ProgramType::xdp, 0));
  CHECK_FALSE(allowed(ProgramType::xdp, 212));
}

TEST_CASE("every helper is of use to some program type") {
  for (const HelperProto& helper : helpers()) {
    bool used = helper.id == HelperId::tcp_send_ack;  // of one struct_ops structure only
    for (uint32_t type = 0; type < kProgramTypeCount; ++type) used |= helpers_of(ProgramType(type)).contains(helper.id);
    CAPTURE(helper.name);
    CHECK(used);
  }
}

TEST_CASE("some helpers exist for some attach types only") {
  const auto at = [](ProgramType type, AttachType attach, HelperId helper) {
    return allowed(type, id(helper), attach);
  };
  using enum AttachType;
  CHECK(at(ProgramType::cgroup_sock_addr, cgroup_inet4_connect, HelperId::bind));
  CHECK_FALSE(at(ProgramType::cgroup_sock_addr, cgroup_inet4_bind, HelperId::bind));
  CHECK(at(ProgramType::cgroup_sockopt, cgroup_setsockopt, HelperId::setsockopt));
  CHECK_FALSE(at(ProgramType::cgroup_sockopt, cgroup_getsockopt, HelperId::setsockopt));
  CHECK(at(ProgramType::tracing, trace_iter, HelperId::seq_printf));
  CHECK_FALSE(at(ProgramType::tracing, trace_fentry, HelperId::seq_printf));
  CHECK(at(ProgramType::tracing, trace_fexit, HelperId::get_func_ret));
  CHECK_FALSE(at(ProgramType::tracing, trace_raw_tp, HelperId::get_func_ret));
  CHECK(at(ProgramType::cgroup_sock, AttachType{}, HelperId::get_retval));
  CHECK_FALSE(at(ProgramType::cgroup_skb, cgroup_inet_egress, HelperId::get_retval));
  CHECK_FALSE(at(ProgramType::lsm, lsm_mac, HelperId::get_local_storage));
  CHECK(at(ProgramType::lsm, lsm_cgroup, HelperId::get_local_storage));
}

TEST_CASE("hooks named by BTF add and remove helpers") {
  const auto at = [](ProgramType type, AttachType attach, std::string_view hook, HelperId helper) {
    return helper_for({.type = type, .attach = attach, .hook = hook}, id(helper)) != nullptr;
  };
  CHECK(at(ProgramType::struct_ops, {}, "tcp_congestion_ops.init", HelperId::setsockopt));
  CHECK_FALSE(at(ProgramType::struct_ops, {}, "tcp_congestion_ops.release", HelperId::setsockopt));
  CHECK(at(ProgramType::struct_ops, {}, "tcp_congestion_ops.release", HelperId::tcp_send_ack));
  CHECK_FALSE(at(ProgramType::struct_ops, {}, "my_ops.run", HelperId::tcp_send_ack));
  CHECK(at(ProgramType::struct_ops, {}, "my_ops.run", HelperId::map_lookup_elem));
  CHECK_FALSE(at(ProgramType::struct_ops, {}, "bpf_dummy_ops.test_1", HelperId::map_lookup_elem));
  CHECK(at(ProgramType::tracing, AttachType::trace_iter, "bpf_iter_tcp", HelperId::setsockopt));
  CHECK_FALSE(at(ProgramType::tracing, AttachType::trace_iter, "bpf_iter_task", HelperId::setsockopt));
  CHECK(at(ProgramType::lsm, AttachType::lsm_cgroup, "bpf_lsm_sock_graft", HelperId::setsockopt));
  CHECK_FALSE(at(ProgramType::lsm, AttachType::lsm_mac, "bpf_lsm_sock_graft", HelperId::setsockopt));
}

TEST_CASE("helpers that look into the kernel need capabilities") {
  HelperCaller caller{.type = ProgramType::socket_filter};
  CHECK(helper_for(caller, id(HelperId::probe_read_kernel)) != nullptr);
  caller.perfmon_capable = false;
  CHECK(helper_for(caller, id(HelperId::probe_read_kernel)) == nullptr);
  CHECK(helper_for(caller, id(HelperId::spin_lock)) != nullptr);
  caller.bpf_capable = false;
  CHECK(helper_for(caller, id(HelperId::spin_lock)) == nullptr);
  CHECK(helper_for(caller, id(HelperId::skb_load_bytes)) != nullptr);
  CHECK(helper_for(caller, id(HelperId::map_lookup_elem)) != nullptr);
}

TEST_CASE("the prototype can depend on the caller") {
  const auto first = [](const HelperCaller& caller, HelperId helper) {
    return helper_for(caller, id(helper))->args[0].kind;
  };
  CHECK(first({.type = ProgramType::sched_cls}, HelperId::get_cgroup_classid) == ArgKind::ctx);
  CHECK(first({.type = ProgramType::sk_msg}, HelperId::get_cgroup_classid) == ArgKind::none);
  CHECK(first({.type = ProgramType::sched_cls}, HelperId::get_socket_cookie) == ArgKind::ctx);
  CHECK(first({.type = ProgramType::tracing}, HelperId::get_socket_cookie) == ArgKind::btf_id_sock_common);
  CHECK(helper_for({.type = ProgramType::cgroup_sock}, id(HelperId::sk_storage_get))->args[1].kind == ArgKind::ctx);
  CHECK(helper_for({.type = ProgramType::kprobe}, id(HelperId::get_func_ip))->has(kGpl));
  CHECK_FALSE(
      helper_for({.type = ProgramType::kprobe, .attach = AttachType::trace_kprobe_multi}, id(HelperId::get_func_ip))
          ->has(kGpl));
  CHECK_FALSE(helper_for({.type = ProgramType::kprobe}, id(HelperId::get_stack))->has(kMightSleep));
  CHECK(helper_for({.type = ProgramType::kprobe, .sleepable = true}, id(HelperId::get_stack))->has(kMightSleep));
}

TEST_CASE("a refused helper is refused with Linux's reason") {
  const auto reason = [](const HelperCaller& caller, uint32_t helper) {
    const auto result = check_helper(caller, helper);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == EINVAL);
    return result.error().message;
  };
  CHECK(reason({.type = ProgramType::xdp}, 4711) == "invalid func unknown#4711");
  CHECK(reason({.type = ProgramType::xdp}, 9) == "program of this type cannot use helper bpf_skb_store_bytes#9");
  CHECK(reason({.type = ProgramType::xdp, .gpl_compatible = false}, 6) ==
        "cannot call GPL-restricted function bpf_trace_printk#6 from non-GPL compatible program");
  CHECK(reason({.type = ProgramType::kprobe}, id(HelperId::copy_from_user)) ==
        "helper call bpf_copy_from_user#148 might sleep in a non-sleepable prog");
  CHECK(check_helper({.type = ProgramType::xdp, .gpl_compatible = false}, 1).ok());
}

TEST_CASE("licences are compatible by their exact text") {
  CHECK(is_gpl_compatible("GPL"));
  CHECK(is_gpl_compatible("Dual BSD/GPL"));
  CHECK(is_gpl_compatible("GPL and additional rights"));
  CHECK_FALSE(is_gpl_compatible("gpl"));
  CHECK_FALSE(is_gpl_compatible("GPL-2.0"));
  CHECK_FALSE(is_gpl_compatible("Proprietary"));
  CHECK_FALSE(is_gpl_compatible(""));
}
