// SPDX-License-Identifier: Apache-2.0
// What a checked run asks of the arguments of calls, and what it grants for their results.
#pragma once

#include <cstdint>
#include <string_view>

#include "verifier/context.hpp"
#include "vm/interpreter/machine.hpp"

namespace skep::vm::interpreter {

/// Makes r1 to r5 recognisable as destroyed.
void poison_arguments(uint64_t* r);
/// Whether an address comes from a destroyed register.
bool is_poison(uint64_t address);

/// Why bytes of the stack may not be written.
inline constexpr std::string_view kOverwritesDynptr = "it would overwrite a dynptr that holds a ring buffer record";

/// Whether the arguments of a helper are as its prototype says. False: the run has failed.
bool check_arguments(Machine& m, const Callee& callee, const uint64_t* r, const Slot* call);

/// Calls a helper whose arguments were checked: grants what it returns, takes back what it releases. Null: the run has
/// failed.
const Slot* call_checked(Machine& m, const Callee& callee, uint64_t* r, const Slot* call);

/// Whether `address` is the context of the run. False: the run has failed.
bool check_context_pointer(Machine& m, uint64_t address, const Slot* at);

template <class Mode>
bool check_context(Machine& m, uint64_t address, const Slot* at) {
  if constexpr (Mode::kChecked) return check_context_pointer(m, address, at);
  return true;
}

/// Grants what a helper's callback is given while it runs: key and value of bpf_for_each_map_elem.
class CallbackGrants {
 public:
  CallbackGrants(Machine& m, const uint64_t (&arguments)[5]);
  ~CallbackGrants();
  CallbackGrants(const CallbackGrants&) = delete;
  CallbackGrants& operator=(const CallbackGrants&) = delete;

 private:
  Regions* regions_ = nullptr;
  uint64_t key_ = 0;
  uint64_t value_ = 0;
};

/// Grants the maps and the global data of a program that begins to run.
void grant_program(Machine& m);
/// Tells the regions where the packet is.
void grant_packet(Run& run);
/// Grants what a pointer loaded from the context leads to, if programs reach that through the pointer itself.
void grant_field(Run& run, verifier::FieldKind kind, uint64_t address);

/// Gives back references to sockets that the program has not released.
void release_sockets(Run& run);

}  // namespace skep::vm::interpreter
