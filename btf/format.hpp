// SPDX-License-Identifier: Apache-2.0
// The wire format of BTF and of .BTF.ext (Linux Documentation/bpf/btf.rst): numbers and records, nothing
// else.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

static_assert(std::endian::native == std::endian::little, "BTF is read in place, in the host's byte order");

namespace skep::btf {

/// Number of a type in its BTF; 0 is void. Split BTF goes on with the numbers of its base.
using TypeId = uint32_t;

enum class Kind : uint8_t {
  void_ = 0,
  int_ = 1,
  ptr = 2,
  array = 3,
  struct_ = 4,
  union_ = 5,
  enum_ = 6,
  fwd = 7,
  typedef_ = 8,
  volatile_ = 9,
  const_ = 10,
  restrict_ = 11,
  func = 12,
  func_proto = 13,
  var = 14,
  datasec = 15,
  float_ = 16,
  decl_tag = 17,
  type_tag = 18,
  enum64 = 19,
};

inline constexpr uint32_t kKindCount = 20;

/// The kernel's names of the kinds ("STRUCT"), by number.
inline constexpr std::array<std::string_view, kKindCount> kKindNames = {
    "VOID",  "INT",      "PTR",  "ARRAY",      "STRUCT", "UNION",   "ENUM",  "FWD",      "TYPEDEF",  "VOLATILE",
    "CONST", "RESTRICT", "FUNC", "FUNC_PROTO", "VAR",    "DATASEC", "FLOAT", "DECL_TAG", "TYPE_TAG", "ENUM64",
};

constexpr std::string_view kind_name(Kind kind) { return kKindNames[static_cast<size_t>(kind)]; }

/// Encoding of an INT; no bit: unsigned.
enum IntEncoding : uint8_t { int_unsigned = 0, int_signed = 1, int_char = 2, int_bool = 4 };

enum class VarLinkage : uint32_t { static_ = 0, global = 1, extern_ = 2 };
enum class FuncLinkage : uint32_t { static_ = 0, global = 1, extern_ = 2 };

inline constexpr uint16_t kMagic = 0xeb9f;
inline constexpr uint8_t kVersion = 1;
inline constexpr uint32_t kMaxBlobSize = 16u << 20;   ///< Of BTF_LOAD.
inline constexpr TypeId kMaxTypeId = 0xfffff;         ///< Largest id that a record may name.
inline constexpr uint32_t kMaxNameOffset = 0xffffff;  ///< Largest string offset.
inline constexpr uint32_t kMaxNameLength = 512;       ///< Linux's KSYM_NAME_LEN.
inline constexpr uint32_t kPointerSize = 8;           ///< BPF's, whatever the host's.

/// The records as they lie in a blob. All fields are little endian; records are aligned to 4 bytes.
namespace wire {

struct Header {
  uint16_t magic;
  uint8_t version;
  uint8_t flags;
  uint32_t hdr_len;
  uint32_t type_off;  ///< From the end of the header, as str_off.
  uint32_t type_len;
  uint32_t str_off;
  uint32_t str_len;
};
static_assert(sizeof(Header) == 24);

struct Type {
  uint32_t name_off;
  uint32_t info;          ///< Bits 0-15: number of items; 24-28: kind; 31: kind_flag.
  uint32_t size_or_type;  ///< Size in bytes, or the referenced type, by kind.

  [[nodiscard]] uint32_t vlen() const { return info & 0xffff; }
  [[nodiscard]] uint32_t kind_number() const { return info >> 24 & 0x1f; }
  [[nodiscard]] Kind kind() const { return static_cast<Kind>(kind_number()); }
  [[nodiscard]] bool kind_flag() const { return (info >> 31) != 0; }
};
static_assert(sizeof(Type) == 12);

inline constexpr uint32_t kInfoMask = 0x9f00ffff;  ///< The bits of `info` that have a meaning.
inline constexpr uint32_t kIntMask = 0x0fffffff;   ///< The bits of an INT's word that have a meaning.

struct Array {
  uint32_t type;
  uint32_t index_type;
  uint32_t nelems;
};

struct Member {
  uint32_t name_off;
  uint32_t type;
  uint32_t offset;  ///< Bits; with the kind_flag bits 24-31 are the bit field's size.
};

struct Enum {
  uint32_t name_off;
  uint32_t val;
};

struct Enum64 {
  uint32_t name_off;
  uint32_t val_lo32;
  uint32_t val_hi32;
};

struct Param {
  uint32_t name_off;
  uint32_t type;
};

struct Var {
  uint32_t linkage;
};

struct SectionVar {
  uint32_t type;
  uint32_t offset;
  uint32_t size;
};

struct DeclTag {
  int32_t component_idx;
};

/// .BTF.ext. The CO-RE part is absent where hdr_len says so.
struct ExtHeader {
  uint16_t magic;
  uint8_t version;
  uint8_t flags;
  uint32_t hdr_len;
  uint32_t func_info_off;
  uint32_t func_info_len;
  uint32_t line_info_off;
  uint32_t line_info_len;
  uint32_t core_relo_off;
  uint32_t core_relo_len;
};
static_assert(sizeof(ExtHeader) == 32);

/// Head of one ELF section's records inside a part of .BTF.ext.
struct ExtSection {
  uint32_t sec_name_off;
  uint32_t num_info;
};

}  // namespace wire

/// bpf_func_info: the function that begins at an instruction.
struct FuncInfo {
  uint32_t insn_off;
  TypeId type_id;  ///< A FUNC.
};

/// bpf_line_info: the source line that an instruction and its successors come from.
struct LineInfo {
  uint32_t insn_off;
  uint32_t file_name_off;
  uint32_t line_off;  ///< String offset of the line's text.
  uint32_t line_col;

  [[nodiscard]] uint32_t line() const { return line_col >> 10; }
  [[nodiscard]] uint32_t column() const { return line_col & 0x3ff; }
};

/// bpf_core_relo: a compile-once relocation.
struct CoreRelo {
  uint32_t insn_off;
  TypeId type_id;
  uint32_t access_str_off;
  uint32_t kind;
};

}  // namespace skep::btf
