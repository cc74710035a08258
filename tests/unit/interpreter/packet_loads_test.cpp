// SPDX-License-Identifier: Apache-2.0
// The legacy loads from the packet.
#include <catch2/catch_test_macros.hpp>
#include <cstdint>

#include "engines.hpp"

namespace skep::vm::testing {
namespace {

namespace make = isa::make;
using verifier::ProgramType;

constexpr int32_t kNetwork = -0x100000, kLink = -0x200000;

/// A socket filter's packet of 20 bytes 0x10, 0x11 ..., behind a link header of 14 bytes 0xe0 ....
struct FilterTest {
  std::shared_ptr<Vm> vm = make_vm();
  Packet packet = *Packet::create(4096);
  Context context{192};
  FilterTest() {
    std::vector<std::byte> bytes;
    for (int i = 0; i < 14; ++i) bytes.push_back(std::byte(0xe0 + i));
    for (int i = 0; i < 20; ++i) bytes.push_back(std::byte(0x10 + i));
    REQUIRE(packet.assign(bytes, 64));
    packet.pull(14);
    packet.skb.mac_header = 64;
    packet.skb.network_header = 64 + 14;
    publish_packet(context, packet);
  }
  /// r6 is the context; r0 afterwards, which must be the same on every engine.
  uint64_t loaded(const isa::Code& code) {
    const auto program = typed_program(ProgramType::socket_filter, make::mov64_reg(6, 1) + code);
    std::optional<uint64_t> r0;
    for (const EngineUnderTest& engine : kEngines) {
      const Outcome outcome = run(engine, *vm, *program, {.context = &context, .packet = &packet});
      INFO(engine.name << ": " << outcome.error.message);
      REQUIRE(outcome.r0);
      if (r0) CHECK(outcome.r0 == r0);
      r0 = outcome.r0;
    }
    return *r0;
  }
};

TEST_CASE("legacy loads read the packet in network order") {
  FilterTest test;
  CHECK(test.loaded(make::ldabsb(3) + make::exit()) == 0x13);
  CHECK(test.loaded(make::ldabsh(3) + make::exit()) == 0x1314);
  CHECK(test.loaded(make::ldabsw(16) + make::exit()) == 0x20212223);
  CHECK(test.loaded(make::mov64_imm(2, 2) + make::ldindb(2, 1) + make::exit()) == 0x13);
  CHECK(test.loaded(make::mov64_imm(2, -1) + make::ldindh(2, 1) + make::exit()) == 0x1011);
  CHECK(test.loaded(make::mov64_imm(2, 4) + make::ldindw(2, 0) + make::exit()) == 0x14151617);
}

TEST_CASE("negative offsets count from the headers") {
  FilterTest test;
  CHECK(test.loaded(make::ldabsb(kNetwork + 1) + make::exit()) == 0x11);
  CHECK(test.loaded(make::ldabsh(kLink + 12) + make::exit()) == 0xeced);
}

TEST_CASE("a load outside of the packet ends the function with 0") {
  FilterTest test;
  for (const isa::Code& load : {make::ldabsb(20), make::ldabsw(17), make::ldabsh(kLink - 1), make::ldabsb(-1),
                                make::ldabsw(INT32_MAX), make::ldabsb(INT32_MIN), make::ldabsw(kNetwork - 4)})
    CHECK(test.loaded(make::mov64_imm(0, 7) + load + make::mov64_imm(0, 9) + make::exit()) == 0);
}

TEST_CASE("legacy loads need the context in r6") {
  FilterTest test;
  const auto program =
      typed_program(ProgramType::socket_filter, make::mov64_imm(6, 0) + make::ldabsb(0) + make::exit());
  const Outcome outcome = run(kChecked, *test.vm, *program, {.context = &test.context, .packet = &test.packet});
  CHECK(outcome.error.message == "r6 = 0x0: not the context");
}

}  // namespace
}  // namespace skep::vm::testing
