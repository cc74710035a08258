// SPDX-License-Identifier: Apache-2.0
// Packet memory that is used again: mapping it takes longer than most runs.
#pragma once

#include "vm/context.hpp"

namespace skep::vm {

/// A packet of the size that test runs need; a thread keeps some that were given back. ENOMEM.
Result<Packet> take_packet();
void give_back(Packet packet);

}  // namespace skep::vm
