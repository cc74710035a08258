// SPDX-License-Identifier: Apache-2.0
// examples/packet-counter: what the program counts over a capture is what this test counts by itself.
#include <array>
#include <map>

#include "tests/examples/packets.hpp"
#include "tests/examples/support.hpp"

namespace skep::tests {
namespace {

struct Counters {
  uint64_t packets = 0;
  uint64_t bytes = 0;
  bool operator==(const Counters&) const = default;
  void add(size_t size) {
    ++packets;
    bytes += size;
  }
};

enum Protocol { kOther, kIpv4Tcp, kIpv4Udp, kIpv4Icmp, kIpv6Tcp, kIpv6Udp, kIpv6Icmp, kArp, kMalformed, kProtocols };
constexpr uint32_t kDrop = 1, kPass = 2;
constexpr uint16_t kTelnet = 23;  // blocked by default
constexpr size_t kEthernetHeader = 14;

/// What the program must find, by another way through the packet.
struct Expected {
  std::array<Counters, kProtocols> by_protocol{};
  std::map<uint16_t, Counters> by_port;
  unsigned drops = 0;

  uint32_t judge(const Packet& packet) {
    const bool pass = count(packet);
    drops += pass ? 0 : 1;
    return pass ? kPass : kDrop;
  }

 private:
  static unsigned u8(const Packet& packet, size_t at) { return static_cast<unsigned>(packet.at(at)); }
  static unsigned u16(const Packet& packet, size_t at) { return u8(packet, at) << 8 | u8(packet, at + 1); }

  bool malformed(const Packet& packet) {
    by_protocol[kMalformed].add(packet.size());
    return false;
  }
  bool count(const Packet& packet) {
    size_t at = 12;
    for (unsigned tags = 0; tags < 2 && (u16(packet, at) == 0x8100 || u16(packet, at) == 0x88a8); ++tags) {
      at += 4;
      if (at + 2 > packet.size()) return malformed(packet);
    }
    switch (u16(packet, at)) {
      case 0x0800: return count_ipv4(packet, at + 2);
      case 0x86dd: return count_ipv6(packet, at + 2);
      case 0x0806: by_protocol[kArp].add(packet.size()); return true;
      default: by_protocol[kOther].add(packet.size()); return true;
    }
  }
  bool count_ipv4(const Packet& packet, size_t at) {
    if (at + 20 > packet.size()) return malformed(packet);
    const size_t header = size_t{u8(packet, at) & 15} * 4;
    const size_t total = u16(packet, at + 2);
    if (u8(packet, at) >> 4 != 4 || header < 20 || total < header || at + total > packet.size())
      return malformed(packet);
    return count_transport(packet, at + header, u8(packet, at + 9), 1, kIpv4Tcp);
  }
  bool count_ipv6(const Packet& packet, size_t at) {
    if (at + 40 > packet.size() || u8(packet, at) >> 4 != 6) return malformed(packet);
    return count_transport(packet, at + 40, u8(packet, at + 6), 58, kIpv6Tcp);
  }
  /// `tcp` is followed by the family's UDP and ICMP.
  bool count_transport(const Packet& packet, size_t at, unsigned protocol, unsigned icmp, Protocol tcp) {
    if (protocol == icmp) return (by_protocol[tcp + 2].add(packet.size()), true);
    if (protocol != 6 && protocol != 17) return (by_protocol[kOther].add(packet.size()), true);
    by_protocol[protocol == 6 ? tcp : tcp + 1].add(packet.size());
    if (at + 4 > packet.size()) return malformed(packet);
    const auto port = static_cast<uint16_t>(u16(packet, at + 2));
    by_port[port].add(packet.size());
    return port != kTelnet;
  }
};

/// The packets of the capture that PROG_TEST_RUN takes: Linux wants an Ethernet header.
std::vector<Packet> runnable_packets() {
  auto packets = capture_packets();
  std::erase_if(packets, [](const Packet& packet) { return packet.size() < kEthernetHeader; });
  return packets;
}

Counters sum_of_cpus(const Map& map, uint32_t key) {
  const auto values = take(map.lookup(bytes_of(key)));
  REQUIRE(values.size() == 4 * sizeof(Counters));
  Counters sum;
  for (size_t at = 0; at < values.size(); at += sizeof(Counters)) {
    Counters one;
    std::memcpy(&one, values.data() + at, sizeof one);
    sum.packets += one.packets;
    sum.bytes += one.bytes;
  }
  return sum;
}

}  // namespace

TEST_CASE("verdicts, counters and reports over a capture agree with a count made by other means") {
  const Object object = load_example("packet_counter");
  const Program program = take(object.program("packet_counter"));
  Map drops = take(object.map("drops"));
  unsigned reported = 0;
  require_ok(drops.on_event([&](unsigned, std::span<const std::byte>) { ++reported; }));

  Expected expected;
  const auto packets = runnable_packets();
  for (size_t i = 0; i < packets.size(); ++i) {
    INFO("packet " << i);
    CHECK(retval(program, {.data = packets[i]}) == expected.judge(packets[i]));
  }

  const Map by_protocol = take(object.map("by_protocol"));
  for (uint32_t protocol = 0; protocol < kProtocols; ++protocol) {
    INFO("protocol " << protocol);
    CHECK(expected.by_protocol[protocol].packets > 0);  // the capture has packets of every kind
    CHECK(sum_of_cpus(by_protocol, protocol) == expected.by_protocol[protocol]);
  }

  const Map by_port = take(object.map("by_port"));
  std::map<uint16_t, Counters> seen;
  std::vector<std::byte> key;
  for (auto next = by_port.next_key({}); next; next = by_port.next_key(key)) {
    key = *next;
    uint16_t port = 0;
    REQUIRE(key.size() == sizeof port);
    std::memcpy(&port, key.data(), sizeof port);
    seen[port] = take(by_port.get<Counters>(port));
  }
  CHECK(seen == expected.by_port);
  CHECK(expected.by_port.contains(kTelnet));

  CHECK(expected.drops > 0);
  CHECK(take(drops.consume()) == expected.drops);
  CHECK(reported == expected.drops);
  CHECK(global<uint64_t>(object, "packets_seen") == packets.size());
}

TEST_CASE("the port to block is a constant that the host sets") {
  Vm vm = take(Vm::create());
  Object object = take(vm.open(example("packet_counter")));
  require_ok(object.set_global("blocked_port", "80"));
  require_ok(object.load());
  Packet packet = ipv4_packet(6);
  packet.resize(54);
  packet[17] = std::byte{40};
  packet[37] = std::byte{80};
  CHECK(retval(take(object.program("packet_counter")), {.data = packet}) == kDrop);
  packet[37] = std::byte{23};
  CHECK(retval(take(object.program("packet_counter")), {.data = packet}) == kPass);
}

}  // namespace skep::tests
