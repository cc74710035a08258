// SPDX-License-Identifier: Apache-2.0
// Test runs of the kernel and of the VM must agree: result, data, context and errno. Skips where bpf(2) is refused.
#include <linux/bpf.h>

#include "tests/kernel/test_run/helper_programs.hpp"
#include "tests/kernel/test_run/kernel_run.hpp"

namespace skep::test {
namespace {

using verifier::ProgramType;

class Differential {
 public:
  Differential() {
    if (!kernel_bpf_works()) SKIP("this process may not use bpf(2)");
  }
  std::shared_ptr<vm::Vm> vm = *vm::Vm::create({});

  /// Runs one program on all inputs; a program that the kernel rejects is an error of the test.
  void compare_all(ProgramType type, const std::string& text, const std::vector<Input>& inputs, uint32_t attach = 0) {
    const Twin twin(*vm, type, text, attach);
    INFO(verifier::program_type_name(type) << ":\n" << text << twin.log());
    CHECK(twin.loaded());
    if (!twin.loaded()) return;
    for (const Input& input : inputs) {
      INFO("data " << input.data.size() << " bytes, context " << input.context.size() << ", flags " << input.flags);
      compare(twin, input);
    }
  }
};

const std::vector<size_t> kSizes = {0, 13, 14, 15, 33, 34, 53, 54, 60, 64, 1500, 3520, 3521, 3712, 3713, 4096, 9000};

std::vector<Input> all_sizes() {
  std::vector<Input> inputs;
  for (const size_t size : kSizes) {
    inputs.push_back({.data = Bytes(size)});
    if (size < 14) continue;
    inputs.push_back({.data = ipv4_frame(size)});
    inputs.push_back({.data = ipv6_frame(size)});
    inputs.push_back({.data = vlan_frame(size)});
  }
  return inputs;
}

std::vector<Input> some_packets() {
  return {{.data = Bytes(64)},
          {.data = ipv4_frame(64)},
          {.data = ipv4_frame(1500, 2)},
          {.data = ipv4_frame(64, 3)},
          {.data = ipv6_frame(90)},
          {.data = vlan_frame(80)},
          {.data = make_frame(64, 0x88a8, {0, 5, 0x81, 0, 0, 6, 8, 0})},
          {.data = ipv4_frame(34)}};
}

template <class T>
Bytes bytes_of(const T& object, size_t size = sizeof(T)) {
  const auto bytes = std::as_bytes(std::span(&object, 1));
  Bytes copy(bytes.begin(), bytes.end());
  copy.resize(size);
  return copy;
}

constexpr ProgramType kSkbTypes[] = {ProgramType::socket_filter, ProgramType::sched_cls, ProgramType::sched_act,
                                     ProgramType::cgroup_skb,    ProgramType::lwt_in,    ProgramType::lwt_out,
                                     ProgramType::lwt_xmit};

std::string return_field(size_t offset) {
  // cgroup programs return 0 to 3 only, so the field goes out through the control block.
  return "r0 = *(u32 *)(r1 + " + std::to_string(offset) + ")\n*(u32 *)(r1 + 48) = r0\nr0 = 1\nexit\n";
}

}  // namespace

TEST_CASE_METHOD(Differential, "packets of all sizes and kinds are taken or refused alike") {
  for (const ProgramType type : kSkbTypes) compare_all(type, "r0 = 1\nexit\n", all_sizes());
  compare_all(ProgramType::xdp, "r0 = 1\nexit\n", all_sizes());
}

TEST_CASE_METHOD(Differential, "fields of a socket buffer begin alike") {
  const Bytes context(192);
  for (const ProgramType type : kSkbTypes) {
    if (type == ProgramType::lwt_in || type == ProgramType::lwt_out) continue;  // may not write the control block
    for (const size_t offset :
         {offsetof(__sk_buff, len), offsetof(__sk_buff, pkt_type), offsetof(__sk_buff, mark),
          offsetof(__sk_buff, protocol), offsetof(__sk_buff, vlan_present), offsetof(__sk_buff, vlan_tci),
          offsetof(__sk_buff, priority), offsetof(__sk_buff, ingress_ifindex), offsetof(__sk_buff, ifindex),
          offsetof(__sk_buff, tc_index), offsetof(__sk_buff, hash), offsetof(__sk_buff, napi_id),
          offsetof(__sk_buff, gso_segs), offsetof(__sk_buff, gso_size)}) {
      std::vector<Input> inputs;
      for (Input input : some_packets()) inputs.push_back({.data = input.data, .context = context});
      compare_all(type, return_field(offset), inputs);
    }
  }
}

TEST_CASE_METHOD(Differential, "the socket's addresses are the packet's") {
  const Bytes context(192);
  for (const size_t offset :
       {offsetof(__sk_buff, family), offsetof(__sk_buff, remote_ip4), offsetof(__sk_buff, local_ip4),
        offsetof(__sk_buff, remote_ip6), offsetof(__sk_buff, local_ip6) + 12, offsetof(__sk_buff, remote_port),
        offsetof(__sk_buff, local_port)})
    compare_all(ProgramType::cgroup_skb, return_field(offset),
                {{.data = Bytes(64), .context = context},
                 {.data = ipv4_frame(64), .context = context},
                 {.data = ipv6_frame(90), .context = context}});
}

TEST_CASE_METHOD(Differential, "packet bounds are alike") {
  for (const ProgramType type :
       {ProgramType::sched_cls, ProgramType::lwt_in, ProgramType::lwt_xmit, ProgramType::sched_act})
    compare_all(type, "r0 = *(u32 *)(r1 + 80)\nr2 = *(u32 *)(r1 + 76)\nr0 -= r2\nexit\n", some_packets());
  compare_all(ProgramType::cgroup_skb, R"(
      r2 = *(u32 *)(r1 + 76)
      r3 = *(u32 *)(r1 + 80)
      r0 = 0
      r2 += 50
      if r2 > r3 goto out
      r0 = 1
      out: exit)",
              some_packets());
  compare_all(ProgramType::xdp, "r0 = *(u32 *)(r1 + 4)\nr2 = *(u32 *)(r1 + 0)\nr0 -= r2\nexit\n", all_sizes());
}

