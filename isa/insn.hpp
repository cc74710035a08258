// SPDX-License-Identifier: Apache-2.0
// The instruction word and its encoding fields (RFC 9669, sections 3 to 5).
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

namespace skep::isa {

/// One 64-bit instruction word in the wire format of programs (`struct bpf_insn`).
struct Insn {
  uint8_t code = 0;     ///< Opcode byte: class, and operation or size and mode.
  uint8_t dst : 4 = 0;  ///< Destination register.
  uint8_t src : 4 = 0;  ///< Source register, or a pseudo value.
  int16_t off = 0;      ///< Displacement in bytes, jump distance in words, or a variant of the operation.
  int32_t imm = 0;      ///< Immediate.

  friend bool operator==(const Insn&, const Insn&) = default;
};
static_assert(sizeof(Insn) == 8 && alignof(Insn) == 4 && std::is_trivially_copyable_v<Insn>);
static_assert(std::endian::native == std::endian::little,
              "instruction words are used in the memory format of little-endian hosts");

// The opcode byte. Its lowest three bits are the class; loads and stores continue with size and mode,
// arithmetic and jumps with source and operation.
enum class Class : uint8_t { ld, ldx, st, stx, alu, jmp, jmp32, alu64 };
enum class Size : uint8_t { w = 0x00, h = 0x08, b = 0x10, dw = 0x18 };
enum class Mode : uint8_t { imm = 0x00, abs = 0x20, ind = 0x40, mem = 0x60, memsx = 0x80, atomic = 0xc0 };
enum class Source : uint8_t { k = 0x00, x = 0x08 };
// clang-format off
enum class AluOp : uint8_t {
  add = 0x00, sub = 0x10, mul = 0x20, div = 0x30, bit_or = 0x40, bit_and = 0x50, lsh = 0x60, rsh = 0x70,
  neg = 0x80, mod = 0x90, bit_xor = 0xa0, mov = 0xb0, arsh = 0xc0, end = 0xd0,
};
enum class JmpOp : uint8_t {
  ja = 0x00, jeq = 0x10, jgt = 0x20, jge = 0x30, jset = 0x40, jne = 0x50, jsgt = 0x60, jsge = 0x70,
  call = 0x80, exit = 0x90, jlt = 0xa0, jle = 0xb0, jslt = 0xc0, jsle = 0xd0, jcond = 0xe0,
};
// clang-format on

constexpr Class class_of(uint8_t code) { return Class(code & 0x07); }
constexpr Size size_of(uint8_t code) { return Size(code & 0x18); }
constexpr Mode mode_of(uint8_t code) { return Mode(code & 0xe0); }
constexpr Source source_of(uint8_t code) { return Source(code & 0x08); }
constexpr AluOp alu_op_of(uint8_t code) { return AluOp(code & 0xf0); }
constexpr JmpOp jmp_op_of(uint8_t code) { return JmpOp(code & 0xf0); }

constexpr bool is_alu(Class c) { return c == Class::alu || c == Class::alu64; }
constexpr bool is_jmp(Class c) { return c == Class::jmp || c == Class::jmp32; }

/// Number of bytes that a load or a store of this opcode moves.
constexpr int size_in_bytes(uint8_t code) {
  constexpr int kBytes[] = {4, 2, 1, 8};
  return kBytes[(code & 0x18) >> 3];
}

/// The only opcode whose instruction takes two words (LD | IMM | DW).
inline constexpr uint8_t kLddw = 0x18;

constexpr bool is_wide(const Insn& insn) { return insn.code == kLddw; }

inline constexpr int kRegisters = 11;     ///< r0 to r10.
inline constexpr int kFramePointer = 10;  ///< Read only.

// Meaning of the source field of a wide instruction.
inline constexpr uint8_t kPseudoMapFd = 1;
inline constexpr uint8_t kPseudoMapValue = 2;
inline constexpr uint8_t kPseudoBtfId = 3;
inline constexpr uint8_t kPseudoFunc = 4;
inline constexpr uint8_t kPseudoMapIdx = 5;
inline constexpr uint8_t kPseudoMapIdxValue = 6;

// Meaning of the source field of a call.
inline constexpr uint8_t kHelperCall = 0;
inline constexpr uint8_t kPseudoCall = 1;
inline constexpr uint8_t kPseudoKfuncCall = 2;

// Immediate of an atomic instruction.
inline constexpr int32_t kAtomicAdd = 0x00;
inline constexpr int32_t kAtomicOr = 0x40;
inline constexpr int32_t kAtomicAnd = 0x50;
inline constexpr int32_t kAtomicXor = 0xa0;
inline constexpr int32_t kAtomicFetch = 0x01;  ///< Added to one of the above.
inline constexpr int32_t kAtomicXchg = 0xe1;
inline constexpr int32_t kAtomicCmpxchg = 0xf1;
inline constexpr int32_t kAtomicLoadAcquire = 0x100;
inline constexpr int32_t kAtomicStoreRelease = 0x110;

/// Offset field that makes a 64-bit register move an address-space cast.
inline constexpr int16_t kAddrSpaceCast = 1;

/// The 64-bit immediate of a wide instruction.
constexpr uint64_t imm64(const Insn& low, const Insn& high) {
  return uint64_t(uint32_t(high.imm)) << 32 | uint32_t(low.imm);
}

}  // namespace skep::isa
