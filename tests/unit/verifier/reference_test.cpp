// SPDX-License-Identifier: Apache-2.0
#include "verifier/reference.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace {

/// Whether the page in docs/ is `reference`; with SKEP_REBASE it is written first.
bool is_current(const std::string& page, const std::string& reference) {
  const std::string path = std::string(SKEP_DOCS) + "/" + page;
  if (std::getenv("SKEP_REBASE") != nullptr) std::ofstream(path) << reference;
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str() == reference;
}

}  // namespace

TEST_CASE("the reference of helpers is current") {
  CHECK(is_current("helpers.md", skep::verifier::helper_reference()));
}

TEST_CASE("the reference of program types is current") {
  CHECK(is_current("program-types.md", skep::verifier::program_type_reference()));
}

TEST_CASE("the reference of contexts is current") {
  CHECK(is_current("contexts.md", skep::verifier::context_reference()));
}
