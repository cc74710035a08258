// SPDX-License-Identifier: Apache-2.0
// The families of helpers: each function gives the rows at the end of its file.
#pragma once

#include <span>

#include "vm/helpers/bind.hpp"

namespace skep::vm::helpers {

using Rows = std::span<const Row>;

Rows checksum_helpers();
Rows dynptr_helpers();
Rows fib_helpers();
Rows kptr_helpers();
Rows loop_helpers();
Rows map_helpers();
Rows perf_helpers();
Rows probe_helpers();
Rows random_helpers();
Rows redirect_helpers();
Rows ringbuf_helpers();
Rows skb_helpers();
Rows skb_room_helpers();
Rows skb_socket_helpers();
Rows skb_tunnel_helpers();
Rows skb_vlan_helpers();
Rows socket_helpers();
Rows spin_lock_helpers();
Rows storage_helpers();
Rows string_helpers();
Rows task_helpers();
Rows time_helpers();
Rows trace_helpers();
Rows xdp_helpers();

}  // namespace skep::vm::helpers
