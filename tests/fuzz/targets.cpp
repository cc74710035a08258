// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/targets.hpp"

#include <array>

#include "tests/fuzz/seeds.hpp"

namespace skep::fuzz {

std::span<const Target> targets() {
  static constexpr std::array kTargets{
      Target{"load_object", load_object, object_seeds},
      Target{"prepare_object", prepare_object, object_seeds},
      Target{"read_btf", read_btf, btf_seeds},
      Target{"read_instructions", read_instructions, instruction_seeds},
      Target{"read_text", read_text, text_seeds},
      Target{"call_bpf", call_bpf, command_seeds},
      Target{"read_capture", read_capture, capture_seeds},
      Target{"run_raw", run_raw, raw_program_seeds},
      Target{"run_program", run_program, program_seeds},
  };
  return kTargets;
}

}  // namespace skep::fuzz
