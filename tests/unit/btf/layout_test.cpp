// SPDX-License-Identifier: Apache-2.0
#include "btf/layout.hpp"

#include "support.hpp"

namespace skep::btf {

TEST_CASE("Scalars are aligned to their size, at most to 8 bytes") {
  Builder b;
  const TypeId byte = b.add_int("char", 1);
  const TypeId wide = b.add_int("__int128", 16, int_signed);
  const TypeId pointer = b.add_ptr(0);
  auto types = parsed(b);
  CHECK(align_of(*types, byte) == 1);
  CHECK(align_of(*types, wide) == 8);
  CHECK(align_of(*types, pointer) == 8);
  CHECK(size_of(*types, pointer) == 8);
  CHECK(size_of(*types, 0) == 0);
}

TEST_CASE("A struct is aligned as its most demanding member, a packed one not at all") {
  Builder b = with_ints();
  const TypeId pointer = b.add_ptr(0);
  const TypeId plain = b.add_struct("plain", 16, {{"a", kInt, 0, 0}, {"p", pointer, 64, 0}});
  const TypeId packed = b.add_struct("packed", 12, {{"a", kInt, 0, 0}, {"p", pointer, 32, 0}});
  const TypeId array = b.add_array(plain, kInt, 3);
  auto types = parsed(b);
  CHECK(align_of(*types, plain) == 8);
  CHECK(align_of(*types, packed) == 1);
  CHECK(align_of(*types, array) == 8);
  CHECK(size_of(*types, array) == 48);
}

TEST_CASE("Members are found through typedefs and anonymous structs") {
  Builder b = with_ints();
  const TypeId inner = b.add_struct("", 8, {{"x", kInt, 0, 0}, {"y", kInt, 32, 0}});
  const TypeId choice = b.add_union("", 8, {{"", inner, 0, 0}, {"z", kInt, 0, 0}});
  const TypeId outer = b.add_struct("outer", 12, {{"a", kInt, 0, 0}, {"", choice, 32, 0}});
  const TypeId name = b.add_typedef("outer_t", outer);
  auto types = parsed(b);
  REQUIRE(find_member(*types, name, "y"));
  CHECK(find_member(*types, name, "y")->bit_offset == 64);
  CHECK(find_member(*types, name, "z")->bit_offset == 32);
  CHECK_FALSE(find_member(*types, name, "w"));
  CHECK_FALSE(find_member(*types, name, ""));
  CHECK_FALSE(find_member(*types, kInt, "x"));
}

TEST_CASE("Searching anonymous unions that multiply ends") {
  Builder b = with_ints();
  TypeId id = kInt;
  for (int i = 0; i < 30; ++i) id = b.add_union("", 4, {{"", id, 0, 0}, {"", id, 0, 0}});
  CHECK_FALSE(find_member(*parsed(b), id, "x"));
}

TEST_CASE("A member's bits are its bit field's or its type's") {
  Builder b = with_ints();
  const TypeId id = b.add_struct("s", 8, {{"a", kInt, 0, 3}, {"b", kInt, 32, 0}});
  auto types = parsed(b);
  CHECK(bits_of(*types, types->type(id).members()[0]) == 3);
  CHECK(bits_of(*types, types->type(id).members()[1]) == 32);
}

TEST_CASE("Types are written as in C") {
  Builder b = with_ints();
  const TypeId foo = b.add_struct("foo", 4, {});
  const TypeId pointer = b.add_ptr(foo);
  const TypeId const_foo = b.add_const(foo);
  const TypeId matrix = b.add_array(b.add_array(kInt, kInt, 3), kInt, 2);
  const TypeId proto = b.add_func_proto(kInt, {{"f", pointer}, {"", 0}});
  const TypeId callback = b.add_ptr(proto);
  const TypeId name = b.add_typedef("u32", kUnsigned);
  const TypeId fixed = b.add_const(b.add_ptr(b.add_const(kInt)));
  const TypeId anonymous = b.add_union("", 4, {});
  const TypeId to_array = b.add_ptr(matrix);
  auto types = parsed(b);
  CHECK(type_text(*types, 0) == "void");
  CHECK(type_text(*types, pointer) == "struct foo *");
  CHECK(type_text(*types, pointer, "p") == "struct foo *p");
  CHECK(type_text(*types, const_foo) == "const struct foo");
  CHECK(type_text(*types, matrix) == "int[2][3]");
  CHECK(type_text(*types, matrix, "m") == "int m[2][3]");
  CHECK(type_text(*types, proto, "f") == "int f(struct foo *f, ...)");
  CHECK(type_text(*types, callback, "cb") == "int (*cb)(struct foo *f, ...)");
  CHECK(type_text(*types, name) == "u32");
  CHECK(type_text(*types, fixed) == "const int * const");
  CHECK(type_text(*types, fixed, "x") == "const int * const x");
  CHECK(type_text(*types, anonymous) == "union {...}");
  CHECK(type_text(*types, to_array) == "int (*)[2][3]");
}

TEST_CASE("Writing a type that refers to itself through functions ends") {
  Builder b = with_ints();
  const TypeId proto = kUnsigned + 1;
  std::vector<Param> params(100, Param{"f", proto + 1});
  b.add_func_proto(proto + 1, params);
  b.add_ptr(proto);
  CHECK(type_text(*parsed(b), proto).size() < 1 << 20);
}

}  // namespace skep::btf
