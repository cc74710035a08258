// SPDX-License-Identifier: Apache-2.0
#include "verifier/helper_proto.hpp"
#include "vm/helpers/table.hpp"
#include "vm/interpreter/machine.hpp"

namespace skep::vm::interpreter {

using verifier::HelperId;

namespace {

/// Calls a helper that undoes, with the object as its only argument.
void undo(HelperId id, void* object, Run& run) {
  if (const HelperFunction helper = helper_function(static_cast<uint32_t>(id)))
    helper(reinterpret_cast<uint64_t>(object), 0, 0, 0, 0, run);
}

}  // namespace

void release_resources(Run& run) {
  if (run.spin_lock != nullptr) undo(HelperId::spin_unlock, run.spin_lock, run);
  // The helper takes away what it discards.
  for (size_t left = run.reserved.size(); left != 0; --left)
    undo(HelperId::ringbuf_discard, run.reserved.back().second, run);
}

}  // namespace skep::vm::interpreter
