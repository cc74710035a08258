// SPDX-License-Identifier: Apache-2.0
#include "tools/maps.hpp"

#include <cerrno>
#include <cstdio>

#include "tools/output.hpp"

namespace skep::tools {
namespace {

Error malformed(const std::string& assignment, const char* form) {
  return {.code = EINVAL, .message = "'" + assignment + "' is not of the form " + form};
}

Status fill_map(const Object& object, const std::string& name, const std::string& path) {
  auto map = object.map(name);
  if (!map) return std::move(map).error();
  if (!map->is_loaded())
    return Error{.code = EINVAL,
                 .message = "the program does not use the map '" + name + "', so it is not there to fill"};
  auto text = read_input(path);
  if (!text) return std::move(text).error();
  auto status = map->fill_json({reinterpret_cast<const char*>(text->data()), text->size()});
  if (!status) {
    Error error = std::move(status).error();
    error.object = path;
    return error;
  }
  return {};
}

/// A value that is JSON and still does not fit may be meant as text: the digits of a char[], the word true.
Status set_global(Object& object, const std::string& name, const std::string& value) {
  const std::string word = Json(value).dump(-1, ' ', false, Json::error_handler_t::replace);
  if (!Json::accept(value)) return object.set_global(name, word);
  auto status = object.set_global(name, value);
  if (!status && !Json::parse(value).is_structured() && object.set_global(name, word)) return {};
  return status;
}

/// Whether a map's elements can be listed; rings and their like have none, program arrays hold no values.
bool has_elements(const std::string& type) {
  return type != "ringbuf" && type != "user_ringbuf" && type != "perf_event_array" && type != "queue" &&
         type != "stack" && type != "bloom_filter";
}

}  // namespace

Status fill_maps(const Object& object, const std::vector<std::string>& assignments) {
  for (const std::string& assignment : assignments) {
    const size_t equals = assignment.find('=');
    if (equals == std::string::npos) return malformed(assignment, "NAME=FILE");
    auto status = fill_map(object, assignment.substr(0, equals), assignment.substr(equals + 1));
    if (!status) return status;
  }
  return {};
}

Status set_globals(Object& object, const std::vector<std::string>& assignments) {
  for (const std::string& assignment : assignments) {
    const size_t equals = assignment.find('=');
    if (equals == std::string::npos) return malformed(assignment, "VAR=VALUE");
    auto status = set_global(object, assignment.substr(0, equals), assignment.substr(equals + 1));
    if (!status) return status;
  }
  return {};
}

void print_maps(const Object& object, bool json) {
  for (const Map& map : object.maps()) {
    if (!has_elements(map.type()) || !map.is_loaded()) continue;
    if (!json) std::printf("\nmap %s (%s):\n", map.name().c_str(), map.type().c_str());
    auto text = json ? map.dump_json() : map.dump_text();
    if (!text) {
      warn("map '" + map.name() + "' cannot be printed: " + text.error().message);
    } else if (json) {
      print_json({{"map", map.name()}, {"type", map.type()}, {"entries", Json::parse(*text, nullptr, false)}});
    } else {
      std::printf("%s\n", text->c_str());
    }
  }
}

}  // namespace skep::tools
