// SPDX-License-Identifier: Apache-2.0
// What tests of helpers' arguments in the checked interpreter share.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "engines.hpp"
#include "maps/map.hpp"
#include "verifier/helper_proto.hpp"

namespace skep::vm::testing {

namespace make = isa::make;
using maps::MapType;
using verifier::HelperId;
using verifier::ProgramType;

inline isa::Code call(HelperId id) { return make::call_helper(int(id)); }

/// Programs with an array (map 0, values of 16 bytes) and a ring buffer (map 1).
struct ArgumentTest {
  std::shared_ptr<Vm> vm = make_vm();
  Context context{192};
  Packet packet = *Packet::create(4096);
  std::vector<std::shared_ptr<maps::Map>> maps{
      *maps::Map::create({.type = MapType::array, .key_size = 4, .value_size = 16, .max_entries = 2, .name = "array"},
                         *vm),
      *maps::Map::create({.type = MapType::ringbuf, .max_entries = 4096, .name = "ring"}, *vm)};
  ArgumentTest() {
    REQUIRE(packet.assign(std::vector<std::byte>(64), 256));
    publish_packet(context, packet);
  }
  Outcome outcome(const isa::Code& code, int64_t fuel = INT64_MAX) {
    return run(kChecked, *vm, *typed_program(ProgramType::sched_cls, code + make::exit(), maps),
               {.context = &context, .packet = &packet, .fuel = fuel});
  }
  Error error(const isa::Code& code) { return outcome(code).error; }
};

inline isa::Code stack_pointer(int reg, int offset) { return make::mov64_reg(reg, 10) + make::add64_imm(reg, offset); }

inline isa::Code reserve(int size) {
  return make::lddw_map_fd(1, 1) + make::mov64_imm(2, size) + make::mov64_imm(3, 0) + call(HelperId::ringbuf_reserve);
}
inline isa::Code submit() { return make::mov64_imm(2, 0) + call(HelperId::ringbuf_submit); }

}  // namespace skep::vm::testing
