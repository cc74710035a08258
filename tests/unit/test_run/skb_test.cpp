// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>

#include "tests/unit/test_run/support.hpp"

namespace skep::vm::test {

constexpr std::string_view kLength = "r0 = *(u32 *)(r1 + 0)\nexit\n";
constexpr std::string_view kProtocol = "r0 = *(u32 *)(r1 + 16)\nexit\n";
constexpr std::string_view kPacketType = "r0 = *(u32 *)(r1 + 4)\nexit\n";

TEST_CASE_METHOD(TestRunTest, "the length of a packet is 14 to 3712 bytes, and long enough for its IP header") {
  const auto of_size = [&](size_t size, uint16_t type) {
    const Bytes data = frame(size, type);
    return error(ProgramType::sched_cls, kReturn1, {.data = data});
  };
  for (const size_t size : {0, 13, 3713, 4096, 9000}) CHECK(of_size(size, 0) == EINVAL);
  for (const size_t size : {14, 15, 64, 3712}) CHECK(of_size(size, 0) == 0);
  CHECK(of_size(33, 0x0800) == EINVAL);
  CHECK(of_size(34, 0x0800) == 0);
  CHECK(of_size(53, 0x86dd) == EINVAL);
  CHECK(of_size(54, 0x86dd) == 0);
}

TEST_CASE_METHOD(TestRunTest, "traffic control sees the link header, the others begin behind it") {
  const Bytes data = frame(64, 0x0800);
  for (const ProgramType type : {ProgramType::sched_cls, ProgramType::sched_act}) {
    const auto output = good(type, kLength, {.data = data});
    CHECK(output.retval == 64);
    CHECK(output.data == data);
  }
  for (const ProgramType type : {ProgramType::socket_filter, ProgramType::cgroup_skb, ProgramType::lwt_in,
                                 ProgramType::lwt_out, ProgramType::lwt_xmit}) {
    const auto output = good(type, kLength, {.data = data});
    CHECK(output.retval == 50);
    CHECK(output.data == Bytes(64));  // the link header comes back as zeros
  }
}

TEST_CASE_METHOD(TestRunTest, "the link header gives protocol and type of the packet") {
  Bytes data = frame(64, 0x0800);
  CHECK(good(ProgramType::sched_cls, kProtocol, {.data = data}).retval == 0x0008);
  data = frame(64, 60);
  CHECK(good(ProgramType::sched_cls, kProtocol, {.data = data}).retval == 0x0400);
  data[14] = data[15] = std::byte{0xff};
  CHECK(good(ProgramType::sched_cls, kProtocol, {.data = data}).retval == 0x0100);
  CHECK(good(ProgramType::sched_cls, kPacketType, {.data = data}).retval == 0);
  data[0] = std::byte{2};
  CHECK(good(ProgramType::sched_cls, kPacketType, {.data = data}).retval == 3);
  data[0] = std::byte{1};
  CHECK(good(ProgramType::sched_cls, kPacketType, {.data = data}).retval == 2);
}

TEST_CASE_METHOD(TestRunTest, "programs see and change the context, the caller gets back what Linux gives back") {
  __sk_buff context{};
  context.mark = 5;
  context.priority = 6;
  context.cb[0] = 7;
  context.gso_size = 100;
  const Bytes given = bytes_of(context);
  const Bytes data = frame(64);
  const auto output = good(ProgramType::sched_cls, R"(
      r0 = *(u32 *)(r1 + 8)
      r2 = *(u32 *)(r1 + 176)
      r0 += r2
      *(u32 *)(r1 + 8) = r0
      r2 = 9
      *(u32 *)(r1 + 52) = r2
      exit)",
                           {.data = data, .context = given});
  CHECK(output.retval == 105);
  const auto after = read_as<__sk_buff>(output.context);
  CHECK(output.context.size() == 192);
  CHECK((after.mark == 105 && after.priority == 6 && after.cb[0] == 7 && after.cb[1] == 9));
  CHECK((after.ifindex == 1 && after.wire_len == 64 && after.gso_size == 100));
  CHECK((after.len == 0 && after.data == 0 && after.protocol == 0));
}

