// SPDX-License-Identifier: Apache-2.0
#include "vm/kconfig.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace skep::vm;

TEST_CASE("Values of a configuration are found by their whole name") {
  const char* text = "# CONFIG_A is not set\nCONFIG_AB=y\nCONFIG_A=\"x=y\"\nCONFIG_HZ=250\nCONFIG_LAST=m";
  CHECK(kconfig_value(text, "CONFIG_A") == "\"x=y\"");
  CHECK(kconfig_value(text, "CONFIG_LAST") == "m");
  CHECK_FALSE(kconfig_value(text, "CONFIG_B"));
  CHECK_FALSE(kconfig_value("", "CONFIG_A"));
  CHECK(kconfig_number(text, "CONFIG_HZ") == 250u);
  CHECK_FALSE(kconfig_number(text, "CONFIG_AB"));
  CHECK_FALSE(kconfig_number("CONFIG_HZ=99999999999999", "CONFIG_HZ"));
  CHECK_FALSE(kconfig_number("CONFIG_HZ=1000x", "CONFIG_HZ"));
}

TEST_CASE("The built-in configuration says what programs ask for most") {
  CHECK(kconfig_number(default_kconfig(), "CONFIG_HZ") == 1000u);
  CHECK(kconfig_value(default_kconfig(), "CONFIG_BPF_SYSCALL") == "y");
}
