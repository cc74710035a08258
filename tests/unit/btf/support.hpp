// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <memory>

#include "btf/builder.hpp"
#include "btf/types.hpp"

namespace skep::btf {

/// The types that `builder` made; the test fails if they are not valid.
inline std::shared_ptr<const Types> parsed(const Builder& builder, Origin origin = Origin::load) {
  auto types = Types::parse(builder.bytes(), {}, origin);
  if (!types) FAIL(types.error().message);
  return *types;
}

/// A builder whose type 1 is "int" and type 2 is "unsigned int".
inline Builder with_ints() {
  Builder b;
  b.add_int("int", 4, int_signed);
  b.add_int("unsigned int", 4);
  return b;
}

inline constexpr TypeId kInt = 1;
inline constexpr TypeId kUnsigned = 2;

}  // namespace skep::btf
