// SPDX-License-Identifier: Apache-2.0
// Good inputs of the targets.
#pragma once

#include "tests/fuzz/targets.hpp"

namespace skep::fuzz {

Inputs object_seeds(const std::string& examples);
Inputs btf_seeds(const std::string& examples);
Inputs instruction_seeds(const std::string& examples);
Inputs text_seeds(const std::string& examples);
Inputs command_seeds(const std::string& examples);
Inputs capture_seeds(const std::string& examples);
Inputs raw_program_seeds(const std::string& examples);
Inputs program_seeds(const std::string& examples);

}  // namespace skep::fuzz
