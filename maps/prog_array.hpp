// SPDX-License-Identifier: Apache-2.0
// Program arrays: targets of tail calls. Source: kernel/bpf/arraymap.c, kernel/bpf/core.c (bpf_prog_map_compatible).
#pragma once

#include <optional>

#include "maps/reference_array.hpp"

namespace skep::maps {

class ProgArray final : public ReferenceArray<ProgramRef> {
 public:
  static Result<std::shared_ptr<Map>> make(Attributes attributes, Environment& environment);

  ProgramRef* program_at(uint32_t index) override { return object_at(index); }
  int host_lookup(const void* key, void* value, uint64_t flags) override;

  /// Whether a program may use this array, as a slot or by tail calls through it: it is of the kind of the first one that
  /// did. That is remembered for the array's life.
  bool admit(const ProgramRef::Kind& kind);

  void last_user_gone() override { slots_.clear(); }

 protected:
  std::shared_ptr<ProgramRef> accept(int descriptor, int& error) override;

 private:
  using ReferenceArray::ReferenceArray;

  std::mutex kind_mutex_;
  std::optional<ProgramRef::Kind> kind_;
};

}  // namespace skep::maps
