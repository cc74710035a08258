// SPDX-License-Identifier: Apache-2.0
// examples/tail-calls: a table of programs, and its limits.
#include <linux/bpf.h>
#include <unistd.h>

#include <array>

#include "tests/examples/packets.hpp"
#include "tests/examples/support.hpp"

namespace skep::tests {
namespace {

constexpr uint32_t kAborted = 0, kDrop = 1, kPass = 2, kTx = 3;
constexpr uint8_t kTcp = 6, kUdp = 17, kIcmp = 1;
constexpr uint32_t kMaxTailCalls = 33;  // Linux's MAX_TAIL_CALL_CNT

std::string name_of(Vm& vm, int fd) {
  bpf_prog_info info{};
  bpf_attr attr{};
  attr.info.bpf_fd = static_cast<uint32_t>(fd);
  attr.info.info_len = sizeof info;
  attr.info.info = reinterpret_cast<uint64_t>(&info);
  REQUIRE(vm.bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof attr) == 0);
  return info.name;
}

/// A descriptor of the VM's program of this name, found as bpftool finds it.
int program_descriptor(Vm& vm, const std::string& name) {
  for (uint32_t id = 0;;) {
    bpf_attr attr{};
    attr.start_id = id;
    if (vm.bpf(BPF_PROG_GET_NEXT_ID, &attr, sizeof attr) != 0) break;
    id = attr.next_id;
    attr = {};
    attr.prog_id = id;
    const long fd = vm.bpf(BPF_PROG_GET_FD_BY_ID, &attr, sizeof attr);
    REQUIRE(fd >= 0);
    if (name_of(vm, static_cast<int>(fd)) == name) return static_cast<int>(fd);
    ::close(static_cast<int>(fd));
  }
  FAIL("the VM has no program " << name);
  return -1;
}

Object load_limits(Vm vm) {
  Object object = take(vm.open(TAIL_LIMIT_OBJECT));
  require_ok(object.load());
  return object;
}

}  // namespace

TEST_CASE("a packet goes to the program of its protocol") {
  const Object object = load_example("tail_calls");
  const Program dispatch = take(object.program("dispatch"));
  CHECK(retval(dispatch, {.data = ipv4_packet(kTcp)}) == kPass);
  CHECK(retval(dispatch, {.data = ipv4_packet(kUdp)}) == kDrop);
  CHECK(retval(dispatch, {.data = ipv4_packet(kIcmp)}) == kTx);
  CHECK(retval(dispatch, {.data = zeroes(64)}) == kAborted);
}

TEST_CASE("the capture's packets get the verdicts that their bytes ask for") {
  const Object object = load_example("tail_calls");
  const Program dispatch = take(object.program("dispatch"));
  std::array<unsigned, 4> seen{}, expected{};
  for (const Packet& packet : capture_packets()) {
    if (packet.size() < 14) continue;
    const bool is_ipv4 = packet.size() >= 34 && packet[12] == std::byte{8} && packet[13] == std::byte{0};
    const auto protocol = is_ipv4 ? static_cast<uint8_t>(packet[23]) : uint8_t{0};
    ++expected[!is_ipv4 ? kAborted : protocol == kTcp ? kPass : protocol == kUdp ? kDrop : kTx];
    ++seen.at(retval(dispatch, {.data = packet}));
  }
  CHECK(seen == expected);
  for (const unsigned count : expected) CHECK(count > 0);
}

TEST_CASE("the table is changed between runs: a program is replaced, removed, put back") {
  Vm vm = take(Vm::create());
  const Object object = load_example(vm, "tail_calls");
  const Program dispatch = take(object.program("dispatch"));
  Map table = take(object.map("by_protocol"));
  const int on_udp = program_descriptor(vm, "on_udp");

  require_ok(table.set(uint32_t{kTcp}, on_udp));
  CHECK(retval(dispatch, {.data = ipv4_packet(kTcp)}) == kDrop);
  require_ok(table.erase(bytes_of(uint32_t{kTcp})));
  CHECK(retval(dispatch, {.data = ipv4_packet(kTcp)}) == kTx);
  CHECK(code_of(table.erase(bytes_of(uint32_t{kTcp}))) == ENOENT);
  require_ok(table.set(uint32_t{kIcmp}, on_udp));
  CHECK(retval(dispatch, {.data = ipv4_packet(kIcmp)}) == kDrop);
  ::close(on_udp);
  CHECK(code_of(table.set(uint32_t{kIcmp}, on_udp)) == EBADF);
}

TEST_CASE("the table refuses programs of another type") {
  Vm vm = take(Vm::create());
  const Object object = load_example(vm, "tail_calls");
  const Object other = load_example(vm, "map_in_map");
  const int classifier = program_descriptor(vm, "count_by_interf");  // names have 15 characters
  Map table = take(object.map("by_protocol"));
  CHECK(code_of(table.set(uint32_t{kIcmp}, classifier)) == EINVAL);
  ::close(classifier);
}

TEST_CASE("a run makes 33 tail calls at most, then the program goes on") {
  const Object object = load_limits(take(Vm::create()));
  const Program again = take(object.program("again"));
  for (int run = 0; run < 3; ++run) CHECK(retval(again, {.data = zeroes(64)}) == kMaxTailCalls + 1);
}

TEST_CASE("an empty slot and an index beyond the table fall through") {
  const Object object = load_limits(take(Vm::create()));
  CHECK(retval(take(object.program("empty_slot")), {.data = zeroes(64)}) == 11);
  CHECK(retval(take(object.program("beyond_table")), {.data = zeroes(64)}) == 12);
}

TEST_CASE("an empty slot that is filled while its object runs is used by the next run") {
  Vm vm = take(Vm::create());
  const Object object = load_limits(vm);
  Map table = take(object.map("table"));
  const int replacement = program_descriptor(vm, "replacement");
  require_ok(table.set(uint32_t{1}, replacement));
  ::close(replacement);  // the table holds the program
  CHECK(retval(take(object.program("empty_slot")), {.data = zeroes(64)}) == 77);
}

}  // namespace skep::tests
