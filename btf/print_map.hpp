// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "btf/map_shape.hpp"
#include "btf/writer.hpp"
#include "skep/error.hpp"

namespace skep::btf {

/// One entry as {"key": ..., "value": ...} by BTF; per-CPU values as {"values": [{"cpu": 0, "value": ...}, ...]}.
/// The shape must have types. Errors: those of print_value(); EINVAL for a key or value of the wrong size.
Status print_entry(Writer& out, const MapShape& shape, std::span<const std::byte> key,
                   std::span<const std::byte> value);

/// The same as bytes, each as "0xff"; with types also "formatted": the entry as print_entry() writes it.
Status print_entry_bytes(Writer& out, const MapShape& shape, std::span<const std::byte> key,
                         std::span<const std::byte> value);

/// A whole map as `bpftool map dump` prints it, entry by entry.
class MapPrinter {
 public:
  enum class Format : uint8_t {
    text,         ///< By BTF if the shape has types, else in columns of hexadecimal bytes.
    json,         ///< bpftool -j
    json_pretty,  ///< bpftool -p
  };

  /// Appends to `out`, which must outlive the printer and may be emptied between calls.
  MapPrinter(std::string& out, MapShape shape, Format format);

  Status entry(std::span<const std::byte> key, std::span<const std::byte> value);
  /// An entry whose look-up failed with `error`, a positive errno. Empty slots of maps of maps or programs say nothing.
  void missing(std::span<const std::byte> key, int error);
  /// The end of the output; nothing may follow.
  void finish();

 private:
  std::string& out_;
  MapShape shape_;
  Format format_;
  std::unique_ptr<Writer> writer_;  ///< None: columns of bytes.
  uint64_t entries_ = 0;
};

}  // namespace skep::btf
