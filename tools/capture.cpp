// SPDX-License-Identifier: Apache-2.0
#include "tools/capture.hpp"

#include <pcap/pcap.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

namespace skep::tools {
namespace {

constexpr int kSnapshotLength = 262144;

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
  char why[PCAP_ERRBUF_SIZE] = "";
  CaptureReader reader;
  reader.path_ = path;
  errno = 0;
  reader.capture_.reset(pcap_open_offline(path.c_str(), why));
  if (!reader.capture_) return capture_error(path, why, errno == ENOENT || errno == EACCES ? errno : EINVAL);
  if (pcap_datalink(reader.capture_.get()) != DLT_EN10MB)
    return capture_error(path, "the capture is not of Ethernet frames");
  struct stat status{};
  std::FILE* file = pcap_file(reader.capture_.get());
  if (file != nullptr && fstat(fileno(file), &status) == 0) reader.size_ = static_cast<uint64_t>(status.st_size);
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
                                      .microseconds = header->ts.tv_usec,
                                      .bytes = {reinterpret_cast<const std::byte*>(bytes), header->caplen}});
}

uint64_t CaptureReader::position() const {
  const long at = std::ftell(pcap_file(capture_.get()));
  return at < 0 ? 0 : static_cast<uint64_t>(at);
}

Result<CaptureWriter> CaptureWriter::create(const std::string& path) {
  CaptureWriter writer;
  writer.path_ = path;
  writer.capture_.reset(pcap_open_dead(DLT_EN10MB, kSnapshotLength));
  if (!writer.capture_) return capture_error(path, "out of memory", ENOMEM);
  writer.dumper_.reset(pcap_dump_open(writer.capture_.get(), path.c_str()));
  if (!writer.dumper_) return capture_error(path, pcap_geterr(writer.capture_.get()), EIO);
  return writer;
}

void CaptureWriter::write(const CapturedPacket& like, std::span<const std::byte> bytes) {
  pcap_pkthdr header{};
  header.ts.tv_sec = like.seconds;
  header.ts.tv_usec = like.microseconds;
  header.caplen = header.len = static_cast<bpf_u_int32>(bytes.size());
  pcap_dump(reinterpret_cast<u_char*>(dumper_.get()), &header, reinterpret_cast<const u_char*>(bytes.data()));
}

Status CaptureWriter::finish() {
  if (pcap_dump_flush(dumper_.get()) != 0 || std::ferror(pcap_dump_file(dumper_.get())) != 0)
    return capture_error(path_, "cannot write the capture", EIO);
  return {};
}

}  // namespace skep::tools
