// SPDX-License-Identifier: Apache-2.0
// Packet captures: pcap and pcapng in, pcap out, through libpcap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "skep/error.hpp"

struct pcap;
struct pcap_dumper;

namespace skep::tools {

struct CapturedPacket {
  int64_t seconds = 0;
  int64_t nanoseconds = 0;
  std::span<const std::byte> bytes;  ///< valid until the next packet is read
};

class CaptureReader {
 public:
  /// "-" is standard input. Errors name the file; EINVAL for what is no capture or not one of Ethernet frames.
  static Result<CaptureReader> open(const std::string& path);
  /// The next packet; none at the end. EINVAL for a broken one.
  Result<std::optional<CapturedPacket>> next();
  /// Bytes read so far and in all; 0 in all where that is unknown.
  [[nodiscard]] uint64_t position() const;
  [[nodiscard]] uint64_t size() const { return size_; }
  /// Whether its times may be finer than microseconds.
  [[nodiscard]] bool has_nanoseconds() const { return has_nanoseconds_; }

 private:
  struct Close {
    void operator()(pcap* capture) const;
  };
  std::string path_;
  std::unique_ptr<pcap, Close> capture_;
  uint64_t size_ = 0;
  uint64_t packets_ = 0;
  bool has_nanoseconds_ = true;
};

class CaptureWriter {
 public:
  /// "-" is standard output. `like`: the capture whose resolution of time the new one gets.
  static Result<CaptureWriter> create(const std::string& path, const CaptureReader& like);
  /// `tag`: the 4 bytes of a VLAN tag to write between the packet's addresses and its type; empty: none.
  void write(const CapturedPacket& like, std::span<const std::byte> bytes, std::span<const std::byte> tag = {});
  /// Writes out what is buffered. EIO and others where the file did not take all.
  Status finish();

 private:
  struct Close {
    void operator()(pcap* capture) const;
    void operator()(pcap_dumper* dumper) const;
  };
  std::string path_;
  bool has_nanoseconds_ = false;
  int error_ = 0;  ///< errno of the first write that failed
  std::unique_ptr<pcap, Close> capture_;
  std::unique_ptr<pcap_dumper, Close> dumper_;
  std::vector<std::byte> tagged_;
};

}  // namespace skep::tools
