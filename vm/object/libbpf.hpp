// SPDX-License-Identifier: Apache-2.0
// libbpf's interface under the names of the private copy. Only vm/object includes this.
#pragma once

#include "private_libbpf.hpp"
// The prefixed names must be defined before libbpf declares them.
#include <bpf/btf.h>
#include <bpf/libbpf.h>
