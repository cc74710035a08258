// SPDX-License-Identifier: Apache-2.0
// What the tests of the examples share: an example's object, opened and loaded, and bytes of values.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "skep/skep.hpp"

namespace skep::tests {

/// Path of an object that the build compiled from examples/.
inline std::string example(const std::string& name) { return std::string(SKEP_EXAMPLES) + "/" + name + ".bpf.o"; }

/// The value of a result; a failure ends the test with the error's text.
template <class T>
T take(Result<T> result) {
  INFO((result ? std::string() : result.error().text()));
  REQUIRE(result.ok());
  return std::move(result).value();
}

inline void require_ok(const Status& status) {
  INFO((status ? std::string() : status.error().text()));
  REQUIRE(status.ok());
}

/// The code of a failure; 0 for a success.
template <class T>
int code_of(const Result<T>& result) {
  return result ? 0 : result.error().code;
}

inline Object load_example(Vm vm, const std::string& name, const ObjectOptions& options = {}) {
  Object object = take(vm.open(example(name), options));
  require_ok(object.load());
  return object;
}
inline Object load_example(const std::string& name) { return load_example(take(Vm::create()), name); }

/// The map of a data section; libbpf names it after the object and the section.
inline Map section_map(const Object& object, std::string_view section) {
  for (const Map& map : object.maps())
    if (map.is_global_data() && map.name().ends_with(section)) return map;
  FAIL("the object has no section " << section);
  return {};
}

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

inline std::vector<std::byte> zeroes(size_t size) { return std::vector<std::byte>(size); }

/// A variable of a loaded object, as its programs see it now.
template <class T>
T global(const Object& object, std::string_view name) {
  for (const GlobalInfo& info : object.globals()) {
    if (info.name != name) continue;
    REQUIRE(info.size == sizeof(T));
    const auto section = take(section_map(object, info.section).lookup(bytes_of(uint32_t{0})));
    REQUIRE(info.offset + sizeof(T) <= section.size());
    T value;
    std::memcpy(&value, section.data() + info.offset, sizeof value);
    return value;
  }
  FAIL("the object has no variable " << name);
  return {};
}

inline uint32_t retval(const Program& program, const RunInput& input) { return take(program.run(input)).retval; }

}  // namespace skep::tests
