// SPDX-License-Identifier: Apache-2.0
// What differs between program types when they are test-run: how the input becomes packet and context, and what they
// become afterwards.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <optional>

#include "vm/context.hpp"
#include "vm/network.hpp"
#include "vm/test_run.hpp"

namespace skep::vm::test_run_kinds {

/// One test run: what it was given, and the memory that it uses.
struct Session {
  Session(Vm& owner, Program& entry) : vm(owner), program(entry) {}

  Vm& vm;
  Program& program;
  const TestRunInput* input = nullptr;

  std::optional<Context> context;
  std::optional<Packet> packet;
  Socket socket;              ///< of a socket buffer
  bpf_flow_keys flow_keys{};  ///< of a flow dissector

  /// A zeroed context of `size` bytes.
  Context& new_context(size_t size) { return context.emplace(size); }
};

struct Kind {
  verifier::ProgramType type;
  bool has_packet;
  /// Checks the input in Linux's order; makes context and packet.
  Status (*begin)(Session&);
  /// Before each repetition; null: nothing to do.
  void (*before_each)(Session&);
  /// The result of a repetition from the program's; null: the program's.
  uint32_t (*after_each)(Session&, uint32_t retval);
  /// Packet and context of the output.
  Status (*end)(Session&, TestRunOutput&);
};

/// Null: programs of this type cannot be test-run here.
const Kind* kind_of(verifier::ProgramType type);

// The functions of the kinds, by file. "skb.cpp"
Status begin_skb(Session& session);
Status end_skb(Session& session, TestRunOutput& output);
// "xdp.cpp"
Status begin_xdp(Session& session);
Status end_xdp(Session& session, TestRunOutput& output);
// "flow_dissector.cpp"
Status begin_flow_dissector(Session& session);
void begin_dissection(Session& session);
uint32_t end_dissection(Session& session, uint32_t retval);
Status end_flow_dissector(Session& session, TestRunOutput& output);
// "sk_lookup.cpp"
Status begin_sk_lookup(Session& session);
uint32_t verdict_of_sk_lookup(Session& session, uint32_t retval);
// "bytes.cpp": contexts that are plain bytes
Status begin_raw_tracepoint(Session& session);
Status begin_syscall(Session& session);
Status begin_event(Session& session);
Status end_bytes(Session& session, TestRunOutput& output);

// Shared.

inline constexpr size_t kEthernetHeader = 14;
inline constexpr size_t kPage = 4096;
/// What Linux keeps behind a packet's data (struct skb_shared_info, aligned).
inline constexpr size_t kSharedInfo = 320;

/// Copies the caller's context over `to`, which has `size` bytes; what the caller has more must be zero, else E2BIG (Linux:
/// bpf_ctx_init).
Status read_context(const TestRunInput& input, void* to, size_t size);
/// Whether the bytes from `begin` to `end` of a structure are zero.
bool is_zero(const void* structure, size_t begin, size_t end);
/// `flags` and `cpu` of types that know neither.
Status refuse_flags(const TestRunInput& input, uint32_t known_flags = 0);
Status refuse_data(const TestRunInput& input);

}  // namespace skep::vm::test_run_kinds
