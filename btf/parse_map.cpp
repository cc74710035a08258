// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <nlohmann/json.hpp>

#include "btf/parse_number.hpp"
#include "btf/parse_value.hpp"

namespace skep::btf {
namespace {

using Json = nlohmann::json;
using Bytes = std::span<std::byte>;

Error error_at(std::string_view path, std::string_view what) { return {EINVAL, fmt::format("{}: {}", path, what)}; }

/// Key or value: by its type if that is known, else as bytes.
Status parse_part(const MapShape& shape, TypeId type, const Json& json, Bytes out, std::string_view path) {
  const bool by_type = shape.types != nullptr && type != 0;
  return by_type ? parse_value(*shape.types, type, json, out, path) : parse_bytes(json, out, path);
}

class EntryParser {
 public:
  EntryParser(const MapShape& shape, std::string path) : shape_(shape), path_(std::move(path)) {}

  Result<MapEntry> parse(const Json& json) {
    if (!json.is_object()) return error_at(path_, "expects an object with key and value");
    // bpftool's -j has the entry in bytes, and once more by BTF.
    const bool is_twice = shape_.has_types() && json.contains("formatted") && json["formatted"].is_object();
    const Json& entry = is_twice ? json["formatted"] : json;
    for (const Json* part : {&json, &entry})
      if (Status status = check_members(*part); !status) return std::move(status).error();
    // A data section's key has no type, so only the bytes have it.
    if (Status status = parse_key(entry.contains("key") ? entry : json); !status) return std::move(status).error();
    entry_.value.resize(shape_.all_values_size());
    // A data section has bytes that belong to no variable: text literals.
    if (is_twice && !shape_.is_per_cpu() && json.contains("value"))
      if (Status status = parse_bytes(json["value"], entry_.value, path_ + ".value"); !status)
        return std::move(status).error();
    if (Status status = parse_values(entry); !status) return std::move(status).error();
    return std::move(entry_);
  }

 private:
  [[nodiscard]] Status check_members(const Json& json) const {
    constexpr std::string_view kMembers[] = {"key", "value", "values", "formatted", "inner_map_id"};
    for (const auto& [name, value] : json.items())
      if (std::ranges::find(kMembers, name) == std::end(kMembers))
        return error_at(path_, fmt::format("an entry has no member '{}'", name));
    return {};
  }

  Status parse_key(const Json& json) {
    entry_.key.resize(shape_.key_size);
    if (shape_.key_size == 0) return {};
    if (!json.contains("key")) return error_at(path_, "the key is missing");
    return parse_part(shape_, shape_.key_type, json["key"], entry_.key, path_ + ".key");
  }

  Status parse_values(const Json& json) {
    if (json.contains("value")) return parse_value_of_all(json["value"]);
    if (!shape_.is_per_cpu() || !json.contains("values")) return error_at(path_, "the value is missing");
    const Json& values = json["values"];
    if (!values.is_array()) return error_at(path_ + ".values", "expects an array");
    for (size_t i = 0; i < values.size(); ++i) {
      if (Status status = parse_value_of_cpu(values[i], fmt::format("{}.values[{}]", path_, i)); !status) return status;
    }
    return {};
  }

  Status parse_value_of_all(const Json& json) {
    const uint32_t copies = shape_.is_per_cpu() ? shape_.cpus : 1;
    for (uint32_t cpu = 0; cpu < copies; ++cpu) {
      if (Status status = parse_one(json, cpu, path_ + ".value"); !status) return status;
    }
    return {};
  }

  Status parse_value_of_cpu(const Json& json, const std::string& path) {
    if (!json.is_object() || !json.contains("cpu") || !json.contains("value"))
      return error_at(path, "expects an object with cpu and value");
    const auto cpu = parse_number(json["cpu"]);
    if (!cpu || cpu->negative || cpu->magnitude >= shape_.cpus)
      return error_at(path + ".cpu", fmt::format("expects a CPU from 0 to {}", shape_.cpus - 1));
    return parse_one(json["value"], static_cast<uint32_t>(cpu->magnitude), path + ".value");
  }

  Status parse_one(const Json& json, uint32_t cpu, const std::string& path) {
    const Bytes place = Bytes(entry_.value).subspan(shape_.value_step() * cpu, shape_.value_size);
    return parse_part(shape_, shape_.value_type, json, place, path);
  }

  const MapShape& shape_;
  std::string path_;
  MapEntry entry_;
};

/// What the JSON library says, without its tag: "[json.exception.parse_error.101] parse error at line 1 ...".
std::string parse_error_text(const Json::exception& error) {
  const std::string_view text = error.what();
  const size_t tag_end = text.find("] ");
  return std::string(tag_end == std::string_view::npos ? text : text.substr(tag_end + 2));
}

Result<Json> parse_json(std::string_view text) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    return Error{EINVAL, parse_error_text(error)};
  }
}

}  // namespace

Status parse_bytes(const Json& json, Bytes out, std::string_view path) {
  if (!json.is_array() || json.size() != out.size())
    return error_at(path, fmt::format("expects an array of {} bytes", out.size()));
  for (size_t i = 0; i < out.size(); ++i) {
    const auto byte = parse_number(json[i]);
    if (!byte || !byte->fits_unsigned(8)) return error_at(fmt::format("{}[{}]", path, i), "expects a byte");
    out[i] = static_cast<std::byte>(byte->magnitude);
  }
  return {};
}

Result<std::vector<MapEntry>> parse_map(const MapShape& shape, std::string_view text) {
  auto json = parse_json(text);
  if (!json) return std::move(json).error();
  if (!json->is_array()) return Error{EINVAL, "expects an array of entries"};
  std::vector<MapEntry> entries;
  entries.reserve(json->size());
  for (size_t i = 0; i < json->size(); ++i) {
    auto entry = EntryParser(shape, fmt::format("[{}]", i)).parse((*json)[i]);
    if (!entry) return std::move(entry).error();
    entries.push_back(std::move(*entry));
  }
  return entries;
}

}  // namespace skep::btf
