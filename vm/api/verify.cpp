// SPDX-License-Identifier: Apache-2.0
// Judging the entry programs of an object, each loaded alone.
#include <chrono>

#include "verifier/program_types.hpp"
#include "vm/api/handles.hpp"
#include "vm/load_observer.hpp"
#include "vm/prepare/prepare.hpp"
#include "vm/read_file.hpp"

namespace skep {
namespace {

Verdict rejected(Verdict verdict, const Error& error) {
  verdict.accepted = false;
  verdict.code = error.code;
  verdict.message = error.message;
  return verdict;
}

/// The type by the section alone, for programs that do not get as far as libbpf.
std::string type_of(const vm::PreparedProgram& program) {
  const auto type = program.type ? program.type : vm::libbpf_type_of_section(program.section);
  return type ? std::string(verifier::program_type_name(static_cast<verifier::ProgramType>(type->type))) : "unspec";
}

Verdict judge(const std::shared_ptr<vm::Vm>& vm, std::span<const std::byte> elf, const std::string& object_name,
              Verdict verdict) {
  auto object = vm::BpfObject::open(vm, elf, {.name = object_name, .program = verdict.program, .type = {}});
  if (!object) return rejected(std::move(verdict), object.error());
  for (const auto& entry : (*object)->programs())
    if (entry.name == verdict.program) verdict.type = verifier::program_type_name(entry.type);
  const auto status = (*object)->load();
  const vm::ProgramReport report = (*object)->report_of(verdict.program);
  verdict.verified_insns = report.verified_insns;
  verdict.time_ns = report.time_ns;
  if (!status) return rejected(std::move(verdict), status.error());
  verdict.accepted = true;
  return verdict;
}

}  // namespace

Result<std::vector<Verdict>> Vm::verify(const std::string& path, const VerifyOptions& options) {
  auto bytes = vm::read_file(path);
  if (!bytes) return std::move(bytes).error();
  VerifyOptions named = options;
  if (named.name.empty()) named.name = path;
  return verify(*bytes, named);
}

Result<std::vector<Verdict>> Vm::verify(std::span<const std::byte> elf, const VerifyOptions& options) {
  const auto in_object = [&options](Error error) {
    error.object = options.name;
    return error;
  };
  auto prepared = vm::prepare(elf, {});
  if (!prepared) return in_object(std::move(prepared).error());
  std::vector<Verdict> verdicts;
  for (const vm::PreparedProgram& program : prepared->programs) {
    if (!options.program.empty() && program.name != options.program) continue;
    verdicts.push_back(judge(impl_->vm, elf, options.name,
                             {.program = program.name, .section = program.section, .type = type_of(program)}));
  }
  if (verdicts.empty())
    return in_object({.code = ENOENT,
                      .message = options.program.empty() ? "the object has no programs"
                                                         : "there is no program '" + options.program + "'"});
  return verdicts;
}

}  // namespace skep
