// SPDX-License-Identifier: Apache-2.0
// The tables as pages of the documentation, in Markdown.
#pragma once

#include <string>

namespace skep::verifier {

std::string helper_reference();        ///< docs/helpers.md
std::string program_type_reference();  ///< docs/program-types.md
std::string context_reference();       ///< docs/contexts.md

}  // namespace skep::verifier
