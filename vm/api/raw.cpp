// SPDX-License-Identifier: Apache-2.0
// Bare instruction streams that run on memory.
#include "isa/decode.hpp"
#include "vm/api/handles.hpp"

namespace skep {

Result<Program> Vm::load_raw(std::span<const std::byte> instructions, std::span<const HostHelper> helpers) {
  auto insns = isa::decode(instructions);
  if (!insns) return std::move(insns).error();
  vm::ProgramSpec spec;
  spec.name = "raw";
  spec.license = "GPL";
  spec.insns = std::move(*insns);
  spec.host_helpers.assign(helpers.begin(), helpers.end());
  auto program = vm::Program::create(std::move(spec));
  if (!program) return std::move(program).error();
  auto impl = std::make_shared<Program::Impl>();
  impl->owner = impl_;
  impl->name = "raw";
  impl->raw = std::move(*program);
  return Program(std::move(impl));
}

}  // namespace skep
