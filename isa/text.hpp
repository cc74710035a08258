// SPDX-License-Identifier: Apache-2.0
// What assembler and disassembler share: the two ways of writing instructions, and names for numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace skep::isa {

/// How instructions are written.
enum class Style : uint8_t {
  kernel,  ///< As in the verifier's log and in bpftool: "(b7) r0 = 1", "(05) goto pc+2".
  llvm,    ///< As llvm-objdump writes: "r0 = 0x1", "goto +0x2".
};

/// Names that the disassembler shows in place of numbers. A missing function and an empty name leave the number.
struct Symbols {
  std::function<std::string(int32_t id)> helper;
  std::function<std::string(int32_t btf_id, int16_t btf_module)> kfunc;
  std::function<std::string(int32_t fd)> map;
  std::function<std::string(size_t index)> label;  ///< Of the instruction at an index: a function or a jump's target.
};

/// Numbers of names that the assembler meets; nullopt: there is no such name.
struct Names {
  std::function<std::optional<int32_t>(std::string_view name)> helper;
  std::function<std::optional<int32_t>(std::string_view name)> map;
};

}  // namespace skep::isa
