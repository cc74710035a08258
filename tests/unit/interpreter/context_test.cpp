// SPDX-License-Identifier: Apache-2.0
// Contexts and packets in the checked interpreter.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cerrno>
#include <cstdint>

#include "engines.hpp"

namespace skep::vm::testing {
namespace {

namespace make = isa::make;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using verifier::ProgramType;

constexpr int kData = 0, kDataEnd = 4;  // xdp_md

/// A run of an XDP program on a packet of 16 bytes: 0, 1, 2 ...
struct XdpTest {
  std::shared_ptr<Vm> vm = make_vm();
  Packet packet = *Packet::create(4096);
  Context context{24};
  XdpTest() {
    std::vector<std::byte> bytes;
    for (int i = 0; i < 16; ++i) bytes.push_back(std::byte(i));
    REQUIRE(packet.assign(bytes, 256));
    packet.kind = PacketKind::xdp;
    publish_packet(context, packet);
  }
  Outcome run_on(const EngineUnderTest& engine, const isa::Code& code, ProgramType type = ProgramType::xdp) {
    return run(engine, *vm, *typed_program(type, code), {.context = &context, .packet = &packet});
  }
  Error violation(const isa::Code& code, ProgramType type = ProgramType::xdp) {
    return run_on(kChecked, code, type).error;
  }
};

isa::Code load_data() { return make::mov64_imm(0, 0) + make::ldxw(2, 1, kData) + make::ldxw(3, 1, kDataEnd); }

TEST_CASE("a packet is reached through its pointers on every engine") {
  XdpTest test;
  const isa::Code code = load_data() + make::sub64_reg(3, 2) + make::ldxb(0, 2, 5) + make::mul64_imm(0, 100) +
                         make::add64_reg(0, 3) + make::stb(2, 0, 99) + make::exit();
  for (const EngineUnderTest& engine : kEngines) CHECK(test.run_on(engine, code).r0 == 516);
  CHECK(test.packet.bytes()[0] == std::byte{99});
}

TEST_CASE("the packet ends at data_end and begins at data_meta") {
  XdpTest test;
  const Error past = test.violation(load_data() + make::ldxw(0, 2, 13) + make::exit());
  CHECK(past.code == EFAULT);
  CHECK_THAT(past.message, EndsWith("1 byte past the end of the packet (16 bytes)"));
  CHECK(past.insn == 3);
  const Error before = test.violation(load_data() + make::stb(2, -1, 0) + make::exit());
  CHECK_THAT(before.message, EndsWith("1 byte before the start of the packet (16 bytes)"));
  test.packet.data_meta = test.packet.data - 4;
  CHECK(test.run_on(kChecked, load_data() + make::ldxb(0, 2, -4) + make::exit()).r0);
}

TEST_CASE("fields that are not open to a program are violations") {
  XdpTest test;
  CHECK_THAT(test.violation(make::mov64_imm(0, 0) + make::stw(1, kData, 0) + make::exit()).message,
             ContainsSubstring("cannot write xdp_md.data"));
  CHECK_THAT(test.violation(make::ldxh(0, 1, kData) + make::exit()).message,
             ContainsSubstring("invalid bpf_context access off=0 size=2"));
  CHECK_THAT(test.violation(make::ldxw(0, 1, 24) + make::exit()).message,
             EndsWith("4 bytes past the end of the context (24 bytes)"));
  CHECK_THAT(test.violation(make::mov64_imm(0, 1) + make::atomic_add32(1, 0, 12) + make::exit()).message,
             EndsWith("atomic operations are not allowed on the context (24 bytes)"));
}

TEST_CASE("a packet that a program type may only read is read-only") {
  XdpTest test;
  test.context = Context(192);
  test.packet.kind = PacketKind::skb;
  publish_packet(test.context, test.packet);
  constexpr int kSkbData = 76;
  const isa::Code store = make::mov64_imm(0, 1) + make::ldxw(2, 1, kSkbData) + make::stb(2, 3, 7) + make::exit();
  CHECK_THAT(test.violation(store, ProgramType::cgroup_skb).message, EndsWith("the packet (16 bytes) is read-only"));
  CHECK(test.run_on(kChecked, store, ProgramType::sched_cls).r0 == 1);
}

TEST_CASE("memory in front of the context is not the program's") {
  XdpTest test;
  CHECK_THAT(test.violation(make::ldxdw(0, 1, -64) + make::exit()).message,
             EndsWith("64 bytes before the start of the context (24 bytes)"));
}

}  // namespace
}  // namespace skep::vm::testing
