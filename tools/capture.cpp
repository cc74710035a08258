// SPDX-License-Identifier: Apache-2.0
#include "tools/capture.hpp"

#include <pcap/pcap.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

#include "tools/output.hpp"

namespace skep::tools {
namespace {

constexpr int kSnapshotLength = 262144;
constexpr int kMicrosecondsMagic = 0xd4;  // first byte of a little-endian pcap file of microseconds
constexpr size_t kAddresses = 12;         // both MAC addresses

Error capture_error(const std::string& path, std::string message, int code = EINVAL) {
  // libpcap puts the file's name in front of some messages; we name it ourselves.
  if (message.starts_with(path + ": ")) message.erase(0, path.size() + 2);
  return {.code = code, .message = std::move(message), .object = path};
}

}  // namespace

void CaptureReader::Close::operator()(pcap* capture) const { pcap_close(capture); }
void CaptureWriter::Close::operator()(pcap* capture) const { pcap_close(capture); }
void CaptureWriter::Close::operator()(pcap_dumper* dumper) const { pcap_dump_close(dumper); }

Result<CaptureReader> CaptureReader::open(const std::string& path) {
  auto file = open_input(path);
  if (!file) return std::move(file).error();
  CaptureReader reader;
  reader.path_ = path;
  errno = 0;
  const int first = std::fgetc(file->get());
  if (std::ferror(file->get()) != 0) return file_error(path, "cannot read the file");
  std::ungetc(first, file->get());
  reader.has_nanoseconds_ = first != kMicrosecondsMagic;
  char why[PCAP_ERRBUF_SIZE] = "";
  reader.capture_.reset(pcap_fopen_offline_with_tstamp_precision(file->get(), PCAP_TSTAMP_PRECISION_NANO, why));
  if (!reader.capture_) return capture_error(path, why);
  std::FILE* closed_by_libpcap = file->release();
  struct stat status{};
  if (fstat(fileno(closed_by_libpcap), &status) == 0) reader.size_ = static_cast<uint64_t>(status.st_size);
  if (pcap_datalink(reader.capture_.get()) != DLT_EN10MB)
    return capture_error(path, "the capture is not of Ethernet frames");
  return reader;
}

Result<std::optional<CapturedPacket>> CaptureReader::next() {
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  const int got = pcap_next_ex(capture_.get(), &header, &bytes);
  if (got == PCAP_ERROR_BREAK) return std::optional<CapturedPacket>{};
  ++packets_;
  if (got != 1) return capture_error(path_, "packet " + std::to_string(packets_) + ": " + pcap_geterr(capture_.get()));
  return std::optional(CapturedPacket{.seconds = header->ts.tv_sec,
                                      .nanoseconds = header->ts.tv_usec,
                                      .bytes = {reinterpret_cast<const std::byte*>(bytes), header->caplen}});
}

uint64_t CaptureReader::position() const {
  const long at = std::ftell(pcap_file(capture_.get()));
  return at < 0 ? 0 : static_cast<uint64_t>(at);
}

Result<CaptureWriter> CaptureWriter::create(const std::string& path, const CaptureReader& like) {
  CaptureWriter writer;
  writer.path_ = path;
  writer.has_nanoseconds_ = like.has_nanoseconds();
  writer.capture_.reset(pcap_open_dead_with_tstamp_precision(
      DLT_EN10MB, kSnapshotLength, writer.has_nanoseconds_ ? PCAP_TSTAMP_PRECISION_NANO : PCAP_TSTAMP_PRECISION_MICRO));
  if (!writer.capture_) return capture_error(path, "out of memory", ENOMEM);
  auto file = open_output(path);
  if (!file) return std::move(file).error();
  writer.dumper_.reset(pcap_dump_fopen(writer.capture_.get(), file->get()));
  if (!writer.dumper_) return capture_error(path, pcap_geterr(writer.capture_.get()), EIO);
  [[maybe_unused]] std::FILE* closed_by_libpcap = file->release();
  return writer;
}

void CaptureWriter::write(const CapturedPacket& like, std::span<const std::byte> bytes,
                          std::span<const std::byte> tag) {
  if (!tag.empty() && bytes.size() >= kAddresses) {
    tagged_.assign(bytes.begin(), bytes.begin() + kAddresses);
    tagged_.insert(tagged_.end(), tag.begin(), tag.end());
    tagged_.insert(tagged_.end(), bytes.begin() + kAddresses, bytes.end());
    bytes = tagged_;
  }
  pcap_pkthdr header{};
  header.ts.tv_sec = like.seconds;
  header.ts.tv_usec = has_nanoseconds_ ? like.nanoseconds : like.nanoseconds / 1000;
  header.caplen = header.len = static_cast<bpf_u_int32>(bytes.size());
  pcap_dump(reinterpret_cast<u_char*>(dumper_.get()), &header, reinterpret_cast<const u_char*>(bytes.data()));
  if (error_ == 0 && std::ferror(pcap_dump_file(dumper_.get())) != 0) error_ = errno;
}

Status CaptureWriter::finish() {
  errno = error_;
  if (pcap_dump_flush(dumper_.get()) != 0 || std::ferror(pcap_dump_file(dumper_.get())) != 0)
    return file_error(path_, "cannot write the capture");
  return {};
}

}  // namespace skep::tools
