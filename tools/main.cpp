// SPDX-License-Identifier: Apache-2.0
// skep: run, list and verify BPF object files. Each command is a file beside this one.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>
#include <limits>
#include <type_traits>

#include "tools/options.hpp"
#include "tools/output.hpp"

namespace skep::tools {
namespace {

constexpr unsigned kMaxCpus = 1024;
constexpr uint64_t kMaxRepeat = 1'000'000'000;
constexpr uint64_t kMax64 = std::numeric_limits<uint64_t>::max();

const CLI::Validator kFileName(
    [](const std::string& name) { return name.empty() ? std::string("the file name is empty") : std::string(); }, "");

std::optional<uint64_t> unsigned_number(std::string_view text) {
  const int base = text.starts_with("0x") ? 16 : 10;
  if (base == 16) text.remove_prefix(2);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// An option that takes a number from `min` to `max`. CLI11's own conversion lets negative and too large numbers wrap.
template <uint64_t min, uint64_t max, class T>
CLI::Option* add_number(CLI::App& app, const char* name, T& target, const char* help) {
  const auto take = [&target, name](const std::string& text) {
    const auto number = unsigned_number(text);
    if (!number || *number < min || *number > max)
      throw CLI::ValidationError(
          name, "'" + text + "' is not a number from " + std::to_string(min) + " to " + std::to_string(max));
    target = static_cast<std::remove_cvref_t<decltype(*std::optional(target))>>(*number);
  };
  return app.add_option_function<std::string>(name, take, help)->type_name("N");
}

/// A return value: 32 bits, with or without a sign.
void add_expect(CLI::App& app, std::optional<uint32_t>& target) {
  const auto take = [&target](const std::string& text) {
    const bool is_negative = text.starts_with('-');
    const auto number = unsigned_number(std::string_view(text).substr(is_negative ? 1 : 0));
    if (!number || *number > (is_negative ? uint64_t{1} << 31 : std::numeric_limits<uint32_t>::max()))
      throw CLI::ValidationError("--expect", "'" + text + "' is not a number of 32 bits");
    target = static_cast<uint32_t>(is_negative ? 0 - *number : *number);
  };
  app.add_option_function<std::string>("--expect", take, "Fail (exit 1) unless the program returns this value")
      ->type_name("N");
}

constexpr const char* kTypeHelp = "Program type (as xdp, sched_cls), instead of the one that the section's name means";

void add_vm_options(CLI::App& app, VmChoice& vm) {
  app.add_option("--kconfig", vm.kconfig, "File with the kernel's configuration (CONFIG_X=y lines) that externs see")
      ->check(kFileName);
  app.add_option("--btf", vm.btf,
                 "File with the BTF of a kernel; 'none' for none (default: the running kernel's, where there is one)")
      ->check(kFileName);
  app.add_flag("-v,--verbose", vm.verbosity, "Show libbpf's messages: warnings; twice: information; thrice: all");
}

void add_run(CLI::App& app, RunOptions& run) {
  app.add_option("OBJECT", run.object, "BPF object file; '-' is standard input")->required()->check(kFileName);
  app.add_option("--program", run.program, "Entry program to run (default: the only one)");
  app.add_option("--type", run.type, kTypeHelp);
  app.add_option("--engine", run.engine, "interp, checked or jit")
      ->check(CLI::IsMember({"interp", "checked", "jit"}))
      ->capture_default_str();
  app.add_flag("--trust", run.trust, "Run unchecked although no verifier has passed the program (for benchmarks)");
  auto* data_in =
      app.add_option("--data-in", run.data_in, "Packet to run on (default: 64 zero bytes)")->check(kFileName);
  auto* pcap =
      app.add_option("--pcap", run.pcap, "Capture whose packets to run on, one after another")->check(kFileName);
  data_in->excludes(pcap);
  app.add_option("--data-out", run.data_out, "Write the packet as it is after the run")
      ->excludes(pcap)
      ->check(kFileName);
  app.add_option("--pcap-out", run.pcap_out, "Write the packets that were not dropped, as they are after their run")
      ->needs(pcap)
      ->check(kFileName);
  app.add_option("--ctx-in", run.ctx_in, "Context to run on, in the layout of Linux's user-space headers")
      ->check(kFileName);
  app.add_option("--ctx-out", run.ctx_out, "Write the context as it is after the run")
      ->excludes(pcap)
      ->check(kFileName);
  add_number<1, kMaxRepeat>(app, "--repeat", run.repeat, "Runs (changes of the packet carry over)")->default_str("1");
  app.add_flag("--maps", run.maps, "Print all maps after the run");
  app.add_option("--map", run.fill, "NAME=FILE: fill a map before the run, from JSON")->allow_extra_args(false);
  app.add_option("--set", run.set, "VAR=VALUE: set a global variable before loading")->allow_extra_args(false);
  add_number<1, kMax64>(app, "--fuel", run.fuel, "BPF instructions that one run may execute")
      ->default_str(std::to_string(run.fuel));
  add_number<0, kMax64>(app, "--clock", run.vm.clock_ns, "Let the clock stand at this many nanoseconds");
  add_number<0, kMax64>(app, "--seed", run.vm.seed, "Seed of random numbers");
  add_number<1, kMaxCpus>(app, "--cpus", run.vm.cpus, "Possible CPUs")->default_str(std::to_string(run.vm.cpus));
  add_expect(app, run.expect);
  app.add_flag("--json", run.json, "One JSON object a line on standard output, the result last");
  add_vm_options(app, run.vm);
}

void add_dump(CLI::App& app, DumpOptions& dump) {
  app.add_option("OBJECT", dump.object, "BPF object file; '-' is standard input")->required()->check(kFileName);
  app.add_option("--program", dump.program, "Entry program to list (default: all)");
  app.add_option("--type", dump.type, kTypeHelp);
  add_vm_options(app, dump.vm);
}

void add_info(CLI::App& app, InfoOptions& info) {
  app.add_option("OBJECT", info.object, "BPF object file; '-' is standard input")->required()->check(kFileName);
  app.add_flag("--json", info.json, "One JSON object on standard output");
}

void add_verify(CLI::App& app, VerifyCommandOptions& verify) {
  app.add_option("OBJECT", verify.objects, "BPF object files; '-' is standard input")->required()->check(kFileName);
  app.add_option("--program", verify.program, "Judge only this entry program");
  app.add_flag("--unprivileged", verify.vm.unprivileged, "Rules of Linux's unprivileged users");
  add_number<0, 7>(app, "--log-level", verify.log_level, "Verifier log: 0 none, 1, 2, 4 and sums of them");
  app.add_flag("--json", verify.json, "One JSON object a program on standard output");
  add_vm_options(app, verify.vm);
}

int main_checked(int argc, char** argv) {
  CLI::App app{"Runs, lists and verifies BPF object files without a kernel.", "skep"};
  app.set_version_flag("--version", "skep " + std::string(version()));
  app.require_subcommand(1);
  RunOptions run;
  DumpOptions dump;
  InfoOptions info;
  VerifyCommandOptions verify;
  auto* run_app = app.add_subcommand("run", "Run a program on a packet, a capture or a context");
  auto* dump_app = app.add_subcommand("dump", "Disassemble programs, with their source lines");
  auto* info_app = app.add_subcommand("info", "List programs, maps and global variables");
  auto* verify_app = app.add_subcommand("verify", "Judge each program alone, as Linux would when loading it");
  add_run(*run_app, run);
  add_dump(*dump_app, dump);
  add_info(*info_app, info);
  add_verify(*verify_app, verify);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // help or version
    std::string message = error.what();
    std::ranges::replace(message, '\n', ' ');
    return usage_error(message);
  }
  if (*run_app) return run_command(run);
  if (*dump_app) return dump_command(dump);
  if (*info_app) return info_command(info);
  return verify_command(verify);
}

}  // namespace
}  // namespace skep::tools

int main(int argc, char** argv) {
  try {
    skep::tools::keep_standard_streams();
    return skep::tools::finish_output(skep::tools::main_checked(argc, argv));
  } catch (const std::exception& error) {  // out of memory, mostly: nothing of ours throws
    std::fprintf(stderr, "skep: error: %s\n", error.what());
    return skep::tools::kFailed;
  }
}