TEST_CASE_METHOD(Differential, "each byte of a socket buffer's context is taken or refused alike") {
  std::vector<Input> inputs;
  for (size_t at = 0; at < 200; ++at) {
    Bytes context(at < 192 ? 192 : 200);
    context[at] = std::byte{1};
    inputs.push_back({.data = ipv4_frame(64), .context = context});
  }
  for (const size_t size : {1, 8, 11, 12, 100, 191, 192, 4096, 4097})
    inputs.push_back({.data = ipv4_frame(64), .context = Bytes(size)});
  __sk_buff context{};
  for (const uint32_t length : {63U, 64U, 65U, 65536U, 65537U}) {
    context.wire_len = length;
    inputs.push_back({.data = ipv4_frame(64), .context = bytes_of(context)});
  }
  context = {};
  for (const uint32_t segments : {65535U, 65536U}) {
    context.gso_segs = segments;
    inputs.push_back({.data = ipv4_frame(64), .context = bytes_of(context)});
  }
  context = {};
  context.ifindex = 0x7ffffff0;
  inputs.push_back({.data = ipv4_frame(64), .context = bytes_of(context)});
  for (const ProgramType type : {ProgramType::sched_cls, ProgramType::socket_filter})
    compare_all(type, "r0 = *(u32 *)(r1 + 8)\nexit\n", inputs);
}

