// SPDX-License-Identifier: Apache-2.0
// skep run --pcap: packets that a type does not take, empty captures, and what --pcap-out keeps.
#include <pcap/pcap.h>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "tests/tools/command.hpp"

using nlohmann::json;
using skep::tests::CommandResult;
using skep::tests::last_line;
using skep::tests::temporary_path;

namespace {

const std::string kMixed = std::string(SKEP_EXAMPLES) + "/mixed.pcap";

CommandResult capture_run(const std::string& program, const std::string& capture,
                          const std::vector<std::string>& options = {}) {
  std::vector<std::string> argv = {SKEP_COMMAND, "run", SKEP_COMMAND_OBJECT, "--program", program, "--pcap", capture};
  argv.insert(argv.end(), options.begin(), options.end());
  return skep::tests::run_command(argv);
}

json capture_json(const std::string& program, const std::string& capture, std::vector<std::string> options = {}) {
  options.emplace_back("--json");
  const CommandResult result = capture_run(program, capture, options);
  INFO(result.err);
  REQUIRE(result.exit == 0);
  return json::parse(last_line(result.out));
}

struct Packet {
  long seconds;
  long fraction;  ///< microseconds or nanoseconds
  std::string bytes;
  bool operator==(const Packet&) const = default;
};

std::string write_capture(const std::string& name, const std::vector<Packet>& packets,
                          unsigned precision = PCAP_TSTAMP_PRECISION_MICRO) {
  std::string path = temporary_path(name);
  pcap_t* capture = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 262144, precision);
  pcap_dumper_t* dumper = pcap_dump_open(capture, path.c_str());
  REQUIRE(dumper != nullptr);
  for (const Packet& packet : packets) {
    pcap_pkthdr header{};
    header.ts = {packet.seconds, packet.fraction};
    header.caplen = header.len = static_cast<bpf_u_int32>(packet.bytes.size());
    pcap_dump(reinterpret_cast<u_char*>(dumper), &header, reinterpret_cast<const u_char*>(packet.bytes.data()));
  }
  pcap_dump_close(dumper);
  pcap_close(capture);
  return path;
}

std::vector<Packet> read_capture(const std::string& path) {
  char why[PCAP_ERRBUF_SIZE];
  pcap_t* capture = pcap_open_offline_with_tstamp_precision(path.c_str(), PCAP_TSTAMP_PRECISION_NANO, why);
  REQUIRE(capture != nullptr);
  std::vector<Packet> packets;
  pcap_pkthdr* header;
  const u_char* bytes;
  while (pcap_next_ex(capture, &header, &bytes) == 1)
    packets.push_back({header->ts.tv_sec, header->ts.tv_usec, {reinterpret_cast<const char*>(bytes), header->caplen}});
  pcap_close(capture);
  return packets;
}

/// A packet of zeros with an Ethernet type.
std::string frame(size_t size, uint16_t type = 0x9000) {
  std::string bytes(size, '\0');
  bytes[12] = static_cast<char>(type >> 8);
  bytes[13] = static_cast<char>(type & 0xff);
  return bytes;
}

}  // namespace

TEST_CASE("a capture goes on behind packets that the type does not take, and counts them by reason") {
  for (const char* program : {"unspec", "act", "filter"}) {
    INFO(program);
    const json result = capture_json(program, kMixed);
    CHECK(result.at("packets") == 178);
    CHECK(result.at("not_run") == 4);
    const json& reasons = result.at("not_run_reasons");
    CHECK(reasons.at("the packet is too short for its IPv4 header") == 2);
    CHECK(reasons.at("the packet is too short for its IPv6 header") == 1);
    CHECK(reasons.size() == 3);
    int ran = 0;
    for (const auto& [name, count] : result.at("verdicts").items()) ran += count.get<int>();
    CHECK(ran == 174);
  }
  const CommandResult text = capture_run("act", kMixed);
  CHECK(text.exit == 0);
  CHECK(text.out.find("(the packet is too short for its IPv4 header)") != std::string::npos);
}

TEST_CASE("packets that are too long are not run and go unchanged into the capture that is written") {
  const std::vector<Packet> packets = {
      {1, 0, frame(60)}, {2, 0, frame(9000)}, {3, 0, frame(80'000)}, {4, 0, frame(61)}};
  const std::string capture = write_capture("long.pcap", packets);
  const std::string out = temporary_path("long-out.pcap");
  CHECK(capture_json("act", capture, {"--pcap-out", out}).at("not_run") == 2);
  CHECK(read_capture(out) == packets);
  const json xdp = capture_json("pass", capture);
  CHECK(xdp.at("not_run") == 1);
  CHECK(xdp.at("verdicts").at("XDP_PASS") == 3);
}

TEST_CASE("a fault still ends a capture, with the packet's number") {
  const CommandResult result = capture_run("long_line", kMixed);
  CHECK(result.exit == 1);
  CHECK(result.err.find("packet ") != std::string::npos);
}

TEST_CASE("an empty capture has no result") {
  const std::string capture = write_capture("empty.pcap", {});
  const CommandResult text = capture_run("pass", capture);
  CHECK(text.exit == 0);
  CHECK(text.out.find("pass: 0 packets") != std::string::npos);
  const json result = capture_json("pass", capture);
  CHECK(result.at("packets") == 0);
  CHECK(result.at("retval").is_null());
  CHECK(capture_run("pass", capture, {"--expect", "0"}).exit == 1);
}

TEST_CASE("a written capture keeps the resolution of time") {
  const std::string out = temporary_path("times-out.pcap");
  const std::vector<Packet> fine = {{7, 123456789, frame(60)}};
  capture_json("pass", write_capture("nano.pcap", fine, PCAP_TSTAMP_PRECISION_NANO), {"--pcap-out", out});
  CHECK(read_capture(out) == fine);
  const std::string coarse = write_capture("micro.pcap", {{7, 123456, frame(60)}});
  capture_json("pass", coarse, {"--pcap-out", out});
  CHECK(skep::tests::read_whole(out) == skep::tests::read_whole(coarse));
}

TEST_CASE("a VLAN tag that a program pushed is in the packet that is written") {
  const std::string out = temporary_path("tagged.pcap");
  const std::string packet = frame(60, 0x0806);
  capture_json("push_tag", write_capture("untagged.pcap", {{1, 0, packet}}), {"--pcap-out", out});
  const std::string tag("\x81\x00\x00\x2a", 4);
  CHECK(read_capture(out).at(0).bytes == packet.substr(0, 12) + tag + packet.substr(12));
}
