// SPDX-License-Identifier: Apache-2.0
// Externs: what a program takes from the kernel or its configuration.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "btf/types.hpp"
#include "vm/prepare/object.hpp"

namespace skep::vm {

inline constexpr std::string_view kKconfigSection = ".kconfig";
inline constexpr std::string_view kKsymsSection = ".ksyms";

enum class ExternKind : uint8_t {
  kconfig,  ///< A value of the configuration, LINUX_KERNEL_VERSION included.
  ksym,     ///< A variable or the address of a symbol.
  kfunc,    ///< A function.
};

/// Whether the kernel that the object is for has it.
using KnowsExtern = std::function<bool(ExternKind kind, std::string_view name)>;

/// What BTF says about the extern of this name; none if it does not say where the extern comes from.
std::optional<ExternKind> find_extern(const btf::Types& types, std::string_view name);

/// Makes externs weak that `knows` denies: then only programs that use one fail, not the whole object.
/// Returns their names.
std::vector<std::string> weaken_unknown_externs(Object& object, const btf::Types& types, const KnowsExtern& knows);

}  // namespace skep::vm
