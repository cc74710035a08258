// SPDX-License-Identifier: Apache-2.0
#include "btf/types.hpp"

#include <algorithm>
#include <thread>

#include "support.hpp"

namespace skep::btf {

TEST_CASE("An integer keeps its size, encoding and bits") {
  Builder b;
  const TypeId id = b.add_int("short", 2, int_signed);
  auto types = parsed(b);
  const Type type = types->type(id);
  CHECK(type.is(Kind::int_));
  CHECK(type.name() == "short");
  CHECK(type.size() == 2);
  CHECK(type.int_info().encoding == int_signed);
  CHECK(type.int_info().bits == 16);
  CHECK(types->count() == 2);
}

TEST_CASE("Members of a struct with bit fields have separate offsets and sizes") {
  Builder b = with_ints();
  const TypeId id = b.add_struct("s", 8, {{"a", kUnsigned, 0, 3}, {"b", kUnsigned, 3, 29}, {"c", kInt, 32, 0}});
  auto types = parsed(b);
  const auto members = types->type(id).members();
  REQUIRE(members.size() == 3);
  CHECK(members[1].name == "b");
  CHECK(members[1].bit_offset == 3);
  CHECK(members[1].bitfield_size == 29);
  CHECK(members[2].bit_offset == 32);
  CHECK(members[2].bitfield_size == 0);
}

TEST_CASE("A struct without the kind flag may have members beyond bit 2^24") {
  Builder b = with_ints();
  const TypeId big = b.add_array(kInt, kUnsigned, 1 << 20);
  const TypeId id = b.add_struct("s", (4 << 20) + 4, {{"a", big, 0, 0}, {"b", kInt, 32u << 20, 0}});
  CHECK(parsed(b)->type(id).members()[1].bit_offset == 32u << 20);
}

TEST_CASE("Enumerators are extended by the sign of their enum") {
  Builder b;
  const TypeId with_sign = b.add_enum("s", 4, true, {{"minus", static_cast<uint64_t>(-1)}});
  const TypeId without = b.add_enum("u", 4, false, {{"max", 0xffffffff}});
  const TypeId wide = b.add_enum64("w", 8, false, {{"huge", 0x123456789abcdef0}});
  auto types = parsed(b);
  CHECK(types->type(with_sign).enumerators()[0].value == static_cast<uint64_t>(-1));
  CHECK(types->type(without).enumerators()[0].value == 0xffffffff);
  CHECK(types->type(wide).enumerators()[0].value == 0x123456789abcdef0);
}

TEST_CASE("Functions, variables, sections and tags are read back") {
  Builder b = with_ints();
  const TypeId proto = b.add_func_proto(kInt, {{"a", kInt}, {"", 0}});
  const TypeId func = b.add_func("f", proto, FuncLinkage::static_);
  const TypeId var = b.add_var("v", kInt);
  const TypeId sec = b.add_datasec(".data", 4, {{var, 0, 4}});
  const TypeId tag = b.add_decl_tag("hot", func, 0);
  auto types = parsed(b);
  CHECK(types->type(func).ref() == proto);
  CHECK(types->type(func).func_linkage() == FuncLinkage::static_);
  CHECK(types->type(proto).params()[0].name == "a");
  CHECK(types->type(proto).params()[1].type == 0);
  CHECK(types->type(var).var_linkage() == VarLinkage::global);
  CHECK(types->type(sec).section_vars()[0].size == 4);
  CHECK(types->type(tag).component_index() == 0);
  CHECK(types->type(tag).name() == "hot");
}

TEST_CASE("Modifiers resolve to what they modify") {
  Builder b = with_ints();
  const TypeId name = b.add_typedef("u32", kUnsigned);
  const TypeId constant = b.add_const(name);
  const TypeId nothing = b.add_const(0);
  const TypeId pointer = b.add_ptr(constant);
  auto types = parsed(b);
  CHECK(types->resolve(constant).id() == kUnsigned);
  CHECK(types->resolve(nothing).is_void());
  CHECK(types->resolve(pointer).id() == pointer);
  CHECK(types->layout(constant).size == 4);
  CHECK_FALSE(types->has_size(nothing));
}

TEST_CASE("A modifier of an array behind a pointer has the size of the array") {
  // The walk that resolves the modifier stops at the array, whose size is not known yet.
  Builder b = with_ints();
  b.add_ptr(kUnsigned + 2);
  const TypeId constant = b.add_const(kUnsigned + 3);
  b.add_array(kInt, kUnsigned, 5);
  CHECK(parsed(b)->layout(constant).size == 20);
}

TEST_CASE("A list may contain pointers to itself") {
  Builder b = with_ints();
  const TypeId node = kUnsigned + 1;
  b.add_struct("node", 16, {{"next", node + 1, 0, 0}, {"value", kInt, 64, 0}});
  b.add_ptr(node);
  CHECK(parsed(b)->type(node).members()[0].type == node + 1);
}

TEST_CASE("A type is found by name and kind, the first one first") {
  Builder b = with_ints();
  const TypeId first = b.add_struct("twin", 0, {});
  b.add_struct("twin", 4, {});
  const TypeId name = b.add_typedef("twin", kInt);
  auto types = parsed(b);
  CHECK(types->find("twin", Kind::struct_) == first);
  CHECK(types->find("twin", Kind::typedef_) == name);
  CHECK(types->find("twin", Kind::union_) == 0);
  CHECK(types->find("", Kind::struct_) == 0);
}

TEST_CASE("Look-ups by name may happen in several threads at once") {
  Builder b = with_ints();
  for (int i = 0; i < 1000; ++i) b.add_typedef("t" + std::to_string(i), kInt);
  auto types = parsed(b);
  TypeId found[4] = {};
  std::vector<std::thread> threads;
  for (TypeId& id : found) threads.emplace_back([&] { id = types->find("t999", Kind::typedef_); });
  for (auto& thread : threads) thread.join();
  for (TypeId id : found) CHECK(id == 3 + 999);
}

TEST_CASE("An id or a string offset that does not exist reads as void and empty") {
  auto types = parsed(with_ints());
  CHECK_FALSE(types->contains(3));
  CHECK(types->type(3).is_void());
  CHECK(types->type(0xffffffff).is_void());
  CHECK(types->resolve(0xffffffff).is_void());
  CHECK(types->layout(77).size == 0);
  CHECK(types->string(0xffffffff).empty());
}

TEST_CASE("Split BTF continues the numbers and strings of its base") {
  auto base = parsed(with_ints());
  Builder b = Builder::split(*base);
  CHECK(b.next_id() == 3);
  const TypeId id = b.add_struct("s", 4, {{"a", kInt, 0, 0}});
  auto types = Types::parse(b.bytes(), base);
  REQUIRE(types);
  CHECK((*types)->count() == 4);
  CHECK((*types)->type(id).name() == "s");
  CHECK((*types)->type(kInt).name() == "int");
  CHECK((*types)->layout((*types)->type(id).members()[0].type).size == 4);
  CHECK((*types)->find("int", Kind::int_) == kInt);
  CHECK((*types)->find("s", Kind::struct_) == id);
}

TEST_CASE("An unaligned header length does not make the records unreadable") {
  // Linux accepts any hdr_len whose additional bytes are zero.
  const auto plain = with_ints().bytes();
  std::vector<std::byte> blob = plain;
  blob.insert(blob.begin() + sizeof(wire::Header), std::byte{});
  blob[offsetof(wire::Header, hdr_len)] = std::byte{sizeof(wire::Header) + 1};
  auto types = Types::parse(blob);
  REQUIRE(types);
  CHECK((*types)->type(kUnsigned).name() == "unsigned int");
  CHECK(std::ranges::equal((*types)->bytes(), blob));
}

TEST_CASE("An object's BTF may be incomplete where libbpf completes it") {
  Builder b = with_ints();
  const TypeId nothing = b.add_const(0);
  const TypeId symbol = b.add_var("symbol", nothing, VarLinkage::extern_);
  const TypeId proto = b.add_func_proto(0, {{"", kInt}});
  const TypeId kfunc = b.add_func("kfunc", proto, FuncLinkage::extern_);
  b.add_datasec(".ksyms", 0, {{symbol, 0, 0}, {kfunc, 0, 0}});
  CHECK(parsed(b, Origin::object)->count() == kfunc + 2);
  CHECK_FALSE(Types::parse(b.bytes()));
}

TEST_CASE("The bytes are those that were given") {
  const auto blob = with_ints().bytes();
  auto types = Types::parse(blob);
  REQUIRE(types);
  CHECK(std::ranges::equal((*types)->bytes(), blob));
}

}  // namespace skep::btf
