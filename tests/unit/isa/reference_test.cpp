// SPDX-License-Identifier: Apache-2.0
#include "isa/reference.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

TEST_CASE("the reference of instructions is current") {
  const std::string reference = skep::isa::instruction_reference();
  if (std::getenv("SKEP_REBASE") != nullptr) std::ofstream(SKEP_INSTRUCTIONS_MD) << reference;
  std::ifstream file(SKEP_INSTRUCTIONS_MD);
  REQUIRE(file);
  std::stringstream page;
  page << file.rdbuf();
  CHECK(page.str() == reference);
}