TEST_CASE_METHOD(Differential, "an XDP context is taken or refused alike") {
  std::vector<Input> inputs;
  const xdp_md contexts[] = {
      {},
      {.data_end = 64},
      {.data = 4, .data_end = 64},
      {.data = 5, .data_end = 64},
      {.data = 50, .data_end = 64},
      {.data = 52, .data_end = 64},
      {.data = 32, .data_end = 32},
      {.data = 64, .data_end = 63},
      {.data_end = 65},
      {.data_end = 1},
      {.data_end = 64, .data_meta = 4},
      {.data_end = 64, .ingress_ifindex = 1},
      {.data_end = 64, .ingress_ifindex = 1, .rx_queue_index = 1},
      {.data_end = 64, .ingress_ifindex = 0x7ffffff0},
      {.data_end = 64, .rx_queue_index = 1},
      {.data_end = 64, .egress_ifindex = 1},
  };
  for (const xdp_md& context : contexts) inputs.push_back({.data = ipv4_frame(64), .context = bytes_of(context)});
  for (const uint32_t metadata : {212U, 216U, 220U, 252U, 256U})
    inputs.push_back({.data = ipv4_frame(400), .context = bytes_of(xdp_md{.data = metadata, .data_end = 400})});
  for (const uint32_t end : {100U, 3520U, 3521U, 5000U})
    inputs.push_back({.data = ipv4_frame(5000), .context = bytes_of(xdp_md{.data = 8, .data_end = end})});
  for (const size_t size : {4, 8, 23, 25, 40}) inputs.push_back({.data = ipv4_frame(64), .context = Bytes(size)});
  compare_all(ProgramType::xdp, "r0 = *(u32 *)(r1 + 12)\nexit\n", inputs);
  compare_all(ProgramType::xdp, "r0 = *(u32 *)(r1 + 4)\nr2 = *(u32 *)(r1 + 0)\nr0 -= r2\nexit\n", inputs);
  compare_all(ProgramType::xdp, "r0 = *(u32 *)(r1 + 0)\nr2 = *(u32 *)(r1 + 8)\nr0 -= r2\nexit\n", inputs);
}

TEST_CASE_METHOD(Differential, "flags and CPUs are taken or refused alike") {
  for (const ProgramType type : {ProgramType::sched_cls, ProgramType::socket_filter, ProgramType::xdp}) {
    std::vector<Input> inputs;
    for (const uint32_t flags : {1U, 4U, 8U}) inputs.push_back({.data = ipv4_frame(64), .flags = flags});
    inputs.push_back({.data = ipv4_frame(64), .cpu = 1});
    compare_all(type, "r0 = 1\nexit\n", inputs);
  }
}

TEST_CASE_METHOD(Differential, "a flow dissector's keys are alike") {
  std::vector<Input> inputs = some_packets();
  for (const size_t size : {0, 13, 14, 4096, 4097}) inputs.push_back({.data = ipv4_frame(size)});
  for (size_t at = 0; at < 60; ++at) {
    Bytes context(at < 56 ? 56 : 60);
    context[at] = std::byte{1};
    inputs.push_back({.data = ipv4_frame(64), .context = context});
  }
  compare_all(ProgramType::flow_dissector, "r0 = 0\nexit\n", inputs);
  compare_all(ProgramType::flow_dissector, R"(
      r1 = *(u64 *)(r1 + 144)
      r2 = 1000
      *(u16 *)(r1 + 2) = r2
      *(u16 *)(r1 + 0) = 3
      r0 = 1
      exit)",
              inputs);
}

