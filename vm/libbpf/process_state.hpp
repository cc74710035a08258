// SPDX-License-Identifier: Apache-2.0
// What libbpf keeps once per process although it belongs to a kernel, so here to a System.
#pragma once

#include <cstddef>
#include <memory>

namespace skep::vm {

/// An empty cache of probed features (libbpf's struct kern_feature_cache).
std::unique_ptr<std::byte[]> make_feature_cache();

/// Sets the number of possible CPUs that libbpf remembers.
void set_possible_cpus(int count);

/// Sends libbpf's messages to the current System of the thread that prints; without one they are dropped.
void route_messages();

}  // namespace skep::vm
