// SPDX-License-Identifier: Apache-2.0
#include "vm/helpers/families.hpp"
#include "vm/vm.hpp"

namespace skep::vm::helpers {
namespace {

uint32_t get_prandom_u32(Run& run) { return static_cast<uint32_t>(run.vm.random()); }

constexpr Row kRows[] = {
    row<get_prandom_u32>(HelperId::get_prandom_u32),
};

}  // namespace

Rows random_helpers() { return kRows; }

}  // namespace skep::vm::helpers
