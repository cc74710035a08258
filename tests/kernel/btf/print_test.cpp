// SPDX-License-Identifier: Apache-2.0
// The same data printed by Skep and, from a map in the running kernel, by bpftool.
#include <cstdio>
#include <cstdlib>
#include <random>

#include <catch2/catch_test_macros.hpp>

#include "../kernel_maps.hpp"
#include "btf/builder.hpp"
#include "btf/print_map.hpp"
#include "object_btf.hpp"

namespace skep::test {
namespace {

using btf::MapPrinter;
using btf::MapShape;

std::string output_of(const std::string& command) {
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  char buffer[4096];
  while (size_t size = fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, size);
  pclose(pipe);
  return output;
}

bool can_compare() { return kernel_bpf_works() && output_of("bpftool version 2>/dev/null").starts_with("bpftool"); }

#define NEEDS_KERNEL_AND_BPFTOOL() \
  if (!can_compare()) SKIP("needs bpf(2), as root, and bpftool")

/// A map in the kernel together with what Skep must know of it.
struct TestMap {
  MapShape shape;
  KernelFd map;
};

/// Creates the map of `spec` with the sizes and types of `shape`.
TestMap create(KernelMapSpec spec, MapShape shape) {
  KernelFd btf;
  if (shape.types) {
    const long fd = kernel_btf_load(shape.types->bytes());
    INFO("BTF_LOAD gives " << fd);
    REQUIRE(fd >= 0);
    btf = KernelFd(fd);
    spec.btf_fd = btf.get();
  }
  spec.key_size = shape.key_size;
  spec.value_size = shape.value_size;
  spec.btf_key_type_id = shape.key_type;
  spec.btf_value_type_id = shape.value_type;
  const long fd = kernel_map_create(spec);
  INFO("MAP_CREATE gives " << fd);
  REQUIRE(fd >= 0);
  return {std::move(shape), KernelFd(fd)};
}

std::string printed_by_skep(const TestMap& test, MapPrinter::Format format) {
  std::string out;
  MapPrinter printer(out, test.shape, format);
  std::vector<std::byte> key(test.shape.key_size), next(test.shape.key_size), value(test.shape.all_values_size());
  for (const void* previous = nullptr; kernel_map_next_key(test.map.get(), previous, next.data()) == 0;
       previous = key.data()) {
    key = next;
    const long result = kernel_map_lookup(test.map.get(), key.data(), value.data());
    if (result < 0) {
      printer.missing(key, static_cast<int>(-result));
      continue;
    }
    const Status status = printer.entry(key, value);
    if (!status) FAIL(status.error().message);
  }
  printer.finish();
  return out;
}

void compare(const TestMap& test) {
  const std::string dump = " map dump id " + std::to_string(kernel_map_id(test.map.get()));
  CHECK(printed_by_skep(test, MapPrinter::Format::text) == output_of("bpftool" + dump));
  CHECK(printed_by_skep(test, MapPrinter::Format::json) == output_of("bpftool -j" + dump));
  CHECK(printed_by_skep(test, MapPrinter::Format::json_pretty) == output_of("bpftool -p" + dump));
}

/// Fills an array map, value by value.
template <class Fill>
void fill_array(const TestMap& test, uint32_t entries, Fill fill) {
  for (uint32_t key = 0; key < entries; ++key) {
    std::vector<std::byte> value(test.shape.all_values_size());
    fill(key, std::span(value));
    REQUIRE(kernel_map_update(test.map.get(), &key, value.data()) == 0);
  }
}

/// Every third value is zeros, every third ones, the others random.
auto mixed_bytes(uint32_t seed) {
  return [random = std::mt19937(seed)](uint32_t key, std::span<std::byte> value) mutable {
    for (std::byte& b : value) {
      b = key % 3 == 0 ? std::byte{0} : key % 3 == 1 ? std::byte{0xff} : static_cast<std::byte>(random());
    }
  };
}

std::shared_ptr<const btf::Types> object_types() {
  auto types = btf::Types::parse(object_btf(PRINTED_TYPES_OBJECT));
  if (!types) FAIL(types.error().message);
  return *types;
}

MapShape shape_of(const std::shared_ptr<const btf::Types>& types, btf::TypeId value) {
  return {.key_size = 4,
          .value_size = types->layout(value).size,
          .types = types,
          .key_type = types->find("int", btf::Kind::int_),
          .value_type = value};
}

}  // namespace

TEST_CASE("Structs are printed as bpftool prints them") {
  NEEDS_KERNEL_AND_BPFTOOL();
  auto types = object_types();
  constexpr uint32_t kEntries = 9;
  for (const char* name :
       {"scalars", "wide_integers", "bit_fields", "texts", "enums", "nested", "pointers", "packed"}) {
    DYNAMIC_SECTION(name) {
      const btf::TypeId id = types->find(name, btf::Kind::struct_);
      REQUIRE(id != 0);
      const TestMap test = create({.max_entries = kEntries}, shape_of(types, id));
      fill_array(test, kEntries, mixed_bytes(id));
      compare(test);
    }
  }
}

TEST_CASE("Booleans are printed as bpftool prints them") {
  NEEDS_KERNEL_AND_BPFTOOL();
  auto types = object_types();
  const TestMap test = create({.max_entries = 4}, shape_of(types, types->find("booleans", btf::Kind::struct_)));
  fill_array(test, 4, [](uint32_t key, std::span<std::byte> value) { value[key] = std::byte{1}; });
  compare(test);
}

TEST_CASE("Text in arrays of char is printed as bpftool prints it") {
  NEEDS_KERNEL_AND_BPFTOOL();
  auto types = object_types();
  const TestMap test = create({.max_entries = 5}, shape_of(types, types->find("texts", btf::Kind::struct_)));
  constexpr std::string_view kTexts[] = {"name", "", "\"quot\"\\", "a\tb", "eightlet"};
  fill_array(test, 5, [&](uint32_t key, std::span<std::byte> value) {
    std::memcpy(value.data(), kTexts[key].data(), kTexts[key].size());
    std::memcpy(value.data() + 16, kTexts[key].data(), kTexts[key].size());
  });
  compare(test);
}

TEST_CASE("Named values of enums are printed as bpftool prints them") {
  NEEDS_KERNEL_AND_BPFTOOL();
  auto types = object_types();
  const TestMap test = create({.max_entries = 2}, shape_of(types, types->find("enums", btf::Kind::struct_)));
  struct Values {
    int32_t a;
    uint32_t b;
    uint8_t c;
    uint64_t d;
  };
  constexpr Values kValues[] = {{-3, 0xffffffff, 127, 0x123456789abcdef0}, {5, 1, 1, 1}};
  fill_array(test, 2, [&](uint32_t key, std::span<std::byte> value) {
    REQUIRE(value.size() == sizeof(Values));
    std::memcpy(value.data(), &kValues[key], sizeof(Values));
  });
  compare(test);
}

TEST_CASE("Characters, which clang does not make, are printed as bpftool prints them") {
  NEEDS_KERNEL_AND_BPFTOOL();
  btf::Builder b;
  const btf::TypeId number = b.add_int("int", 4, btf::int_signed);
  const btf::TypeId character = b.add_int("character", 1, btf::int_char);
  const btf::TypeId id =
      b.add_struct("s", 8, {{"a", character, 0, 0}, {"b", character, 8, 0}, {"number", number, 32, 0}});
  auto types = btf::Types::parse(b.bytes());
  REQUIRE(types);
  const TestMap test = create({.max_entries = 9}, shape_of(*types, id));
  fill_array(test, 9, mixed_bytes(1));
  compare(test);
}

TEST_CASE("Integers of odd widths and offsets are printed as bpftool prints them") {
  NEEDS_KERNEL_AND_BPFTOOL();
  btf::Builder b;
  b.add_int("int", 4, btf::int_signed);
  const btf::TypeId narrow = b.add_int("narrow", 4, btf::int_signed, 5, 2);
  const btf::TypeId odd = b.add_int("odd", 8, btf::int_unsigned, 24);
  const btf::TypeId id = b.add_struct("s", 16, {{"a", narrow, 0, 0}, {"b", narrow, 13, 0}, {"c", odd, 64, 0}});
  auto types = btf::Types::parse(b.bytes());
  REQUIRE(types);
  const TestMap test = create({.max_entries = 9}, shape_of(*types, id));
  fill_array(test, 9, mixed_bytes(2));
  compare(test);
}

TEST_CASE("Hash maps with struct keys are printed as bpftool prints them") {
  NEEDS_KERNEL_AND_BPFTOOL();
  auto types = object_types();
  MapShape shape = shape_of(types, types->find("packed", btf::Kind::struct_));
  shape.key_type = types->find("point", btf::Kind::struct_);
  shape.key_size = 8;
  const TestMap test = create({.type = BPF_MAP_TYPE_HASH, .max_entries = 16}, shape);
  for (int32_t i = 0; i < 5; ++i) {
    const int32_t key[] = {i, -i};
    std::vector<std::byte> value(shape.value_size, static_cast<std::byte>(i));
    REQUIRE(kernel_map_update(test.map.get(), key, value.data()) == 0);
  }
  compare(test);
}

TEST_CASE("Per-CPU maps are printed as bpftool prints them") {
  NEEDS_KERNEL_AND_BPFTOOL();
  if (kernel_possible_cpus() == 0) SKIP("needs sysfs");
  auto types = object_types();
  for (uint32_t type : {BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_PERCPU_HASH}) {
    for (bool with_types : {true, false}) {
      MapShape shape = shape_of(types, types->find("packed", btf::Kind::struct_));
      shape.cpus = kernel_possible_cpus();
      if (!with_types) shape = {.key_size = shape.key_size, .value_size = shape.value_size, .cpus = shape.cpus};
      const TestMap test = create({.type = type, .max_entries = 3}, shape);
      fill_array(test, 3, mixed_bytes(3));
      compare(test);
    }
  }
}

TEST_CASE("Global data is printed as bpftool prints it") {
  NEEDS_KERNEL_AND_BPFTOOL();
  auto object = object_types();
  btf::Builder b = btf::Builder::extend(*object);
  const btf::TypeId point = object->find("point", btf::Kind::struct_);
  const btf::TypeId number = b.add_var("number", object->find("int", btf::Kind::int_));
  const btf::TypeId place = b.add_var("place", b.add_const(point));
  const btf::TypeId id = b.add_datasec(".data", 16, {{number, 0, 4}, {place, 8, 8}});
  auto types = btf::Types::parse(b.bytes());
  REQUIRE(types);
  const MapShape shape{.key_size = 4, .value_size = 16, .types = *types, .value_type = id};
  const TestMap test = create({}, shape);
  fill_array(test, 1, [random = mixed_bytes(4)](uint32_t, std::span<std::byte> value) mutable { random(2, value); });
  compare(test);
}

TEST_CASE("Maps without BTF are printed as bpftool prints them, at all widths of columns") {
  NEEDS_KERNEL_AND_BPFTOOL();
  for (uint32_t key_size : {1u, 4u, 12u, 16u, 17u}) {
    for (uint32_t value_size : {1u, 8u, 12u, 16u, 17u, 33u}) {
      INFO("key " << key_size << " value " << value_size);
      const MapShape shape{.key_size = key_size, .value_size = value_size};
      const TestMap test = create({.type = BPF_MAP_TYPE_HASH, .max_entries = 2}, shape);
      for (uint8_t i = 1; i <= 2; ++i) {
        const std::vector key(key_size, std::byte{i}), value(value_size, std::byte{0xf0} | std::byte{i});
        REQUIRE(kernel_map_update(test.map.get(), key.data(), value.data()) == 0);
      }
      compare(test);
    }
  }
}

TEST_CASE("Empty maps and maps of maps are printed as bpftool prints them") {
  NEEDS_KERNEL_AND_BPFTOOL();
  const TestMap inner = create({.type = BPF_MAP_TYPE_HASH}, {.key_size = 4, .value_size = 4});
  compare(inner);
  const auto inner_fd = static_cast<uint32_t>(inner.map.get());
  const MapShape shape{.key_size = 4, .value_size = 4, .holds = MapShape::Holds::maps};
  const TestMap outer = create({.type = BPF_MAP_TYPE_ARRAY_OF_MAPS, .max_entries = 3, .inner_map_fd = inner_fd}, shape);
  const uint32_t key = 1;
  REQUIRE(kernel_map_update(outer.map.get(), &key, &inner_fd) == 0);
  compare(outer);
}

}  // namespace skep::test
