// SPDX-License-Identifier: Apache-2.0
// Writes the capture of the examples: IPv4, IPv6, TCP, UDP, ICMP, ARP, VLAN-tagged and malformed packets,
// always the same.
//   make_capture FILE
#include <pcap/pcap.h>

#include <cstdint>
#include <cstdio>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using Bytes = std::vector<uint8_t>;

void append(Bytes& to, const Bytes& bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }
void append16(Bytes& to, uint16_t value) {
  append(to, {static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)});
}
void append32(Bytes& to, uint32_t value) {
  append16(to, static_cast<uint16_t>(value >> 16));
  append16(to, static_cast<uint16_t>(value));
}
void put16(Bytes& bytes, size_t at, uint16_t value) {
  bytes[at] = static_cast<uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<uint8_t>(value);
}

/// Internet checksum (RFC 1071) of `bytes`, continued from `sum`.
uint32_t add_up(const Bytes& bytes, uint32_t sum = 0) {
  for (size_t i = 0; i < bytes.size(); i += 2)
    sum += static_cast<uint32_t>(bytes[i] << 8) | (i + 1 < bytes.size() ? bytes[i + 1] : 0U);
  return sum;
}
uint16_t fold(uint32_t sum) {
  while ((sum >> 16) != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

constexpr uint8_t kTcp = 6;
constexpr uint8_t kUdp = 17;
constexpr uint8_t kIcmp = 1;
constexpr uint8_t kIcmp6 = 58;

Bytes payload(size_t size) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), uint8_t{'a'});
  return bytes;
}

/// Transport segment with a zero checksum at `checksum_at`.
struct Segment {
  uint8_t protocol;
  size_t checksum_at;
  Bytes bytes;
};

Segment tcp(uint16_t from, uint16_t to, uint8_t flags, size_t size) {
  Bytes b;
  append16(b, from);
  append16(b, to);
  append32(b, 1000);  // sequence
  append32(b, 2000);  // acknowledgement
  append(b, {0x50, flags});
  append16(b, 64240);  // window
  append32(b, 0);      // checksum, urgent pointer
  append(b, payload(size));
  return {kTcp, 16, b};
}
Segment udp(uint16_t from, uint16_t to, size_t size) {
  Bytes b;
  append16(b, from);
  append16(b, to);
  append16(b, static_cast<uint16_t>(8 + size));
  append16(b, 0);
  append(b, payload(size));
  return {kUdp, 6, b};
}
Segment echo(uint8_t protocol, uint16_t sequence) {
  Bytes b = {static_cast<uint8_t>(protocol == kIcmp ? 8 : 128), 0, 0, 0};
  append16(b, 7);
  append16(b, sequence);
  append(b, payload(56));
  return {protocol, 2, b};
}

Bytes ipv4(Segment segment, uint8_t host) {
  Bytes b = {0x45, 0};
  append16(b, static_cast<uint16_t>(20 + segment.bytes.size()));
  append(b, {0, 1, 0x40, 0, 64, segment.protocol, 0, 0, 192, 0, 2, host, 198, 51, 100, 1});
  put16(b, 10, fold(add_up(b)));
  uint32_t sum = 0;
  if (segment.protocol != kIcmp)
    sum = add_up({b.begin() + 12, b.end()}) + segment.protocol + static_cast<uint32_t>(segment.bytes.size());
  put16(segment.bytes, segment.checksum_at, fold(add_up(segment.bytes, sum)));
  append(b, segment.bytes);
  return b;
}
Bytes ipv6(Segment segment, uint8_t host) {
  Bytes b = {0x60, 0, 0, 0};
  append16(b, static_cast<uint16_t>(segment.bytes.size()));
  append(b, {segment.protocol, 64});
  for (const uint8_t last : {host, uint8_t{1}}) {
    append(b, {0x20, 0x01, 0x0d, 0xb8});
    append(b, Bytes(11));
    append(b, {last});
  }
  const uint32_t sum =
      add_up({b.begin() + 8, b.end()}) + segment.protocol + static_cast<uint32_t>(segment.bytes.size());
  put16(segment.bytes, segment.checksum_at, fold(add_up(segment.bytes, sum)));
  append(b, segment.bytes);
  return b;
}
Bytes arp() {
  Bytes b;
  append16(b, 1);
  append16(b, 0x0800);
  append(b, {6, 4, 0, 1});
  append(b, {2, 0, 0, 0, 0, 1, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 198, 51, 100, 1});
  return b;
}

constexpr uint16_t kEtherIpv4 = 0x0800;
constexpr uint16_t kEtherArp = 0x0806;
constexpr uint16_t kEtherIpv6 = 0x86dd;
constexpr uint16_t kEtherVlan = 0x8100;
constexpr uint16_t kEtherProvider = 0x88a8;

