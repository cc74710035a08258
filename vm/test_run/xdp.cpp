// SPDX-License-Identifier: Apache-2.0
// XDP programs (net/bpf/test_run.c, bpf_prog_test_run_xdp).
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "vm/test_run/kind.hpp"
#include "vm/vm.hpp"

namespace skep::vm::test_run_kinds {
namespace {

constexpr size_t kHeadroom = 256;  // XDP_PACKET_HEADROOM
constexpr size_t kFrameStruct = 40;
constexpr size_t kMaxMetadata = 252;

Error invalid(const char* message) { return Error{.code = EINVAL, .message = message}; }

Status check_program(const Session& session) {
  const auto attach = session.program.spec().expected_attach_type;
  if (attach == verifier::AttachType::xdp_devmap || attach == verifier::AttachType::xdp_cpumap)
    return invalid("programs for devmaps and cpumaps cannot be test-run");
  const uint32_t flags = session.input->flags;
  if ((flags & ~kTestXdpLiveFrames) != 0) return invalid("XDP programs do not know these flags of a test run");
  if ((flags & kTestXdpLiveFrames) != 0)
    return Error{.code = kENOTSUPP, .message = "live frames are not supported: there is no device to send them"};
  return {};
}

/// The context says where the data begin behind the metadata, and how much of it lies in the frame.
Status check_layout(const xdp_md& given, size_t size) {
  if (given.data_meta != 0 || given.data_end > size || given.data > given.data_end)
    return invalid("data_meta, data and data_end of the context must be ordered and within the packet, data_meta 0");
  if (given.data % 4 != 0 || given.data > kMaxMetadata || given.data > kHeadroom - kFrameStruct)
    return invalid("metadata has at most 216 bytes, in whole words");
  return {};
}

Status check_interfaces(const Network& network, const xdp_md& given) {
  if (given.egress_ifindex != 0) return invalid("a test run takes no egress_ifindex");
  if (given.ingress_ifindex == 0)
    return given.rx_queue_index == 0 ? Status() : invalid("rx_queue_index needs an ingress_ifindex");
  const auto device = network.device(given.ingress_ifindex);
  if (!device) return Error{.code = ENODEV, .message = "the network has no interface of that index"};
  return given.rx_queue_index < device->rx_queues ? Status() : invalid("the interface has no such queue");
}

/// `metadata`, then the packet: what is too long for the frame goes into fragments.
Status make_packet(Session& session, size_t metadata, size_t linear) {
  const auto data = session.input->data;
  const size_t headroom = kHeadroom - metadata;
  linear = std::min(linear, kPage - headroom - kSharedInfo);
  if (data.size() - linear > Packet::kMaxFragments * Packet::kFragmentBytes)
    return Error{.code = ENOMEM, .message = "the packet is longer than a frame and 17 fragments"};
  Packet& packet = *session.packet;
  if (!packet.assign(data.first(linear), headroom)) return Error{.code = ENOMEM, .message = "no memory for the packet"};
  packet.kind = PacketKind::xdp;
  packet.hard_end = packet.begin() + kPage - kSharedInfo;
  packet.data = packet.data_meta + metadata;
  const auto* rest = reinterpret_cast<const uint8_t*>(data.data()) + linear;
  packet.fragments.assign(rest, rest + (data.size() - linear));
  return {};
}

}  // namespace

Status begin_xdp(Session& session) {
  const TestRunInput& input = *session.input;
  const size_t size = input.data.size();
  if (auto status = check_program(session); !status) return status;
  xdp_md given{};
  given.data_end = static_cast<uint32_t>(size);
  if (!input.context.empty()) given.data_end = 0;
  if (auto status = read_context(input, &given, sizeof given); !status) return status;
  if (auto status = check_layout(given, size); !status) return status;
  // Linux subtracts without sign: a packet shorter than its metadata passes here and is short later.
  if (size < kEthernetHeader + given.data) return invalid("a packet has at least an Ethernet header of 14 bytes");
  if (auto status = check_interfaces(session.vm.network(), given); !status) return status;
  if (auto status = make_packet(session, given.data, given.data_end); !status) return status;
  Context& context = session.new_context(sizeof(xdp_md));
  context.set(offsetof(xdp_md, ingress_ifindex), std::max(given.ingress_ifindex, kLoopback));
  context.set(offsetof(xdp_md, rx_queue_index), given.rx_queue_index);
  publish_packet(context, *session.packet);
  return {};
}

Status end_xdp(Session& session, TestRunOutput& output) {
  const Packet& packet = *session.packet;
  const auto* start = reinterpret_cast<const std::byte*>(packet.data_meta);
  output.data.assign(start, reinterpret_cast<const std::byte*>(packet.data_end));
  const auto rest = std::as_bytes(std::span(packet.fragments));
  output.data.insert(output.data.end(), rest.begin(), rest.end());

  xdp_md given{};
  if (auto status = read_context(*session.input, &given, sizeof given); !status) return status;
  given.data = static_cast<uint32_t>(packet.data - packet.data_meta);
  given.data_end = static_cast<uint32_t>(packet.data_end - packet.data_meta);
  const auto bytes = std::as_bytes(std::span(&given, 1));
  output.context.assign(bytes.begin(), bytes.end());
  return {};
}

}  // namespace skep::vm::test_run_kinds
