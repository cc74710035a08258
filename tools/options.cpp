// SPDX-License-Identifier: Apache-2.0
#include "tools/options.hpp"

#include <unistd.h>

#include <cstdio>

#include "tools/output.hpp"

namespace skep::tools {
namespace {

constexpr const char* kKernelBtf = "/sys/kernel/btf/vmlinux";

void print_log(int limit, int level, std::string_view text) {
  if (level < limit) std::fprintf(stderr, "%.*s", static_cast<int>(text.size()), text.data());
}

void list_programs(const std::string& path, const std::vector<Program>& programs) {
  std::fprintf(stderr, "skep: error: %s has %zu programs, choose one with --program:\n", path.c_str(), programs.size());
  for (const Program& program : programs)
    std::fprintf(stderr, "  %-32s SEC(\"%s\")\n", program.name().c_str(), program.section().c_str());
}

}  // namespace

Result<VmOptions> VmChoice::options() const {
  VmOptions options;
  if (!kconfig.empty()) {
    auto text = read_input(kconfig);
    if (!text) return std::move(text).error();
    options.kconfig.assign(reinterpret_cast<const char*>(text->data()), text->size());
    if (options.kconfig.empty()) options.kconfig = "\n";  // an empty configuration, not the built-in one
  }
  if (btf.empty()) {
    if (access(kKernelBtf, R_OK) == 0) options.kernel_btf = kKernelBtf;
  } else if (btf != "none") {
    options.kernel_btf = btf;
  }
  options.clock_ns = clock_ns;
  options.seed = seed;
  options.cpus = cpus;
  options.unprivileged = unprivileged;
  options.log = [limit = verbosity](int level, std::string_view text) { print_log(limit, level, text); };
  return options;
}

std::optional<Object> open_one(Vm& vm, const std::string& path, const std::string& program, const std::string& type,
                               int& exit) {
  std::string chosen = program;
  if (chosen.empty()) {
    auto object = vm.open(path, {.name = {}, .program = {}, .type = type});
    if (!object) return (exit = fail(object.error())), std::nullopt;
    const std::vector<Program> programs = object->programs();
    if (programs.empty()) {
      exit = fail({.code = ENOENT, .message = "the object has no programs", .object = path});
      return std::nullopt;
    }
    if (programs.size() > 1) return list_programs(path, programs), exit = kUsage, std::nullopt;
    chosen = programs.front().name();
  }
  auto object = vm.open(path, {.name = {}, .program = chosen, .type = type});
  if (!object) return (exit = fail(object.error())), std::nullopt;
  return std::move(*object);
}

}  // namespace skep::tools
