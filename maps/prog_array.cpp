// SPDX-License-Identifier: Apache-2.0
#include "maps/prog_array.hpp"

namespace skep::maps {
namespace {

constexpr uint32_t kProgramTypeExt = 28;  // BPF_PROG_TYPE_EXT: never a target, it runs in place of another function

}  // namespace

Result<std::shared_ptr<Map>> ProgArray::make(Attributes attributes, Environment& environment) {
  Memory memory = memory_for(attributes, environment);
  if (!memory) return no_memory(attributes);
  return std::shared_ptr<Map>(new ProgArray(std::move(attributes), environment, std::move(memory)));
}

int ProgArray::host_lookup(const void* key, void* value, uint64_t flags) {
  if (const int error = check_lookup_flags(flags); error != 0) return error;
  return lookup_id(key, value);
}

bool ProgArray::admit(const ProgramRef::Kind& kind) {
  std::lock_guard lock(kind_mutex_);
  if (!kind_) kind_ = kind;
  return *kind_ == kind;
}

std::shared_ptr<ProgramRef> ProgArray::accept(int descriptor, int& error) {
  auto program = environment_.program_of_descriptor(descriptor, error);
  if (!program) return nullptr;
  const ProgramRef::Kind kind = program->kind();
  if (kind.type != kProgramTypeExt && admit(kind)) return program;
  error = -EINVAL;
  return nullptr;
}

}  // namespace skep::maps
