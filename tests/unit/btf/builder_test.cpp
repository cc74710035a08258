// SPDX-License-Identifier: Apache-2.0
#include "btf/builder.hpp"

#include <algorithm>

#include "support.hpp"

namespace skep::btf {

TEST_CASE("Equal strings are stored once") {
  Builder b;
  const uint32_t first = b.add_string("name");
  CHECK(b.add_string("name") == first);
  CHECK(b.add_string("") == 0);
  CHECK(b.add_string("other") == first + 5);
}

TEST_CASE("Extending keeps ids and names of the types that are there") {
  Builder first = with_ints();
  first.add_struct("s", 4, {{"a", kInt, 0, 0}});
  auto before = parsed(first);
  Builder second = Builder::extend(*before);
  const TypeId added = second.add_ptr(3);
  auto after = parsed(second);
  CHECK(added == 4);
  CHECK(after->type(3).name() == "s");
  CHECK(after->type(3).members()[0].name == "a");
  CHECK(after->type(added).ref() == 3);
  CHECK(std::ranges::equal(after->type_section().first(before->type_section().size()), before->type_section()));
}

TEST_CASE("Extending split BTF gives split BTF on the same base") {
  auto base = parsed(with_ints());
  Builder b = Builder::split(*base);
  b.add_typedef("t", kInt);
  auto types = Types::parse(b.bytes(), base);
  REQUIRE(types);
  Builder more = Builder::extend(**types);
  const TypeId id = more.add_typedef("u", 3);
  auto extended = Types::parse(more.bytes(), base);
  REQUIRE(extended);
  CHECK((*extended)->type(3).name() == "t");
  CHECK((*extended)->type(id).name() == "u");
  CHECK((*extended)->resolve(id).id() == kInt);
}

TEST_CASE("Bit fields give a struct the kind flag, else it has none") {
  Builder b = with_ints();
  const TypeId plain = b.add_struct("p", 4, {{"a", kInt, 0, 0}});
  const TypeId bits = b.add_struct("b", 4, {{"a", kInt, 0, 1}});
  auto types = parsed(b);
  CHECK_FALSE(types->type(plain).kind_flag());
  CHECK(types->type(bits).kind_flag());
}

}  // namespace skep::btf
