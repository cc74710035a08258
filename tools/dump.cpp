// SPDX-License-Identifier: Apache-2.0
// skep dump: disassembly with source lines.
#include <cstdio>

#include "tools/options.hpp"
#include "tools/output.hpp"

namespace skep::tools {
namespace {

void print_listing(const Program& program) {
  std::printf("%s: %s, SEC(\"%s\")\n", program.name().c_str(), program.type().c_str(), program.section().c_str());
  for (const ListingLine& line : program.listing()) {
    if (!line.function.empty()) std::printf("%s:\n", line.function.c_str());
    if (!line.source.empty()) std::printf("; %s\n", line.source.c_str());
    std::printf("%8u: %s\n", line.insn, line.text.c_str());
  }
  std::printf("\n");
}

/// Loads one program by itself, so that calls and references are resolved and lines known. A program that does not load is
/// listed as it is in the file.
int dump_program(Vm& vm, std::span<const std::byte> file, const DumpOptions& options, const std::string& name) {
  auto object = vm.open(file, {.name = options.object, .program = name, .type = options.type});
  if (!object) return fail(object.error());
  auto program = object->program(name);
  if (!program) return fail(program.error());
  if (auto status = object->load(); !status)
    warn("'" + name + "' does not load, its references are unresolved: " + status.error().message);
  print_listing(*program);
  return kDone;
}

}  // namespace

int dump_command(const DumpOptions& options) {
  auto vm_options = options.vm.options();
  if (!vm_options) return fail(vm_options.error());
  auto vm = Vm::create(*vm_options);
  if (!vm) return fail(options.vm.placed(vm.error()));
  auto file = read_input(options.object);
  if (!file) return fail(file.error());
  if (!options.program.empty()) return dump_program(*vm, *file, options, options.program);
  auto object = vm->open(*file, {.name = options.object, .program = {}, .type = options.type});
  if (!object) return fail(object.error());
  int exit = kDone;
  for (const Program& program : object->programs())
    if (const int code = dump_program(*vm, *file, options, program.name()); code != kDone) exit = code;
  return exit;
}

}  // namespace skep::tools
