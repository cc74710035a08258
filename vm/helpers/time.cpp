// SPDX-License-Identifier: Apache-2.0
#include "vm/helpers/families.hpp"
#include "vm/vm.hpp"

namespace skep::vm::helpers {
namespace {

uint64_t ktime_get_ns(Run& run) { return run.vm.clock().monotonic(); }
uint64_t ktime_get_boot_ns(Run& run) { return run.vm.clock().boot(); }
uint64_t ktime_get_coarse_ns(Run& run) { return run.vm.clock().coarse(); }
uint64_t ktime_get_tai_ns(Run& run) { return run.vm.clock().tai(); }
uint64_t jiffies64(Run& run) { return run.vm.clock().jiffies(); }

constexpr Row kRows[] = {
    row<ktime_get_ns>(HelperId::ktime_get_ns),
    row<ktime_get_boot_ns>(HelperId::ktime_get_boot_ns),
    row<ktime_get_coarse_ns>(HelperId::ktime_get_coarse_ns),
    row<ktime_get_tai_ns>(HelperId::ktime_get_tai_ns),
    row<jiffies64>(HelperId::jiffies64),
};

}  // namespace

Rows time_helpers() { return kRows; }

}  // namespace skep::vm::helpers