TEST_CASE_METHOD(Differential, "arguments of raw tracepoints and system calls are taken or refused alike") {
  std::vector<Input> inputs;
  for (const size_t size : {0, 8, 16, 96, 97, 104}) inputs.push_back({.context = Bytes(size), .shape = Shape::bytes});
  inputs.push_back({.context = Bytes(8), .cpu = 1, .shape = Shape::bytes});
  inputs.push_back({.context = Bytes(8), .flags = 1, .cpu = 100'000, .shape = Shape::bytes});
  inputs.push_back({.data = Bytes(64), .shape = Shape::bytes});
  compare_all(ProgramType::raw_tracepoint, "r0 = 7\nexit\n", inputs);
}

TEST_CASE_METHOD(Differential, "contexts of socket look-ups are taken or refused alike") {
  std::vector<Input> inputs;
  bpf_sk_lookup lookup{};
  for (const uint32_t family : {0U, 1U, 2U, 10U, 0x10002U}) {
    lookup.family = family;
    inputs.push_back({.context = bytes_of(lookup), .shape = Shape::lookup});
  }
  lookup.family = 2;
  for (size_t at = 0; at < sizeof lookup; ++at) {
    Bytes context = bytes_of(lookup);
    if (at >= 8 && at < 12) continue;  // the family
    context[at] = std::byte{1};
    inputs.push_back({.context = context, .shape = Shape::lookup});
  }
  inputs.push_back({.data = Bytes(64), .context = bytes_of(lookup), .shape = Shape::lookup});
  inputs.push_back({.context = bytes_of(lookup), .flags = 1, .shape = Shape::lookup});
  inputs.push_back({.shape = Shape::lookup});
  for (const char* text : {"r0 = 0\nexit\n", "r0 = 1\nexit\n"})
    compare_all(ProgramType::sk_lookup, text, inputs, BPF_SK_LOOKUP);
}

TEST_CASE_METHOD(Differential, "programs of helpers on XDP packets agree") {
  const char* programs[] = {
      "xdp_adjust_head ctx -216",
      "xdp_adjust_head ctx -217",
      "xdp_adjust_head ctx 20",
      "xdp_adjust_head ctx 50",
      "xdp_adjust_head ctx 51",
      "xdp_adjust_tail ctx 100",
      "xdp_adjust_tail ctx 3456",
      "xdp_adjust_tail ctx -30",
      "xdp_adjust_tail ctx -50",
      "xdp_adjust_tail ctx -51",
      "xdp_adjust_tail ctx 4000",
      "xdp_adjust_tail ctx -5000",
      "xdp_adjust_meta ctx -4",
      "xdp_adjust_meta ctx -3",
      "xdp_adjust_meta ctx -216",
      "xdp_adjust_meta ctx -220",
      "xdp_adjust_meta ctx 4",
      "xdp_adjust_meta ctx -8; xdp_adjust_head ctx -9",
      "xdp_adjust_meta ctx -8; xdp_adjust_meta ctx 4",
      "xdp_adjust_meta ctx -8; xdp_adjust_head ctx -209",
      "xdp_adjust_meta ctx -8; xdp_adjust_head ctx -208",
      "xdp_get_buff_len ctx",
      "xdp_load_bytes ctx 0 fp-16 16; =r0 = *(u32 *)(r10 - 12)",
      "xdp_load_bytes ctx 3518 fp-16 4; =r0 = *(u32 *)(r10 - 16)",
      "xdp_load_bytes ctx 7610 fp-16 16; =r0 = *(u32 *)(r10 - 8)",
      "xdp_load_bytes ctx 60 fp-16 8",
      "xdp_load_bytes ctx 65536 fp-16 8",
      "xdp_store_bytes ctx 3 fp-16 8",
      "xdp_store_bytes ctx 3515 fp-16 16",
      "xdp_store_bytes ctx 100000 fp-16 16",
      "redirect 1 0",
      "redirect 1 1",
      "redirect 1 2",
      "=*(u64 *)(r10 - 8) = 5; check_mtu ctx 0 fp-8 0 0",
      "check_mtu ctx 0 fp-8 0 1",
      "check_mtu ctx 0 fp-8 70000 0; =r0 <<= 8; =r1 = *(u32 *)(r10 - 8); =r0 += r1",
      "check_mtu ctx 1234567 fp-8 0 0",
      "fib_lookup ctx fp-64 63 0",
      "fib_lookup ctx fp-64 64 64",
      "fib_lookup ctx fp-64 64 0",
      "=*(u8 *)(r10 - 64) = 2; fib_lookup ctx fp-64 64 0",
      "csum_diff 0 0 fp-16 16 1",
      "csum_diff 0 0 0 0 305419896",
      "=*(u64 *)(r10 - 16) = 1234567; csum_diff fp-16 8 0 0 77",
      "=*(u64 *)(r10 - 16) = -3; csum_diff fp-16 8 fp-8 4 5",
      "=*(u64 *)(r10 - 16) = -1; csum_diff 0 0 fp-16 8 0",
      "=*(u64 *)(r10 - 16) = -1; csum_diff fp-16 8 fp-16 8 0",
      "csum_diff fp-16 8 fp-16 8 0",
      "csum_diff fp-16 6 fp-16 8 0",
      "=*(u64 *)(r10 - 16) = 1234567891; csum_diff fp-16 3 0 0 77",
      "=*(u64 *)(r10 - 16) = 1234567891; csum_diff fp-15 1 fp-16 3 77",
  };
  std::vector<Input> inputs = some_packets();
  for (const size_t size : {3520, 3521, 7616, 9000}) inputs.push_back({.data = ipv4_frame(size)});
  for (const char* program : programs) compare_all(ProgramType::xdp, expand(program), inputs);
}

TEST_CASE_METHOD(Differential, "programs of helpers on socket buffers agree") {
  const char* programs[] = {
      // reading and writing
      "skb_load_bytes ctx 0 fp-16 16; =r0 = *(u32 *)(r10 - 4)",
      "skb_load_bytes ctx 50 fp-16 16",
      "skb_load_bytes ctx -1 fp-16 16",
      "skb_load_bytes_relative ctx 0 fp-8 4 0; =r0 = *(u32 *)(r10 - 8)",
      "skb_load_bytes_relative ctx 0 fp-8 4 1; =r0 = *(u32 *)(r10 - 8)",
      "skb_load_bytes_relative ctx 0 fp-8 4 2",
      "skb_load_bytes_relative ctx 47 fp-8 4 1",
      "skb_load_bytes_relative ctx 65536 fp-8 4 1",
      "skb_store_bytes ctx 20 fp-16 5 0",
      "skb_store_bytes ctx 60 fp-16 5 0",
      "skb_store_bytes ctx 20 fp-16 5 4",
      "skb_store_bytes ctx 21 fp-16 5 3",
      "skb_pull_data ctx 0",
      "skb_pull_data ctx 64",
      "skb_pull_data ctx 65",
      // room
      "skb_change_tail ctx 14 0",
      "skb_change_tail ctx 13 0",
      "skb_change_tail ctx 100 0",
      "skb_change_tail ctx 3000 0",
      "skb_change_tail ctx 16064 0",
      "skb_change_tail ctx 16065 0",
      "skb_change_tail ctx 64 1",
      "skb_change_head ctx 14 0",
      "skb_change_head ctx 500 0",
      "skb_change_head ctx 15000 0",
      "skb_change_head ctx 16001 0",
      "skb_change_head ctx -1 0",
      "skb_change_head ctx 14 0; skb_change_tail ctx 20 0",
      "skb_change_proto ctx 8 0",
      "skb_change_proto ctx 56710 0",
      "skb_change_proto ctx 56710 1",
      "skb_change_proto ctx 56710 0; skb_change_proto ctx 8 0",
      "skb_change_type ctx 1; =r7 = r0; =r0 = *(u32 *)(r6 + 4)",
      "skb_change_type ctx 4",
      "skb_adjust_room ctx 8 0 0",
      "skb_adjust_room ctx 8 1 0",
      "skb_adjust_room ctx -8 0 0",
      "skb_adjust_room ctx -8 1 0",
      "skb_adjust_room ctx 8 2 0",
      "skb_adjust_room ctx -30 0 0",
      "skb_adjust_room ctx -31 0 0",
      "skb_adjust_room ctx -60 0 0",
      "skb_adjust_room ctx 4095 0 0",
      "skb_adjust_room ctx 4096 0 0",
      "skb_adjust_room ctx 8 0 1",
      "skb_adjust_room ctx 8 0 32",
      "skb_adjust_room ctx 8 0 1024",
      "skb_adjust_room ctx 20 1 2; =r7 = r0; =r0 = *(u32 *)(r6 + 16)",
      "skb_adjust_room ctx 40 1 4; =r0 = *(u32 *)(r6 + 16)",
      "skb_adjust_room ctx 40 1 6",
      "skb_adjust_room ctx 40 1 28",
      "skb_adjust_room ctx 24 1 10; skb_adjust_room ctx 24 1 10",
      "skb_adjust_room ctx 28 1 18; skb_change_tail ctx 70 0",
      "skb_adjust_room ctx 40 1 4; skb_adjust_room ctx -40 1 128; =r0 = *(u32 *)(r6 + 16)",
      "skb_adjust_room ctx -20 1 256; =r0 = *(u32 *)(r6 + 16)",
      "skb_adjust_room ctx 8 1 128",
      "skb_adjust_room ctx -8 1 384",
      "skb_adjust_room ctx -8 0 2",
      "skb_adjust_room ctx 34 1 0x0e00000000000042",
      "skb_adjust_room ctx 34 1 0x0d00000000000042",
      "skb_adjust_room ctx 10 1 0x0e00000000000002",
      // tags
      "skb_vlan_push ctx 129 7; =r0 = *(u32 *)(r6 + 24)",
      "skb_vlan_push ctx 0 7; =r0 = *(u32 *)(r6 + 28)",
      "skb_vlan_push ctx 129 7; skb_vlan_push ctx 43144 9",
      "skb_vlan_push ctx 129 7; skb_vlan_push ctx 43144 9; =r0 = *(u32 *)(r6 + 16)",
      "skb_vlan_push ctx 129 7; skb_vlan_push ctx 43144 9; skb_vlan_pop ctx; =r0 = *(u32 *)(r6 + 24)",
      "skb_vlan_push ctx 129 7; skb_vlan_push ctx 43144 9; skb_vlan_push ctx 43144 9; skb_adjust_room ctx 8 1 0",
      "skb_vlan_pop ctx; =r0 = *(u32 *)(r6 + 16)",
      "skb_vlan_pop ctx; skb_vlan_pop ctx; =r0 = *(u32 *)(r6 + 24)",
      "skb_vlan_pop ctx; skb_vlan_pop ctx; skb_vlan_pop ctx; =r0 = *(u32 *)(r6 + 20)",
      // checksums
      "l3_csum_replace ctx 24 4660 22136 2",
      "l3_csum_replace ctx 24 305419896 123456789 4",
      "l3_csum_replace ctx 24 0 99999 0",
      "l3_csum_replace ctx 24 1 99999 0",
      "l3_csum_replace ctx 24 1 2 3",
      "l3_csum_replace ctx 24 1 2 16",
      "l3_csum_replace ctx 25 1 2 2",
      "l3_csum_replace ctx 65534 1 2 2",
      "l3_csum_replace ctx 65536 1 2 2",
      "l4_csum_replace ctx 50 4660 22136 2",
      "l4_csum_replace ctx 50 4660 22136 18",
      "l4_csum_replace ctx 50 305419896 7 20",
      "l4_csum_replace ctx 50 0 99999 16",
      "l4_csum_replace ctx 50 0 99999 144",
      "l4_csum_replace ctx 50 0 99999 256",
      "skb_store_bytes ctx 50 fp-8 2 0; l4_csum_replace ctx 50 1 2 34",
      "skb_store_bytes ctx 50 fp-8 2 0; l4_csum_replace ctx 50 1 2 98",
      "csum_level ctx 0",
      "csum_level ctx 3",
      "csum_level ctx 4",
      "csum_level ctx 1; csum_level ctx 1; csum_level ctx 0",
      "csum_update ctx 5",
      "csum_level ctx 1; skb_adjust_room ctx 8 0 0; csum_level ctx 0",
      "csum_level ctx 1; skb_adjust_room ctx 8 0 32; csum_level ctx 0",
      "skb_ecn_set_ce ctx",
      "skb_ecn_set_ce ctx; skb_ecn_set_ce ctx",
      // properties
      "set_hash ctx 77; get_hash_recalc ctx",
      "set_hash ctx 77; set_hash_invalid ctx; =r0 = *(u32 *)(r6 + 68)",
      "get_cgroup_classid ctx",
      "get_route_realm ctx",
      "get_socket_uid ctx",
      "skb_cgroup_id ctx",
      "skb_ancestor_cgroup_id ctx 0",
      "skb_ancestor_cgroup_id ctx 3",
      "skb_get_xfrm_state ctx 0 fp-32 28 0",
      "skb_set_tstamp ctx 5 1",
      "skb_set_tstamp ctx 0 1",
      "skb_set_tstamp ctx 0 0",
      "skb_set_tstamp ctx 5 3",
      "redirect 1 0",
      "redirect 1 1",
      "redirect 1 2",
      "redirect_peer 1 0",
      "redirect_peer 1 1",
      "redirect_neigh 1 0 0 0",
      "redirect_neigh 1 0 0 1",
      "clone_redirect ctx 1234567 0",
      "clone_redirect ctx 1234567 4",
      "check_mtu ctx 0 fp-8 0 0; =r0 = *(u32 *)(r10 - 8)",
      "check_mtu ctx 0 fp-8 70000 0",
      "check_mtu ctx 0 fp-8 1 1",
      "check_mtu ctx 0 fp-8 0 1",
      "check_mtu ctx 1234567 fp-8 0 0",
      "fib_lookup ctx fp-64 63 0",
      "fib_lookup ctx fp-64 64 64",
      "fib_lookup ctx fp-64 64 0",
      // tunnels
      "skb_get_tunnel_key ctx fp-64 44 0",
      "skb_set_tunnel_key ctx fp-64 44 0",
      "skb_set_tunnel_key ctx fp-64 43 0",
      "skb_set_tunnel_key ctx fp-64 44 32",
      "skb_set_tunnel_key ctx fp-64 44 0; skb_get_tunnel_key ctx fp-64 44 0",
      "skb_set_tunnel_key ctx fp-64 44 0; skb_get_tunnel_key ctx fp-64 44 16; =r0 = *(u16 *)(r10 - 46)",
      "skb_set_tunnel_key ctx fp-64 44 30; skb_get_tunnel_key ctx fp-64 44 16; =r0 = *(u16 *)(r10 - 46)",
      "skb_set_tunnel_key ctx fp-64 44 1; skb_get_tunnel_key ctx fp-64 44 0",
      "skb_set_tunnel_key ctx fp-64 44 1; skb_get_tunnel_key ctx fp-64 44 1",
      ("=*(u32 *)(r10 - 60) = 7; skb_set_tunnel_key ctx fp-64 8 0; skb_get_tunnel_key ctx fp-64 44 0; "
       "=r0 = *(u32 *)(r10 - 36)"),
      "skb_set_tunnel_opt ctx fp-8 4",
      "skb_set_tunnel_key ctx fp-64 44 0; skb_set_tunnel_opt ctx fp-8 4",
      "skb_set_tunnel_key ctx fp-64 44 0; skb_set_tunnel_opt ctx fp-8 3",
      "skb_set_tunnel_key ctx fp-64 44 0; skb_set_tunnel_opt ctx fp-8 4; skb_get_tunnel_opt ctx fp-16 8",
      "skb_set_tunnel_key ctx fp-64 44 0; skb_set_tunnel_opt ctx fp-8 8; skb_get_tunnel_opt ctx fp-16 4",
      "skb_get_tunnel_opt ctx fp-16 8",
      "skb_set_tunnel_key ctx fp-64 44 0; skb_change_proto ctx 56710 0; skb_get_tunnel_key ctx fp-64 44 0",
  };
  std::vector<Input> inputs = some_packets();
  inputs.push_back({.data = ipv4_frame(64), .flags = 4});
  inputs.push_back({.data = ipv6_frame(91), .flags = 4});
  __sk_buff segments{};
  segments.gso_size = 100;
  segments.gso_segs = 2;
  inputs.push_back({.data = ipv4_frame(64), .context = bytes_of(segments)});
  inputs.push_back({.data = ipv4_frame(64), .repeat = 3});
  for (const char* program : programs) compare_all(ProgramType::sched_cls, expand(program), inputs);
}

TEST_CASE_METHOD(Differential, "lightweight tunnels that send may change the packet alike") {
  for (const char* program :
       {"skb_change_head ctx 14 0", "skb_change_tail ctx 30 0", "skb_change_tail ctx 200 0", "skb_pull_data ctx 51",
        "skb_pull_data ctx 50", "skb_load_bytes ctx 0 fp-8 4; =r0 = *(u32 *)(r10 - 8)",
        "skb_store_bytes ctx 1 fp-8 4 0", "redirect 1 0", "get_route_realm ctx"})
    compare_all(ProgramType::lwt_xmit, expand(program), some_packets());
}

TEST_CASE_METHOD(Differential, "strings and formats give the same results") {
  const char* programs[] = {
      "=*(u64 *)(r10 - 8) = 0x20352d; strtol fp-8 8 0 fp-16; =r1 = *(u64 *)(r10 - 16); =r0 <<= 8; =r0 += r1",
      "=*(u64 *)(r10 - 8) = 0x783030; strtol fp-8 8 0 fp-16",
      "=*(u64 *)(r10 - 8) = 0x66317830; strtoul fp-8 4 0 fp-16; =r0 = *(u64 *)(r10 - 16)",
      "=*(u64 *)(r10 - 8) = 0x2d; strtoul fp-8 2 10 fp-16",
      "=*(u64 *)(r10 - 8) = 0x312d; strtoul fp-8 2 10 fp-16",
      "=*(u64 *)(r10 - 8) = 0x31; strtol fp-8 1 7 fp-16",
      "=*(u64 *)(r10 - 8) = 0x3831; strtol fp-8 2 8 fp-16",
      "=*(u64 *)(r10 - 8) = 0x202020; strtol fp-8 3 0 fp-16",
      // "%d\n", "%lu%", "%p%", "%s", "%pI4", "%y", "%%", "%5d", "%pks"
      "=*(u64 *)(r10 - 8) = 0x0a6425; trace_printk fp-8 4 42",
      "=*(u64 *)(r10 - 8) = 0x25756c25; trace_printk fp-8 5 42",
      "=*(u64 *)(r10 - 8) = 0x257025; trace_printk fp-8 4 42",
      "=*(u64 *)(r10 - 8) = 0x7325; trace_printk fp-8 3 8",
      "=*(u64 *)(r10 - 8) = 0x34497025; trace_printk fp-8 5 8",
      "=*(u64 *)(r10 - 8) = 0x7925; trace_printk fp-8 3 8",
      "=*(u64 *)(r10 - 8) = 0x2525; trace_printk fp-8 3 8",
      "=*(u64 *)(r10 - 8) = 0x643525; trace_printk fp-8 4 42",
      "=*(u64 *)(r10 - 8) = 0x736b7025; trace_printk fp-8 5 fp-8",
      "=*(u64 *)(r10 - 8) = 0x6425; trace_printk fp-8 2 42",
      "=*(u64 *)(r10 - 8) = 0x257325; trace_printk fp-8 4 fp-8",
      "=*(u64 *)(r10 - 8) = 0x257825; trace_printk fp-8 4 42",
      "=*(u64 *)(r10 - 8) = 0x634125; trace_printk fp-8 4 42",
      "=*(u64 *)(r10 - 8) = 0x01; trace_printk fp-8 2 42",
      "=*(u64 *)(r10 - 8) = 0x633325; trace_printk fp-8 4 65",
      "=*(u64 *)(r10 - 8) = 0x78703525; trace_printk fp-8 5 65",
  };
  for (const char* program : programs) compare_all(ProgramType::sched_cls, expand(program), {{.data = Bytes(64)}});
}

}  // namespace skep::test
