// SPDX-License-Identifier: Apache-2.0
// Blobs that Linux refuses, with its error numbers, and hostile ones, which must not crash, hang or overflow a stack.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <random>

#include "support.hpp"

namespace skep::btf {
namespace {

int code_of(std::span<const std::byte> blob, Origin origin = Origin::load) {
  auto types = Types::parse(blob, {}, origin);
  if (types) return 0;
  CHECK_FALSE(types.error().message.empty());
  return types.error().code;
}

int code_of(const Builder& b) { return code_of(b.bytes()); }

std::vector<std::byte> patched(std::vector<std::byte> blob, size_t offset, auto value) {
  std::memcpy(blob.data() + offset, &value, sizeof value);
  return blob;
}

constexpr size_t kTypesAt = sizeof(wire::Header);

}  // namespace

TEST_CASE("A damaged header is refused with the reason") {
  const auto good = with_ints().bytes();
  const auto strings = static_cast<uint32_t>(2 * 16);
  struct Row {
    const char* what;
    std::vector<std::byte> blob;
    int code;
  };
  const Row rows[] = {
      {"empty", {}, EINVAL},
      {"shorter than the header's length field", {good.begin(), good.begin() + 7}, EINVAL},
      {"shorter than its header", {good.begin(), good.begin() + 23}, EINVAL},
      {"nothing but a header", {good.begin(), good.begin() + 24}, EINVAL},
      {"wrong magic", patched(good, 0, uint16_t{0x1234}), EINVAL},
      {"big-endian", patched(good, 0, uint16_t{0x9feb}), EINVAL},
      {"unknown version", patched(good, 2, uint8_t{2}), kENOTSUPP},
      {"unknown flags", patched(good, 3, uint8_t{1}), kENOTSUPP},
      {"header longer than the blob", patched(good, 4, 0xffffffffu), EINVAL},
      {"header with new fields", patched(good, 4, 32u), E2BIG},
      {"header without length", patched(good, 4, 0u), EINVAL},
      {"gap before the types", patched(good, offsetof(wire::Header, type_off), 4u), EINVAL},
      {"sections overlap", patched(good, offsetof(wire::Header, str_off), strings - 4), EINVAL},
      {"types beyond the blob", patched(good, offsetof(wire::Header, type_len), 0xffffffffu), EINVAL},
      {"strings beyond the blob", patched(good, offsetof(wire::Header, str_len), 0xffffffffu), EINVAL},
      {"unterminated strings", patched(good, good.size() - 1, 'x'), EINVAL},
      {"strings do not begin empty", patched(good, kTypesAt + strings, 'x'), EINVAL},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    CHECK(code_of(row.blob) == row.code);
  }
}

TEST_CASE("A blob of more than 16 MiB is too big") {
  CHECK(code_of(std::vector<std::byte>(kMaxBlobSize + 1)) == E2BIG);
}

TEST_CASE("A blob cut off anywhere is refused") {
  Builder b = with_ints();
  b.add_struct("s", 4, {{"a", kInt, 0, 0}});
  const auto blob = b.bytes();
  for (size_t size = 0; size < blob.size(); ++size) CHECK(code_of(std::span(blob).first(size)) != 0);
}

TEST_CASE("Records that break a rule of their kind are refused") {
  struct Row {
    const char* what;
    std::function<void(Builder&)> add;
    int code = EINVAL;
  };
  const Row rows[] = {
      {"int with more than 128 bits", [](Builder& b) { b.add_int("i", 32, int_unsigned, 129); }},
      {"int with more bits than bytes", [](Builder& b) { b.add_int("i", 1, int_unsigned, 9); }},
      {"int with two encodings", [](Builder& b) { b.add_int("i", 4, IntEncoding(3)); }, kENOTSUPP},
      {"int with an unknown encoding", [](Builder& b) { b.add_int("i", 4, IntEncoding(8)); }, kENOTSUPP},
      {"pointer to a type that does not exist", [](Builder& b) { b.add_ptr(99); }},
      {"pointer to an id beyond the limit", [](Builder& b) { b.add_ptr(kMaxTypeId + 1); }},
      {"typedef without name", [](Builder& b) { b.add_typedef("", kInt); }},
      {"typedef named like an expression", [](Builder& b) { b.add_typedef("a+b", kInt); }},
      {"typedef whose name begins with a digit", [](Builder& b) { b.add_typedef("1a", kInt); }},
      {"name of more than 512 bytes", [](Builder& b) { b.add_typedef(std::string(513, 'a'), kInt); }},
      {"forward declaration without name", [](Builder& b) { b.add_fwd("", false); }},
      {"array of void", [](Builder& b) { b.add_array(0, kInt, 1); }},
      {"array indexed by void", [](Builder& b) { b.add_array(kInt, 0, 1); }},
      {"array indexed by a struct", [](Builder& b) { b.add_array(kInt, b.add_struct("s", 4, {}), 1); }},
      {"array of forward declarations", [](Builder& b) { b.add_array(b.add_fwd("s", false), kInt, 1); }},
      {"array of odd integers", [](Builder& b) { b.add_array(b.add_int("i", 4, int_unsigned, 7), kInt, 1); }},
      {"array of more than 4 GiB", [](Builder& b) { b.add_array(kInt, kInt, 0x40000000); }},
      {"array of functions", [](Builder& b) { b.add_array(b.add_func_proto(0, {}), kInt, 1); }},
      {"member of type void", [](Builder& b) { b.add_struct("s", 4, {{"a", 0, 0, 0}}); }},
      {"member that does not exist", [](Builder& b) { b.add_struct("s", 4, {{"a", 99, 0, 0}}); }},
      {"member behind the end", [](Builder& b) { b.add_struct("s", 4, {{"a", kInt, 40, 0}}); }},
      {"member across the end", [](Builder& b) { b.add_struct("s", 5, {{"a", kInt, 16, 0}}); }},
      {"member before its predecessor",
       [](Builder& b) { b.add_struct("s", 8, {{"a", kInt, 32, 0}, {"b", kInt, 0, 0}}); }},
      {"union member not at 0", [](Builder& b) { b.add_union("u", 8, {{"a", kInt, 32, 0}}); }},
      {"member that is a variable", [](Builder& b) { b.add_struct("s", 4, {{"a", b.add_var("v", kInt), 0, 0}}); }},
      {"member that is const void", [](Builder& b) { b.add_struct("s", 4, {{"a", b.add_const(0), 0, 0}}); }},
      {"pointer between bytes", [](Builder& b) { b.add_struct("s", 16, {{"a", b.add_ptr(0), 4, 0}}); }},
      {"pointer as bit field", [](Builder& b) { b.add_struct("s", 16, {{"a", b.add_ptr(0), 0, 4}}); }},
      {"bit field wider than its type", [](Builder& b) { b.add_struct("s", 16, {{"a", kInt, 0, 33}}); }},
      {"unaligned float", [](Builder& b) { b.add_struct("s", 16, {{"a", b.add_float("double", 8), 8, 0}}); }},
      {"enum of 3 bytes", [](Builder& b) { b.add_enum("e", 3, false, {}); }},
      {"enum of 16 bytes", [](Builder& b) { b.add_enum("e", 16, false, {}); }},
      {"enumerator without name", [](Builder& b) { b.add_enum("e", 4, false, {{"", 1}}); }},
      {"64-bit enumerator without name", [](Builder& b) { b.add_enum64("e", 8, false, {{"", 1}}); }},
      {"float of 5 bytes", [](Builder& b) { b.add_float("f", 5); }},
      {"function of a type that is no prototype", [](Builder& b) { b.add_func("f", kInt); }},
      {"function of unknown linkage", [](Builder& b) { b.add_func("f", b.add_func_proto(0, {}), FuncLinkage(2)); }},
      {"function with a nameless parameter", [](Builder& b) { b.add_func("f", b.add_func_proto(0, {{"", kInt}})); }},
      {"prototype with a void parameter", [](Builder& b) { b.add_func_proto(0, {{"a", 0}, {"b", kInt}}); }},
      {"prototype with a named ellipsis", [](Builder& b) { b.add_func_proto(0, {{"a", 0}}); }},
      {"prototype that returns const void", [](Builder& b) { b.add_func_proto(b.add_const(0), {}); }},
      {"variable of type void", [](Builder& b) { b.add_var("v", 0); }},
      {"extern variable", [](Builder& b) { b.add_var("v", kInt, VarLinkage::extern_); }},
      {"section of size 0", [](Builder& b) { b.add_datasec(".s", 0, {}); }},
      {"section without name", [](Builder& b) { b.add_datasec("", 4, {}); }},
      {"section that holds an int", [](Builder& b) { b.add_datasec(".s", 4, {{kInt, 0, 4}}); }},
      {"variables that overlap",
       [](Builder& b) {
         const TypeId v = b.add_var("v", kInt), w = b.add_var("w", kInt);
         b.add_datasec(".s", 8, {{v, 0, 4}, {w, 2, 4}});
       }},
      {"variable behind the section's end", [](Builder& b) { b.add_datasec(".s", 4, {{b.add_var("v", kInt), 2, 4}}); }},
      {"variable with less room than its type",
       [](Builder& b) { b.add_datasec(".s", 4, {{b.add_var("v", kInt), 0, 2}}); }},
      {"tag without text", [](Builder& b) { b.add_decl_tag("", kInt); }},
      {"tag on an int", [](Builder& b) { b.add_decl_tag("t", kInt); }},
      {"tag on a member that does not exist", [](Builder& b) { b.add_decl_tag("t", b.add_struct("s", 0, {}), 0); }},
      {"tag on a variable's member", [](Builder& b) { b.add_decl_tag("t", b.add_var("v", kInt), 0); }},
      {"type tag behind a qualifier", [](Builder& b) { b.add_const(b.add_type_tag("t", kInt)); }},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Builder b = with_ints();
    row.add(b);
    CHECK(code_of(b) == row.code);
  }
}

TEST_CASE("An error names the type, its kind, its name and the item") {
  Builder b = with_ints();
  b.add_struct("packet", 4, {{"a", kInt, 0, 0}, {"b", 0, 32, 0}});
  auto types = Types::parse(b.bytes());
  REQUIRE_FALSE(types);
  CHECK(types.error().message == "BTF type [3] STRUCT 'packet', item 1: invalid type id");
}

TEST_CASE("An error is one line whatever the names are") {
  Builder b = with_ints();
  b.add_typedef("a\nb", kInt);
  auto types = Types::parse(b.bytes());
  REQUIRE_FALSE(types);
  CHECK(types.error().message.find('\n') == std::string::npos);
}

TEST_CASE("Types that contain themselves are refused") {
  SECTION("a struct in itself") {
    Builder b = with_ints();
    b.add_struct("s", 8, {{"s", 3, 0, 0}});
    CHECK(code_of(b) == EEXIST);
  }
  SECTION("structs in each other") {
    Builder b = with_ints();
    b.add_struct("s", 8, {{"t", 4, 0, 0}});
    b.add_struct("t", 8, {{"s", 3, 0, 0}});
    CHECK(code_of(b) == EEXIST);
  }
  SECTION("an array of itself") {
    Builder b = with_ints();
    b.add_array(3, kInt, 1);
    CHECK(code_of(b) == EEXIST);
  }
  SECTION("modifiers of each other") {
    Builder b = with_ints();
    b.add_const(4);
    b.add_volatile(3);
    CHECK(code_of(b) == EEXIST);
  }
  SECTION("pointers to each other") {
    Builder b = with_ints();
    b.add_ptr(4);
    b.add_const(3);
    CHECK(code_of(b) == EEXIST);
  }
  SECTION("a pointer loop that a struct has half resolved") {
    Builder b = with_ints();
    b.add_struct("s", 8, {{"p", 4, 0, 0}});
    b.add_const(5);
    b.add_ptr(4);
    CHECK(code_of(b) == EEXIST);
  }
}

TEST_CASE("Nesting deeper than 32 is too big where it must be resolved at once") {
  // Type n is a struct that holds type n + 1; the last one holds an int.
  const auto nested = [](uint32_t depth) {
    Builder b = with_ints();
    for (uint32_t i = 1; i < depth; ++i) b.add_struct("s", 4, {{"s", 3 + i, 0, 0}});
    b.add_struct("s", 4, {{"i", kInt, 0, 0}});
    return b;
  };
  CHECK(code_of(nested(32)) == 0);
  CHECK(code_of(nested(33)) == E2BIG);
  CHECK(code_of(nested(100000).bytes(), Origin::kernel) == 0);
}

TEST_CASE("A chain of more than 32 modifiers is refused") {
  const auto chain = [](uint32_t length) {
    Builder b = with_ints();
    for (uint32_t i = 0; i + 1 < length; ++i) b.add_typedef("t", 4 + i);
    b.add_typedef("t", kInt);
    return b;
  };
  CHECK(code_of(chain(32)) == 0);
  CHECK(code_of(chain(33)) == E2BIG);
  CHECK(code_of(chain(100000).bytes(), Origin::kernel) == ELOOP);
}

TEST_CASE("A long chain of typedefs in order of their use is accepted") {
  Builder b = with_ints();
  TypeId id = kInt;
  for (int i = 0; i < 10000; ++i) id = b.add_typedef("t", id);
  auto types = parsed(b);
  CHECK(types->resolve(id).id() == kInt);
}

TEST_CASE("A blob with any one word replaced is refused or safe to walk") {
  Builder b = with_ints();
  const TypeId s = b.add_struct("s", 8, {{"a", kInt, 0, 0}, {"b", kInt, 32, 5}});
  const TypeId a = b.add_array(s, kUnsigned, 3);
  const TypeId p = b.add_ptr(a);
  b.add_func("f", b.add_func_proto(kInt, {{"x", p}}));
  b.add_datasec(".data", 8, {{b.add_var("v", s), 0, 8}});
  b.add_enum("e", 4, true, {{"x", 1}, {"y", 2}});
  const auto good = b.bytes();
  REQUIRE(code_of(good) == 0);

  std::mt19937 random(1);
  const auto walk = [](const Types& types) {
    uint64_t sum = 0;
    for (TypeId id = 0; id < types.count(); ++id) {
      const Type type = types.type(id);
      sum += type.name().size() + types.layout(id).size + types.resolve(id).id();
      if (type.is_composite()) {
        for (const Member m : type.members()) sum += m.name.size() + types.layout(m.type).size;
      }
    }
    return sum;
  };
  for (size_t at = 0; at + 4 <= good.size(); at += 4) {
    for (uint32_t value :
         {0u, 1u, 0x7fffffffu, 0xffffffffu, static_cast<uint32_t>(random() % 16), static_cast<uint32_t>(random())}) {
      for (Origin origin : {Origin::load, Origin::object, Origin::kernel}) {
        auto types = Types::parse(patched(good, at, value), {}, origin);
        if (types) CHECK(walk(**types) > 0);
      }
    }
  }
}

}  // namespace skep::btf
