// SPDX-License-Identifier: Apache-2.0
// Programs on socket buffers (net/bpf/test_run.c, bpf_prog_test_run_skb).
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "vm/helpers/internet_checksum.hpp"
#include "vm/test_run/kind.hpp"
#include "vm/vm.hpp"

namespace skep::vm::test_run_kinds {
namespace {

constexpr size_t kLinuxHeadroom = 64;  // NET_SKB_PAD + NET_IP_ALIGN
constexpr size_t kMaxData = kPage - kLinuxHeadroom - kSharedInfo;
// Room in front of the data, so that most programs that make a packet longer need not move it.
constexpr size_t kHeadroom = 512;
constexpr uint32_t kMaxWireLength = 65536;  // GSO_LEGACY_MAX_SIZE
constexpr uint32_t kMaxSegments = 65535;    // GSO_MAX_SEGS
constexpr uint32_t kTcpClose = 7;           // state of a socket that is not connected

constexpr uint16_t kEthPIp = 0x0008;  // network byte order
constexpr uint16_t kEthPIpv6 = 0xdd86;
constexpr uint16_t kEthP8023 = 0x0100;
constexpr uint16_t kEthP8022 = 0x0400;
constexpr size_t kIpv4Header = 20;
constexpr size_t kIpv6Header = 40;

struct FieldRange {
  size_t begin;
  size_t end;
};
#define SKEP_FIELD(name) {offsetof(__sk_buff, name), offsetof(__sk_buff, name) + sizeof(__sk_buff::name)}
/// What the caller may give; all else must be zero.
constexpr FieldRange kGivable[] = {
    SKEP_FIELD(mark),   SKEP_FIELD(priority), SKEP_FIELD(ingress_ifindex), SKEP_FIELD(ifindex),  SKEP_FIELD(cb),
    SKEP_FIELD(tstamp), SKEP_FIELD(wire_len), SKEP_FIELD(gso_segs),        SKEP_FIELD(gso_size), SKEP_FIELD(hwtstamp),
};
#undef SKEP_FIELD

Error invalid(const char* message) { return Error{.code = EINVAL, .message = message}; }

bool sees_link_header(verifier::ProgramType type) {
  return type == verifier::ProgramType::sched_cls || type == verifier::ProgramType::sched_act;
}

bool has_only_givable_fields(const __sk_buff& given) {
  size_t begin = 0;
  for (const FieldRange& field : kGivable) {
    if (!is_zero(&given, begin, field.begin)) return false;
    begin = field.end;
  }
  return is_zero(&given, begin, sizeof given);
}

Status check_sizes(const TestRunInput& input) {
  if (auto status = refuse_flags(input, kTestSkbChecksumComplete); !status) return status;
  if (input.data.size() < kEthernetHeader) return invalid("a packet has at least an Ethernet header of 14 bytes");
  if (input.data.size() > kMaxData) return invalid("a packet of a test run has at most 3712 bytes");
  return {};
}

Status check_given(const __sk_buff& given, size_t length) {
  if (!has_only_givable_fields(given)) return invalid("the context has a field set that a test run does not take");
  if (given.wire_len != 0 && (given.wire_len < length || given.wire_len > kMaxWireLength))
    return invalid("wire_len is less than the packet's length or more than 65536");
  if (given.gso_segs > kMaxSegments) return invalid("gso_segs is more than 65535");
  return {};
}

/// What the Ethernet header says (Linux: eth_type_trans); the rest of the packet tells old frames apart.
uint16_t link_protocol(std::span<const std::byte> packet) {
  constexpr uint16_t kFirstType = 0x0600;
  uint16_t type;
  uint16_t behind = 0;
  std::memcpy(&type, packet.data() + 12, sizeof type);
  if (ntohs(type) >= kFirstType) return type;
  if (packet.size() >= kEthernetHeader + sizeof behind)
    std::memcpy(&behind, packet.data() + kEthernetHeader, sizeof behind);
  return behind == 0xffff ? kEthP8023 : kEthP8022;
}

uint32_t packet_type(std::span<const std::byte> packet, const Device& device) {
  MacAddress destination;
  std::memcpy(destination.data(), packet.data(), destination.size());
  if (destination == device.address) return PACKET_HOST;
  if ((destination[0] & 1) == 0) return PACKET_OTHERHOST;
  const bool is_broadcast = std::ranges::all_of(destination, [](uint8_t byte) { return byte == 0xff; });
  return is_broadcast && device.index != kLoopback ? PACKET_BROADCAST : PACKET_MULTICAST;
}

Status make_packet(Session& session) {
  Packet& packet = *session.packet;
  if (!packet.assign(session.input->data, kHeadroom))
    return Error{.code = ENOMEM, .message = "no memory for the packet"};
  packet.kind = PacketKind::skb;
  packet.skb.mac_header = kHeadroom;
  packet.skb.network_header = kHeadroom + kEthernetHeader;
  return {};
}

/// The socket of the packet, with the packet's addresses; its remote end is where the packet goes to.
Status make_socket(Session& session, uint16_t protocol) {
  const std::byte* header = session.input->data.data() + kEthernetHeader;
  const size_t size = session.input->data.size() - kEthernetHeader;
  Socket& socket = session.socket;
  bpf_sock& sock = socket.sock = {};
  sock.state = kTcpClose;
  sock.rx_queue_mapping = -1;
  socket.storage.clear();
  socket.cookie = session.vm.network().next_cookie();
  if (protocol == kEthPIp) {
    if (size < kIpv4Header) return invalid("the packet is too short for its IPv4 header");
    sock.family = AF_INET;
    std::memcpy(&sock.src_ip4, header + 12, sizeof sock.src_ip4);
    std::memcpy(&sock.dst_ip4, header + 16, sizeof sock.dst_ip4);
  } else if (protocol == kEthPIpv6) {
    if (size < kIpv6Header) return invalid("the packet is too short for its IPv6 header");
    sock.family = AF_INET6;
    std::memcpy(sock.src_ip6, header + 8, sizeof sock.src_ip6);
    std::memcpy(sock.dst_ip6, header + 24, sizeof sock.dst_ip6);
  }
  return {};
}

void fill_socket_fields(__sk_buff& skb, const bpf_sock& sock) {
  skb.family = sock.family;
  skb.remote_ip4 = sock.dst_ip4;
  skb.local_ip4 = sock.src_ip4;
  std::memcpy(skb.remote_ip6, sock.dst_ip6, sizeof skb.remote_ip6);
  std::memcpy(skb.local_ip6, sock.src_ip6, sizeof skb.local_ip6);
}

/// The fields as the program sees them: the caller's, and what follows from packet and device.
__sk_buff initial_fields(const Session& session, const __sk_buff& given, const Device& device, uint16_t protocol) {
  __sk_buff skb = given;
  skb.ifindex = device.index;
  skb.protocol = protocol;
  skb.pkt_type = packet_type(session.input->data, device);
  if (!session.input->context.empty() && given.wire_len == 0)
    skb.wire_len = static_cast<uint32_t>(session.packet->size());
  fill_socket_fields(skb, session.socket.sock);
  const void* socket = &session.socket.sock;
  std::memcpy(reinterpret_cast<char*>(&skb) + offsetof(__sk_buff, sk), &socket, sizeof socket);
  return skb;
}

uint32_t network_checksum(const Packet& packet) {
  const uint8_t* start = packet.begin() + packet.skb.network_header;
  if (start > packet.data_end) return 0;
  return helpers::sum_bytes(start, static_cast<size_t>(packet.data_end - start), 0);
}

/// What Linux writes back into the caller's context.
void update_given(__sk_buff& given, const __sk_buff& skb) {
  given.mark = skb.mark;
  given.priority = skb.priority;
  given.ingress_ifindex = skb.ingress_ifindex;
  given.ifindex = skb.ifindex;
  given.tstamp = skb.tstamp;
  std::memcpy(given.cb, skb.cb, sizeof given.cb);
  given.wire_len = skb.wire_len;
  given.gso_segs = skb.gso_segs;
  given.hwtstamp = skb.hwtstamp;
}

/// The tag beside the packet, which Linux keeps out of its bytes.
std::optional<VlanTag> vlan_tag(const __sk_buff& skb) {
  if (skb.vlan_present == 0) return std::nullopt;
  return VlanTag{.protocol = ntohs(static_cast<uint16_t>(skb.vlan_proto)), .tci = static_cast<uint16_t>(skb.vlan_tci)};
}

}  // namespace

Status begin_skb(Session& session) {
  const TestRunInput& input = *session.input;
  if (auto status = check_sizes(input); !status) return status;
  __sk_buff given{};
  if (auto status = read_context(input, &given, sizeof given); !status) return status;
  const auto device = session.vm.network().device(std::max(given.ifindex, kLoopback));
  if (!device) return Error{.code = ENODEV, .message = "the network has no interface of that index"};
  const uint16_t protocol = link_protocol(input.data);
  if (auto status = make_packet(session); !status) return status;
  if (auto status = make_socket(session, protocol); !status) return status;
  Packet& packet = *session.packet;
  if (!sees_link_header(session.program.spec().type)) packet.pull(kEthernetHeader);
  if (auto status = check_given(given, packet.size()); !status) return status;
  if ((input.flags & kTestSkbChecksumComplete) != 0) {
    packet.skb.checksum = network_checksum(packet);
    packet.skb.checksum_state = ChecksumState::complete;
  }
  Context& context = session.new_context(sizeof(__sk_buff));
  context.set(0, initial_fields(session, given, *device, protocol));
  context.pointers().socket = &session.socket.sock;
  publish_packet(context, packet);
  return {};
}

Status end_skb(Session& session, TestRunOutput& output) {
  Packet& packet = *session.packet;
  if (!sees_link_header(session.program.spec().type)) {
    if (!packet.make_room(kEthernetHeader, 0)) return Error{.code = ENOMEM, .message = "no memory for the link header"};
    packet.push(kEthernetHeader);
    std::memset(packet.data, 0, kEthernetHeader);
  }
  if ((session.input->flags & kTestSkbChecksumComplete) != 0 &&
      helpers::sum_to_field(packet.skb.checksum) != helpers::sum_to_field(network_checksum(packet)))
    return Error{.code = EBADMSG, .message = "the program left a wrong checksum of the packet behind"};
  output.data.assign(packet.bytes().begin(), packet.bytes().end());
  __sk_buff given{};
  if (auto status = read_context(*session.input, &given, sizeof given); !status) return status;
  const auto skb = session.context->get<__sk_buff>(0);
  output.vlan = vlan_tag(skb);
  update_given(given, skb);
  const auto bytes = std::as_bytes(std::span(&given, 1));
  output.context.assign(bytes.begin(), bytes.end());
  return {};
}

}  // namespace skep::vm::test_run_kinds
