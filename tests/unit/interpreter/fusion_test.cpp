// SPDX-License-Identifier: Apache-2.0
// Fused runs of instructions against the same instructions one by one: the traced interpreter fuses nothing.
#include "vm/interpreter/fusion.hpp"

#include <sys/mman.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <cstring>
#include <random>

#include "engines.hpp"

namespace skep::vm::testing {
namespace {

namespace make = isa::make;
using interpreter::Fusion;
using interpreter::FusionKind;
using isa::Op;

constexpr uint8_t kBase = 6;     // register with the address of the memory
constexpr size_t kMemory = 256;  // bytes
constexpr int16_t kMiddle = 128;

/// Memory whose address has 31 bits, so that 32-bit arithmetic can compute it.
std::span<std::byte> low_memory() {
  static void* const memory =
      ::mmap(nullptr, kMemory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  return {static_cast<std::byte*>(memory), kMemory};
}

bool is_load(Op op) { return isa::class_of(isa::info(op).code) == isa::Class::ldx; }
bool is_store(Op op) { return isa::class_of(isa::info(op).code) == isa::Class::stx; }
bool is_jump(Op op) { return isa::is_jmp(isa::class_of(isa::info(op).code)); }

/// An instruction of a form on the given registers. Memory is reached through `kBase` unless a chain goes through it.
isa::Insn instruction(Op op, uint8_t dst, uint8_t src, int32_t imm, bool is_chained) {
  const isa::OpInfo& form = isa::info(op);
  isa::Insn insn{.code = form.code};
  insn.dst = form.dst.use == isa::Use::fixed ? uint8_t(form.dst.value) : dst;
  insn.src = form.src.reads() ? src : 0;
  insn.imm = form.imm.use == isa::Use::fixed ? form.imm.value : imm;
  if (form.imm.use == isa::Use::shift) insn.imm = imm & 31;
  if (is_jump(op)) insn.off = 1;
  if (is_load(op) || is_store(op)) insn.off = kMiddle;
  if (is_load(op) && !is_chained) insn.src = kBase;
  if (is_store(op)) insn.dst = kBase;
  if (op == Op::call_local) insn.imm = 1;
  return insn;
}

/// Runs `body` with these r2 to r5; the result mixes all registers, and whether a jump at the end was taken.
isa::Code program(const isa::Code& body, const uint64_t (&r)[4], bool enters_at_second) {
  isa::Code code = make::mov64_reg(kBase, 1) + make::mov64_imm(0, 0) + make::mov64_imm(7, 0);
  for (int i = 0; i < 4; ++i) code = code + make::lddw(2 + i, int64_t(r[i]));
  if (enters_at_second) code = code + make::ja(1);
  code = code + body + make::mov64_imm(7, 1);
  for (int i = 2; i <= 7; ++i)
    if (i != kBase) code = code + make::mul64_imm(0, 31) + make::xor64_reg(0, i);
  return code + make::exit();
}

/// A call_local in the body lands after one more instruction; what is called must return.
bool is_callable(const Fusion& fusion) { return fusion.ops[fusion.length - 1U] != Op::call_local; }

TEST_CASE("pairs and chains of arithmetic and jumps do what their instructions do, for all registers") {
  std::mt19937_64 random(1);
  for (const Fusion& fusion : interpreter::kFusions) {
    bool has_memory_in_chain = false;
    for (size_t i = 1; i < fusion.length; ++i)
      has_memory_in_chain |= fusion.kind == FusionKind::chain && is_load(fusion.ops[i]);
    if (has_memory_in_chain || !is_callable(fusion)) continue;
    for (int registers = 0; registers < 16; ++registers) {
      isa::Code body;
      for (size_t i = 0; i < fusion.length; ++i) {
        const auto dst = uint8_t(2 + (registers >> (i % 2) & 1));
        const auto src = uint8_t(2 + (registers >> (2 + i % 2) & 1));
        body.push_back(instruction(fusion.ops[i], dst, src, int32_t(random()), false));
      }
      const uint64_t r[4] = {random(), random() >> 33, random(), random()};
      for (const bool enters_at_second : {false, true}) {
        INFO(isa::info(fusion.ops[0]).name << " " << isa::info(fusion.ops[1]).name << " " << registers);
        std::memset(low_memory().data(), 0x5a, kMemory);
        CHECK(run_everywhere(program(body, r, enters_at_second), low_memory()));
      }
    }
  }
}

/// What r2 must be before an instruction so that it leaves `wanted` there; r3 is 8, r4 is `wanted`. None: impossible.
std::optional<uint64_t> before(const isa::Insn& insn, uint64_t wanted) {
  const Op op = isa::classify(insn);
  const std::string_view name = isa::info(op).name;
  if (name.starts_with("mov")) return wanted;
  if (name.starts_with("add")) return wanted - (isa::info(op).src.reads() ? 8 : uint64_t(int64_t{insn.imm}));
  if (name.starts_with("xor")) return wanted ^ 8;
  if (name.starts_with("and64_imm") || name.starts_with("and32_imm")) return wanted;
  if (name.starts_with("lsh")) return wanted >> 1;
  if (name.starts_with("rsh")) return wanted << 1;
  return std::nullopt;
}

TEST_CASE("chains through loads do what their instructions do") {
  const std::span<std::byte> memory = low_memory();
  const auto address = reinterpret_cast<uint64_t>(memory.data());
  for (const Fusion& fusion : interpreter::kFusions) {
    if (fusion.kind != FusionKind::chain || !is_load(fusion.ops[fusion.length - 1U])) continue;
    INFO(isa::info(fusion.ops[0]).name << " " << isa::info(fusion.ops[1]).name);
    std::optional<uint64_t> r2 = address;  // before the load
    isa::Code body;
    for (size_t i = fusion.length; i-- > 0;) {
      const Op op = fusion.ops[i];
      const bool is_and = isa::info(op).name.starts_with("and");
      const bool is_shift = isa::info(op).imm.use == isa::Use::shift;
      const uint8_t src = is_load(op) ? 2 : (isa::info(op).name.starts_with("mov") ? 4 : 3);
      const isa::Insn insn = instruction(op, 2, src, is_and ? -1 : is_shift ? 1 : 16, i > 0);
      body.insert(body.begin(), insn);
      if (i + 1U < fusion.length && r2) r2 = before(insn, *r2);
    }
    if (!r2) continue;  // its first instruction is a load, which the other test covers
    const uint64_t r[4] = {*r2, 8, *r2, 0};
    std::memset(memory.data(), 0x5a, kMemory);
    CHECK(run_everywhere(program(body, r, false), memory));
  }
}

TEST_CASE("loads of pointers and loads through them are chained") {
  const std::span<std::byte> memory = low_memory();
  const auto address = reinterpret_cast<uint64_t>(memory.data());
  for (const auto& first : {make::ldxdw(2, kBase, 0), make::ldxw(2, kBase, 0)})
    for (const auto& second : {make::ldxdw(2, 2, 8), make::ldxw(2, 2, 9), make::ldxh(2, 2, 10), make::ldxb(2, 2, 11)}) {
      for (size_t i = 0; i < memory.size(); ++i) memory[i] = std::byte(7 * i);
      std::memcpy(memory.data(), &address, sizeof address);
      CHECK(run_everywhere(program(first + second, {1, 2, 3, 4}, false), memory));
    }
}

TEST_CASE("a call after a fused instruction reaches its function") {
  const isa::Code code = make::mov64_imm(1, 40) + make::mov64_reg(2, 1) + make::call_local(2) + make::add64_imm(0, 1) +
                         make::exit() + make::mov64_reg(0, 1) + make::add64_imm(0, 1) + make::exit();
  CHECK(run_everywhere(code) == 42);
}

TEST_CASE("no fusion is listed twice") {
  for (size_t a = 0; a < std::size(interpreter::kFusions); ++a)
    for (size_t b = 0; b < a; ++b) {
      const Fusion& x = interpreter::kFusions[a];
      const Fusion& y = interpreter::kFusions[b];
      CHECK_FALSE((x.kind == y.kind && x.ops == y.ops && x.length == y.length));
    }
}

}  // namespace
}  // namespace skep::vm::testing
