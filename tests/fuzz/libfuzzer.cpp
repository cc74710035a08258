// SPDX-License-Identifier: Apache-2.0
// The entry point of libFuzzer, for the target that the build chooses.
#include <cstdint>

#include "tests/fuzz/targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  skep::fuzz::SKEP_FUZZ_TARGET({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
