// SPDX-License-Identifier: Apache-2.0
// Flow dissectors (net/bpf/test_run.c, bpf_prog_test_run_flow_dissector): the data out are the keys.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "vm/test_run/kind.hpp"

namespace skep::vm::test_run_kinds {

Status begin_flow_dissector(Session& session) {
  const TestRunInput& input = *session.input;
  if (auto status = refuse_flags(input); !status) return status;
  if (input.data.size() < kEthernetHeader || input.data.size() > kPage)
    return Error{.code = EINVAL, .message = "a packet to dissect has 14 to 4096 bytes"};
  bpf_flow_keys given{};
  if (auto status = read_context(input, &given, sizeof given); !status) return status;
  const uint32_t flags = std::exchange(given.flags, 0);
  if (!is_zero(&given, 0, sizeof given))
    return Error{.code = EINVAL, .message = "of the flow keys only the flags can be given"};
  session.flow_keys.flags = flags;
  if (!session.packet->assign(input.data, 0)) return Error{.code = ENOMEM, .message = "no memory for the packet"};
  session.packet->kind = PacketKind::flow;
  Context& context = session.new_context(sizeof(__sk_buff));
  context.pointers().flow_keys = &session.flow_keys;
  context.set(offsetof(__sk_buff, flow_keys), &session.flow_keys);
  publish_packet(context, *session.packet);
  return {};
}

void begin_dissection(Session& session) {
  bpf_flow_keys keys{};
  std::memcpy(&keys.n_proto, session.packet->data + 12, sizeof keys.n_proto);
  keys.nhoff = keys.thoff = kEthernetHeader;
  keys.flags = session.flow_keys.flags;
  session.flow_keys = keys;
}

uint32_t end_dissection(Session& session, uint32_t retval) {
  bpf_flow_keys& keys = session.flow_keys;
  const auto end = static_cast<uint16_t>(session.packet->size());
  keys.nhoff = std::clamp<uint16_t>(keys.nhoff, kEthernetHeader, end);
  keys.thoff = std::clamp<uint16_t>(keys.thoff, keys.nhoff, end);
  return retval;
}

Status end_flow_dissector(Session& session, TestRunOutput& output) {
  const auto keys = std::as_bytes(std::span(&session.flow_keys, 1));
  output.data.assign(keys.begin(), keys.end());
  bpf_flow_keys given{};
  if (auto status = read_context(*session.input, &given, sizeof given); !status) return status;
  const auto bytes = std::as_bytes(std::span(&given, 1));
  output.context.assign(bytes.begin(), bytes.end());
  return {};
}

}  // namespace skep::vm::test_run_kinds
