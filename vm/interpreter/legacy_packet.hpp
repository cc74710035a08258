// SPDX-License-Identifier: Apache-2.0
// Loads from the packet of socket filters' first days (RFC 9669, section 5.5; Linux: bpf_skb_load_helper_*()).
#pragma once

#include <cstdint>

namespace skep::vm {
struct Run;
}

namespace skep::vm::interpreter {

/// Loads `size` bytes (1, 2, 4) in network order at `offset` from the start of the packet; negative offsets count from
/// SKF_NET_OFF (network header) and SKF_LL_OFF (link header). False: not inside of the packet.
bool load_packet(const Run& run, int32_t offset, int size, uint64_t& value);

}  // namespace skep::vm::interpreter