TEST_CASE_METHOD(TestRunTest, "fields that a caller may not give are refused") {
  const Bytes data = frame(64);
  const auto with = [&](auto set) {
    __sk_buff context{};
    set(context);
    const Bytes given = bytes_of(context);
    return error(ProgramType::sched_cls, kReturn1, {.data = data, .context = given});
  };
  CHECK(with([](auto& c) { c.len = 1; }) == EINVAL);
  CHECK(with([](auto& c) { c.tc_index = 1; }) == EINVAL);
  CHECK(with([](auto& c) { c.hash = 1; }) == EINVAL);
  CHECK(with([](auto& c) { c.tstamp = 1; }) == 0);
  CHECK(with([](auto& c) { c.hwtstamp = 1; }) == 0);
  CHECK(with([](auto& c) { c.ifindex = 1; }) == 0);
  CHECK(with([](auto& c) { c.ifindex = 99; }) == ENODEV);
  CHECK(with([](auto& c) { c.wire_len = 63; }) == EINVAL);
  CHECK(with([](auto& c) { c.wire_len = 65536; }) == 0);
  CHECK(with([](auto& c) { c.wire_len = 65537; }) == EINVAL);
  CHECK(with([](auto& c) { c.gso_segs = 65535; }) == 0);
  CHECK(with([](auto& c) { c.gso_segs = 65536; }) == EINVAL);
}

TEST_CASE_METHOD(TestRunTest, "a context may be shorter than its type, and longer if the rest is zero") {
  const Bytes data = frame(64);
  Bytes context(200);
  CHECK(error(ProgramType::sched_cls, kReturn1, {.data = data, .context = context}) == 0);
  context[199] = std::byte{1};
  CHECK(error(ProgramType::sched_cls, kReturn1, {.data = data, .context = context}) == E2BIG);
  context.resize(12);
  context[8] = std::byte{3};
  CHECK(good(ProgramType::sched_cls, "r0 = *(u32 *)(r1 + 8)\nexit", {.data = data, .context = context}).retval == 3);
}

TEST_CASE_METHOD(TestRunTest, "interfaces of the VM's network can be named") {
  vm->network().set_device({.index = 7, .name = "eth0", .address = {2, 0, 0, 0, 0, 7}});
  __sk_buff context{};
  context.ifindex = 7;
  const Bytes given = bytes_of(context);
  Bytes data = frame(64);
  CHECK(good(ProgramType::sched_cls, "r0 = *(u32 *)(r1 + 40)\nexit", {.data = data, .context = given}).retval == 7);
  for (size_t i = 0; i < 6; ++i) data[i] = std::byte{0xff};
  CHECK(good(ProgramType::sched_cls, kPacketType, {.data = data, .context = given}).retval == 1);
}

TEST_CASE_METHOD(TestRunTest, "flags and CPUs that packets do not know are refused") {
  const Bytes data = frame(64);
  CHECK(error(ProgramType::sched_cls, kReturn1, {.data = data, .flags = 1}) == EINVAL);
  CHECK(error(ProgramType::sched_cls, kReturn1, {.data = data, .cpu = 1}) == EINVAL);
  CHECK(error(ProgramType::sched_cls, kReturn1, {.data = data, .flags = kTestSkbChecksumComplete}) == 0);
}

TEST_CASE_METHOD(TestRunTest, "a complete checksum must be right at the end") {
  const Bytes data = frame(64);
  constexpr std::string_view kStore = R"(
      r2 = 20
      *(u64 *)(r10 - 8) = 0x1234
      r3 = r10
      r3 += -8
      r4 = 8
      r5 = {flag}
      call 9
      exit)";
  const auto store = [&](std::string_view flag) {
    std::string text(kStore);
    text.replace(text.find("{flag}"), 6, flag);
    return error(ProgramType::sched_cls, text, {.data = data, .flags = kTestSkbChecksumComplete});
  };
  CHECK(store("0") == EBADMSG);
  CHECK(store("1") == 0);
}

TEST_CASE_METHOD(TestRunTest, "packet changes carry over between repetitions") {
  const Bytes data = frame(64);
  const auto output = good(ProgramType::sched_cls, R"(
      r2 = *(u32 *)(r1 + 0)
      r2 += 1
      r3 = 0
      call 38
      exit)",
                           {.data = data, .repeat = 5});
  CHECK(output.data.size() == 69);
}

}  // namespace skep::vm::test
