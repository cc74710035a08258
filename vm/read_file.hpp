// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "skep/error.hpp"

namespace skep::vm {

/// A file's bytes, at most 512 MiB. The error names the file.
Result<std::vector<std::byte>> read_file(const std::string& path);

}  // namespace skep::vm
