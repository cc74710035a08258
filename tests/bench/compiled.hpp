// SPDX-License-Identifier: Apache-2.0
// A benchmark program in its forms: BPF instructions and native code of the same C file, and its packet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "isa/insn.hpp"
#include "skep/error.hpp"

namespace skep::bench {

/// The function that the C file defines under its own name; `context` is a struct xdp_md.
using NativeFunction = int (*)(void* context);

struct Compiled {
  std::string name;
  std::vector<isa::Insn> insns;
  std::shared_ptr<void> library;
  NativeFunction native = nullptr;
  std::vector<std::byte> packet;
};

/// Compiles FOLDER/programs/*.c with clang (-O2; for BPF -mcpu=v3, for the host -march=native) and reads
/// FOLDER/inputs/NAME.bin; without that file the packet is 2048 bytes of numbers. The programs are in section "xdp" and use
/// neither maps nor helpers.
Result<std::vector<Compiled>> compile_folder(const std::filesystem::path& folder);

}  // namespace skep::bench
