// SPDX-License-Identifier: Apache-2.0
// Reads the examples' capture with libpcap itself, whose headers do not go together with <linux/bpf.h>.
#include "tests/examples/packets.hpp"

#include <pcap/pcap.h>

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <string>

namespace skep::tests {

std::vector<Packet> capture_packets() {
  char why[PCAP_ERRBUF_SIZE] = "";
  const std::string path = std::string(SKEP_EXAMPLES) + "/mixed.pcap";
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> capture(pcap_open_offline(path.c_str(), why), pcap_close);
  INFO(why);
  REQUIRE(capture);
  std::vector<Packet> packets;
  pcap_pkthdr header{};
  while (const u_char* bytes = pcap_next(capture.get(), &header)) {
    const auto* begin = reinterpret_cast<const std::byte*>(bytes);
    packets.emplace_back(begin, begin + header.caplen);
  }
  REQUIRE(packets.size() > 100);
  return packets;
}

}  // namespace skep::tests
