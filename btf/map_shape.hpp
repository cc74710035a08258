// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "btf/types.hpp"

namespace skep::btf {

/// What must be known of a map to print its entries and to read them from JSON.
struct MapShape {
  enum class Holds : uint8_t {
    values,
    maps,      ///< Values are ids of maps.
    programs,  ///< Values are ids of programs.
  };

  uint32_t key_size = 0;
  uint32_t value_size = 0;
  uint32_t cpus = 0;  ///< Not 0: a per-CPU map; an entry has a value for each CPU, at steps of value_step().
  Holds holds = Holds::values;
  std::shared_ptr<const Types> types{};  ///< May be empty.
  TypeId key_type = 0;                   ///< 0: unknown.
  TypeId value_type = 0;                 ///< 0: unknown.

  [[nodiscard]] bool is_per_cpu() const { return cpus != 0; }
  [[nodiscard]] bool has_types() const { return types != nullptr && value_type != 0; }
  /// Distance of two CPUs' values, as the look-up of a per-CPU map gives them.
  [[nodiscard]] size_t value_step() const { return (size_t{value_size} + 7) / 8 * 8; }
  /// Bytes of an entry's value or values.
  [[nodiscard]] size_t all_values_size() const { return is_per_cpu() ? value_step() * cpus : value_size; }
};

}  // namespace skep::btf
