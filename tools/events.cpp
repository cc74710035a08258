// SPDX-License-Identifier: Apache-2.0
#include "tools/events.hpp"

#include <cstdio>

#include "tools/output.hpp"

namespace skep::tools {
namespace {

std::string hex(std::span<const std::byte> bytes, const char* separator) {
  std::string text;
  text.reserve(bytes.size() * 3);
  for (const std::byte byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", std::to_integer<unsigned>(byte));
    if (!text.empty()) text += separator;
    text += digits;
  }
  return text;
}

}  // namespace

Status Events::listen(const Object& object) {
  for (Map& map : object.maps()) {
    const std::string type = map.type();
    if ((type != "ringbuf" && type != "perf_event_array") || !map.is_loaded()) continue;
    // The map keeps the handler: a handle in it would keep the map, and all that it belongs to, for ever.
    const auto show_event = [this, name = map.name(), type](unsigned cpu, std::span<const std::byte> bytes) {
      show(name, type, cpu, bytes);
    };
    if (auto status = map.on_event(show_event); !status) return status;
    (type == "ringbuf" ? rings_ : perf_arrays_).push_back(map);
  }
  return {};
}

void Events::drain() {
  for (Map& ring : rings_)
    if (auto consumed = ring.consume(); !consumed) warn(consumed.error().text());
}

void Events::trace_line(std::string_view line) const {
  if (json_)
    print_json({{"event", "trace"}, {"line", line}});
  else
    std::printf("trace: %.*s\n", static_cast<int>(line.size()), line.data());
}

void Events::show(const std::string& map, const std::string& type, unsigned cpu,
                  std::span<const std::byte> bytes) const {
  if (json_) {
    print_json({{"event", type}, {"map", map}, {"cpu", cpu}, {"size", bytes.size()}, {"data", hex(bytes, "")}});
    return;
  }
  std::printf("%s: %zu bytes: %s\n", map.c_str(), bytes.size(), hex(bytes, " ").c_str());
}

}  // namespace skep::tools
