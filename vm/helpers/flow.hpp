// SPDX-License-Identifier: Apache-2.0
// What a socket buffer's headers say: its network protocol and its flow.
#pragma once

#include <cstdint>

#include "vm/helpers/packet.hpp"

namespace skep::vm::helpers {

/// The protocol behind VLAN tags (skb_protocol with skip_vlan), in network byte order.
[[nodiscard]] uint16_t network_protocol(Skb skb);

/// Hash over addresses, protocol and ports; never 0, the same for all packets of a flow. The number differs from Linux's,
/// which has a secret key.
[[nodiscard]] uint32_t flow_hash(Skb skb);

}  // namespace skep::vm::helpers
