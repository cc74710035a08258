// SPDX-License-Identifier: Apache-2.0
// Text of a kernel's .config: lines of NAME=VALUE.
#pragma once

#include <optional>
#include <string_view>

namespace skep::vm {

/// The configuration that externs of kind kconfig see by default.
[[nodiscard]] std::string_view default_kconfig();

/// Value of `name` ("CONFIG_HZ"); none: not in the text.
[[nodiscard]] std::optional<std::string_view> kconfig_value(std::string_view text, std::string_view name);
/// The value as a decimal number; none: not in the text, or not a number.
[[nodiscard]] std::optional<unsigned> kconfig_number(std::string_view text, std::string_view name);

}  // namespace skep::vm
