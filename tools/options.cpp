// SPDX-License-Identifier: Apache-2.0
#include "tools/options.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
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

/// The text of a kernel configuration; binary files have a byte that no text has.
Result<std::string> read_kconfig(const std::string& path) {
  auto bytes = read_input(path);
  if (!bytes) return std::move(bytes).error();
  std::string text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  if (text.find('\0') != std::string::npos)
    return Error{.code = EINVAL, .message = "the file is no text (a compressed one must be unpacked)", .object = path};
  if (text.empty()) text = "\n";  // an empty configuration, not the built-in one
  return text;
}

/// The first name of a configuration value in a text; empty: none.
std::string config_name(const std::string& text) {
  const size_t begin = text.find("CONFIG_");
  if (begin == std::string::npos) return {};
  const auto is_other = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_'; };
  return {text.begin() + static_cast<ptrdiff_t>(begin),
          std::find_if(text.begin() + static_cast<ptrdiff_t>(begin), text.end(), is_other)};
}

/// Number of the first line that begins with `start`, from 1; 0: none does.
size_t line_of(const std::string& text, const std::string& start) {
  size_t line = 1;
  for (size_t at = 0; at < text.size(); ++line) {
    if (text.compare(at, start.size(), start) == 0) return line;
    at = std::min(text.find('\n', at), text.size() - 1) + 1;
  }
  return 0;
}

}  // namespace

Error VmChoice::placed(Error error) const {
  const std::string name = config_name(error.message);
  if (name.empty() || kconfig.empty() || kconfig == "-") return error;
  const auto text = read_kconfig(kconfig);
  const size_t line = text ? line_of(*text, name + "=") : 0;
  if (line != 0) error.object = kconfig + ":" + std::to_string(line);
  return error;
}

Result<VmOptions> VmChoice::options() const {
  VmOptions options;
  if (!kconfig.empty()) {
    auto text = read_kconfig(kconfig);
    if (!text) return std::move(text).error();
    options.kconfig = std::move(*text);
  }
  if (btf.empty()) {
    if (access(kKernelBtf, R_OK) == 0) options.kernel_btf = kKernelBtf;
  } else if (btf != "none") {
    options.kernel_btf = btf == "-" ? "/dev/stdin" : btf;
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
  auto file = read_input(path);
  if (!file) return (exit = fail(file.error())), std::nullopt;
  std::string chosen = program;
  if (chosen.empty()) {
    auto object = vm.open(*file, {.name = path, .program = {}, .type = type});
    if (!object) return (exit = fail(object.error())), std::nullopt;
    const std::vector<Program> programs = object->programs();
    if (programs.empty()) {
      exit = fail({.code = ENOENT, .message = "the object has no programs", .object = path});
      return std::nullopt;
    }
    if (programs.size() > 1) return list_programs(path, programs), exit = kUsage, std::nullopt;
    chosen = programs.front().name();
  }
  auto object = vm.open(*file, {.name = path, .program = chosen, .type = type});
  if (!object) return (exit = fail(object.error())), std::nullopt;
  return std::move(*object);
}

}  // namespace skep::tools
