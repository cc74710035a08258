// SPDX-License-Identifier: Apache-2.0
// The instruction table as a page of the documentation.
#pragma once

#include <string>

namespace skep::isa {

/// docs/instructions.md, in Markdown.
std::string instruction_reference();

}  // namespace skep::isa
