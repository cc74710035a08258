// SPDX-License-Identifier: Apache-2.0
// What programs report while they run: ring buffer records, perf samples, lines of bpf_printk.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "skep/skep.hpp"

namespace skep::tools {

/// Shows events as they come: as lines of text, or as JSON objects a line.
class Events {
 public:
  explicit Events(bool json) : json_(json) {}

  /// Listens to every ring buffer and perf event array of a loaded object. The object must outlive this.
  Status listen(const Object& object);
  /// Shows what ring buffers hold.
  void drain();
  void trace_line(std::string_view line) const;

 private:
  void show(const std::string& map, const std::string& type, unsigned cpu, std::span<const std::byte> bytes) const;
  bool json_;
  std::vector<Map> rings_;
  std::vector<Map> perf_arrays_;
};

}  // namespace skep::tools
