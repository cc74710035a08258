// SPDX-License-Identifier: Apache-2.0
// Filling maps before a run and printing them after it.
#pragma once

#include <string>
#include <vector>

#include "skep/skep.hpp"

namespace skep::tools {

/// Each "NAME=FILE": fills the map from a JSON file.
Status fill_maps(const Object& object, const std::vector<std::string>& assignments);

/// Each "VAR=VALUE": VALUE is JSON, or a word that stands for a string or the name of an enumerator.
Status set_globals(Object& object, const std::vector<std::string>& assignments);

/// All maps with their elements: as bpftool prints them, or one JSON object a map and line.
void print_maps(const Object& object, bool json);

}  // namespace skep::tools
