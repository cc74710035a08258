// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "vm/test_run/kind.hpp"

namespace skep::vm::test_run_kinds {
namespace {

using enum verifier::ProgramType;

// clang-format off
constexpr Kind kKinds[] = {
    // type                   packet  begin                 before each       after each            end
    {socket_filter,           true,   begin_skb,            nullptr,          nullptr,              end_skb},
    {sched_cls,               true,   begin_skb,            nullptr,          nullptr,              end_skb},
    {sched_act,               true,   begin_skb,            nullptr,          nullptr,              end_skb},
    {cgroup_skb,              true,   begin_skb,            nullptr,          nullptr,              end_skb},
    {lwt_in,                  true,   begin_skb,            nullptr,          nullptr,              end_skb},
    {lwt_out,                 true,   begin_skb,            nullptr,          nullptr,              end_skb},
    {lwt_xmit,                true,   begin_skb,            nullptr,          nullptr,              end_skb},
    {xdp,                     true,   begin_xdp,            nullptr,          nullptr,              end_xdp},
    {flow_dissector,          true,   begin_flow_dissector, begin_dissection, end_dissection,       end_flow_dissector},
    {sk_lookup,               false,  begin_sk_lookup,      nullptr,          verdict_of_sk_lookup, end_bytes},
    {raw_tracepoint,          false,  begin_raw_tracepoint, nullptr,          nullptr,              end_bytes},
    {raw_tracepoint_writable, false,  begin_raw_tracepoint, nullptr,          nullptr,              end_bytes},
    {syscall,                 false,  begin_syscall,        nullptr,          nullptr,              end_bytes},
    {tracepoint,              false,  begin_event,          nullptr,          nullptr,              end_bytes},
    {perf_event,              false,  begin_event,          nullptr,          nullptr,              end_bytes},
    {kprobe,                  false,  begin_event,          nullptr,          nullptr,              end_bytes},
};
// clang-format on

}  // namespace

const Kind* kind_of(verifier::ProgramType type) {
  const auto* found = std::ranges::find(kKinds, type, &Kind::type);
  return found == std::end(kKinds) ? nullptr : found;
}

bool is_zero(const void* structure, size_t begin, size_t end) {
  const auto* bytes = static_cast<const std::byte*>(structure);
  return std::all_of(bytes + begin, bytes + end, [](std::byte byte) { return byte == std::byte{}; });
}

Status read_context(const TestRunInput& input, void* to, size_t size) {
  const auto given = input.context;
  if (given.size() > kPage || (given.size() > size && !is_zero(given.data(), size, given.size())))
    return Error{.code = E2BIG, .message = "the context has bytes that its type does not know"};
  if (!given.empty()) std::memcpy(to, given.data(), std::min(size, given.size()));
  return {};
}

Status refuse_flags(const TestRunInput& input, uint32_t known_flags) {
  if ((input.flags & ~known_flags) == 0 && input.cpu == 0) return {};
  return Error{.code = EINVAL, .message = "the program's type does not know these flags of a test run"};
}

Status refuse_data(const TestRunInput& input) {
  if (input.data.empty()) return {};
  return Error{.code = EINVAL, .message = "the program's type has no packet, so a test run takes no data"};
}

}  // namespace skep::vm::test_run_kinds
