// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "btf/check_record.hpp"
#include "btf/types.hpp"

namespace skep::btf {

/// Whether a value or bit field of the (already resolved) type of member `index` fits its struct at its
/// offset: the check_member and check_kflag_member functions of Linux's kernel/bpf/btf.c.
std::optional<Fault> check_member_fits(const Type& composite, uint32_t index);

}  // namespace skep::btf