Bytes ethernet(const std::vector<std::pair<uint16_t, uint16_t>>& tags, uint16_t type, const Bytes& content) {
  Bytes b = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
  for (const auto& [tag, vlan] : tags) {
    append16(b, tag);
    append16(b, vlan);
  }
  append16(b, type);
  append(b, content);
  return b;
}

Bytes cut(Bytes packet, size_t size) {
  packet.resize(size);
  return packet;
}

std::vector<Bytes> packets() {
  std::mt19937 random(1);  // NOLINT(bugprone-random-generator-seed): the capture is always the same
  const uint16_t ports[] = {80, 443, 22, 23, 53, 8080, 5353};
  constexpr uint8_t kSyn = 2;
  constexpr uint8_t kPushAck = 0x18;
  std::vector<Bytes> all;
  for (unsigned i = 0; i < 160; ++i) {
    const auto host = static_cast<uint8_t>(1 + random() % 200);
    const uint16_t to = ports[random() % std::size(ports)];
    const auto from = static_cast<uint16_t>(32768 + random() % 20000);
    const size_t size = random() % 900;
    switch (random() % 8) {
      case 0: all.push_back(ethernet({}, kEtherIpv4, ipv4(tcp(from, to, kSyn, 0), host))); break;
      case 1: all.push_back(ethernet({}, kEtherIpv4, ipv4(tcp(from, to, kPushAck, size), host))); break;
      case 2: all.push_back(ethernet({}, kEtherIpv4, ipv4(udp(from, to, size), host))); break;
      case 3: all.push_back(ethernet({}, kEtherIpv6, ipv6(tcp(from, to, kPushAck, size), host))); break;
      case 4: all.push_back(ethernet({}, kEtherIpv6, ipv6(udp(from, to, size), host))); break;
      case 5: all.push_back(ethernet({}, kEtherIpv4, ipv4(echo(kIcmp, static_cast<uint16_t>(i)), host))); break;
      case 6: all.push_back(ethernet({}, kEtherIpv6, ipv6(echo(kIcmp6, static_cast<uint16_t>(i)), host))); break;
      default:
        all.push_back(
            ethernet({{kEtherVlan, static_cast<uint16_t>(100 + i % 3)}}, kEtherIpv4, ipv4(udp(from, to, size), host)));
    }
    if (i % 20 == 10) all.push_back(ethernet({}, kEtherArp, arp()));
  }
  const Bytes whole = ethernet({}, kEtherIpv4, ipv4(tcp(40000, 80, kPushAck, 100), 9));
  all.push_back(ethernet({{kEtherProvider, 10}, {kEtherVlan, 20}}, kEtherIpv6, ipv6(udp(1024, 53, 40), 3)));
  all.push_back(cut(whole, 10));                                            // half an Ethernet header
  all.push_back(cut(whole, 14));                                            // no IP header
  all.push_back(cut(whole, 30));                                            // half an IP header
  all.push_back(cut(whole, 36));                                            // total length beyond the end
  all.push_back(ethernet({}, kEtherIpv4, cut(ipv4(udp(1, 2, 4), 3), 24)));  // half a UDP header
  all.push_back(ethernet({{kEtherVlan, 1}}, kEtherIpv4, {}));               // a tag and no more
  all.push_back(ethernet({}, kEtherIpv6, {0x10, 0, 0, 0}));                 // IPv6 with a wrong version, cut off
  Bytes wrong_header_length = whole;
  wrong_header_length[14] = 0x41;  // header of 4 bytes
  all.push_back(wrong_header_length);
  all.push_back(ethernet({}, 0x9999, payload(46)));  // an unknown type
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_capture FILE\n");
    return 2;
  }
  pcap_t* pcap = pcap_open_dead(DLT_EN10MB, 65535);
  pcap_dumper_t* file = pcap_dump_open(pcap, argv[1]);
  if (file == nullptr) {
    std::fprintf(stderr, "%s: %s\n", argv[1], pcap_geterr(pcap));
    pcap_close(pcap);
    return 1;
  }
  pcap_pkthdr header{};
  header.ts.tv_sec = 1'700'000'000;
  for (const Bytes& packet : packets()) {
    header.ts.tv_usec += 1000;
    header.caplen = header.len = static_cast<bpf_u_int32>(packet.size());
    pcap_dump(reinterpret_cast<u_char*>(file), &header, packet.data());
  }
  const bool written = pcap_dump_flush(file) == 0;
  pcap_dump_close(file);
  pcap_close(pcap);
  return written ? 0 : 1;
}
