// SPDX-License-Identifier: Apache-2.0
// bpf_spin_lock: a word in a map value, 0 when free. A run holds at most one.
#include "maps/spin_lock.hpp"

#include <cerrno>
#include <cstdint>

#include "vm/helpers/families.hpp"

namespace skep::vm::helpers {
namespace {

int spin_lock(Run& run, uint32_t* lock) {
  if (run.spin_lock != nullptr) {
    run.fail(EDEADLK, "bpf_spin_lock while the program holds a lock already");
    return 0;
  }
  if (!maps::lock_value(lock)) {
    run.fail(EDEADLK, "bpf_spin_lock: deadlock, the lock is not given back");
    return 0;
  }
  run.spin_lock = lock;
  return 0;
}

int spin_unlock(Run& run, uint32_t* lock) {
  if (run.spin_lock != lock) {
    run.fail(EPERM, "bpf_spin_unlock of a lock that the program does not hold");
    return 0;
  }
  run.spin_lock = nullptr;
  maps::unlock_value(lock);
  return 0;
}

constexpr Row kRows[] = {
    row<spin_lock>(HelperId::spin_lock),
    row<spin_unlock>(HelperId::spin_unlock),
};

}  // namespace

Rows spin_lock_helpers() { return kRows; }

}  // namespace skep::vm::helpers
