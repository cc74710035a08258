// SPDX-License-Identifier: Apache-2.0
// skep: run, list and verify BPF object files. Each command is a file beside this one.
#include <CLI/CLI.hpp>
#include <exception>

#include "tools/options.hpp"
#include "tools/output.hpp"

namespace skep::tools {
namespace {

constexpr unsigned kMaxCpus = 1024;

void add_vm_options(CLI::App& app, VmChoice& vm) {
  app.add_option("--kconfig", vm.kconfig, "File with the kernel's configuration (CONFIG_X=y lines) that externs see");
  app.add_option("--btf", vm.btf,
                 "File with the BTF of a kernel; 'none' for none (default: the running kernel's, where there is one)");
  app.add_flag("-v,--verbose", vm.verbosity, "Show libbpf's messages: warnings; twice: information; thrice: all");
}

void add_run(CLI::App& app, RunOptions& run) {
  app.add_option("OBJECT", run.object, "BPF object file")->required();
  app.add_option("--program", run.program, "Entry program to run (default: the only one)");
  app.add_option("--type", run.type, "Program type, for section names that libbpf does not know");
  app.add_option("--engine", run.engine, "interp, checked or jit")
      ->check(CLI::IsMember({"interp", "checked", "jit"}))
      ->capture_default_str();
  app.add_flag("--trust", run.trust, "Run unchecked although no verifier has passed the program (for benchmarks)");
  auto* data_in = app.add_option("--data-in", run.data_in, "Packet to run on (default: 64 zero bytes)");
  auto* pcap = app.add_option("--pcap", run.pcap, "Capture whose packets to run on, one after another");
  data_in->excludes(pcap);
  app.add_option("--data-out", run.data_out, "Write the packet as it is after the run")->excludes(pcap);
  app.add_option("--pcap-out", run.pcap_out, "Write the packets that were not dropped, as they are after their run")
      ->needs(pcap);
  app.add_option("--ctx-in", run.ctx_in, "Context to run on, in the layout of Linux's user-space headers");
  app.add_option("--ctx-out", run.ctx_out, "Write the context as it is after the run")->excludes(pcap);
  app.add_option("--repeat", run.repeat, "Runs (changes of the packet carry over)")
      ->check(CLI::Range(1U, 1'000'000'000U))
      ->capture_default_str();
  app.add_flag("--maps", run.maps, "Print all maps after the run");
  app.add_option("--map", run.fill, "NAME=FILE: fill a map before the run, from JSON")->allow_extra_args(false);
  app.add_option("--set", run.set, "VAR=VALUE: set a global variable before loading")->allow_extra_args(false);
  app.add_option("--fuel", run.fuel, "BPF instructions that one run may execute")->capture_default_str();
  app.add_option("--clock", run.vm.clock_ns, "Let the clock stand at this many nanoseconds");
  app.add_option("--seed", run.vm.seed, "Seed of random numbers");
  app.add_option("--cpus", run.vm.cpus, "Possible CPUs")->check(CLI::Range(1U, kMaxCpus))->capture_default_str();
  app.add_option("--expect", run.expect, "Fail (exit 1) unless the program returns this value");
  app.add_flag("--json", run.json, "One JSON object a line on standard output, the result last");
  add_vm_options(app, run.vm);
}

void add_dump(CLI::App& app, DumpOptions& dump) {
  app.add_option("OBJECT", dump.object, "BPF object file")->required();
  app.add_option("--program", dump.program, "Entry program to list (default: all)");
  app.add_option("--type", dump.type, "Program type, for section names that libbpf does not know");
  add_vm_options(app, dump.vm);
}

void add_info(CLI::App& app, InfoOptions& info) {
  app.add_option("OBJECT", info.object, "BPF object file")->required();
  app.add_flag("--json", info.json, "One JSON object on standard output");
}

void add_verify(CLI::App& app, VerifyCommandOptions& verify) {
  app.add_option("OBJECT", verify.objects, "BPF object files")->required();
  app.add_option("--program", verify.program, "Judge only this entry program");
  app.add_flag("--unprivileged", verify.vm.unprivileged, "Rules of Linux's unprivileged users");
  app.add_option("--log-level", verify.log_level, "Verifier log: 0 none, 1, 2, 4 and sums of them")
      ->check(CLI::Range(0, 7));
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
    return app.exit(error) == 0 ? kDone : kUsage;
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
    return skep::tools::main_checked(argc, argv);
  } catch (const std::exception& error) {  // out of memory, mostly: nothing of ours throws
    std::fprintf(stderr, "skep: error: %s\n", error.what());
    return skep::tools::kFailed;
  }
}
