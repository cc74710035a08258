// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "btf/types.hpp"
#include "skep/error.hpp"
#include "vm/prepare/object.hpp"

namespace skep::vm {

/// Turns the section "maps" of `object`, whose symbols are struct bpf_map_def, into ".maps" with the same maps in BTF.
/// `types` are those of its .BTF, or null; returns the new ones. Nothing happens without such a section.
/// Errors: EINVAL for a corrupt section, ENOTSUP for an object that also has ".maps".
Result<std::shared_ptr<const btf::Types>> convert_legacy_maps(Object& object, std::shared_ptr<const btf::Types> types);

}  // namespace skep::vm
