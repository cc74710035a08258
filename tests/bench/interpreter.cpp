// SPDX-License-Identifier: Apache-2.0
// Native code, the kernel's JIT and the interpreters on the same programs, in one run.
//
//   skep_bench_interpreter [--samples N] [--checked] [FOLDER]...
//
// A FOLDER has programs/*.c and inputs/*.bin; see compiled.hpp. Prints nanoseconds a run, for Skep also a BPF instruction,
// and compares the results. Exit code 1 if they differ. The kernel takes part where bpf(2) is allowed: its column is what
// PROG_TEST_RUN tells.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "compiled.hpp"
#include "sampling.hpp"
#include "tests/kernel/kernel_bpf.hpp"
#include "vm/context.hpp"
#include "vm/interpreter/interpreter.hpp"
#include "vm/program.hpp"
#include "vm/run.hpp"
#include "vm/vm.hpp"

namespace skep::bench {
namespace {

constexpr size_t kHeadroom = 256;   // bytes, as in the kernel
constexpr size_t kResultBytes = 8;  // programs leave their result at the start of the packet
constexpr double kSampleNs = 3'000'000;

struct Options {
  size_t samples = 9;
  bool checked = false;
  std::vector<std::string> folders;
};

/// What one execution left behind.
struct Result64 {
  uint32_t retval = 0;
  uint64_t in_packet = 0;
  bool operator==(const Result64&) const = default;
};

/// A program with its packet and context in memory, ready to run natively and on the interpreters.
class Bench {
 public:
  Bench(vm::Vm& vm, const Compiled& compiled) : vm_(vm), compiled_(compiled) {
    program_ = *vm::Program::create(
        {.type = verifier::ProgramType::xdp, .name = compiled.name, .license = "GPL", .insns = compiled.insns});
    code_ = *program_->checked_code();
    packet_.kind = vm::PacketKind::xdp;
    reset();
  }

  void reset() {
    if (!packet_.assign(compiled_.packet, kHeadroom)) std::abort();
    vm::publish_packet(context_, packet_);
  }

  [[nodiscard]] Result64 result(uint32_t retval) const {
    Result64 result{.retval = retval};
    std::memcpy(&result.in_packet, packet_.data, kResultBytes);
    return result;
  }

  uint32_t run_native() { return static_cast<uint32_t>(compiled_.native(context_.bytes())); }

  template <bool (*interpret)(const vm::interpreter::Code&, vm::Run&, uint64_t, uint64_t, uint64_t&)>
  uint32_t interpret_once() {
    vm::Run run(vm_, *program_, 0);
    run.context = &context_;
    run.packet = &packet_;
    run.fuel = kFuel;
    uint64_t r0 = 0;
    if (!interpret(*code_, run, context_.address(), 0, r0)) {
      std::fprintf(stderr, "%s: %s\n", compiled_.name.c_str(), run.fault->text().c_str());
      std::exit(1);
    }
    executed_ = kFuel - run.fuel;
    return static_cast<uint32_t>(r0);
  }

  /// BPF instructions of the last run.
  [[nodiscard]] int64_t executed() const { return executed_; }

 private:
  static constexpr int64_t kFuel = 1'000'000'000;
  vm::Vm& vm_;
  const Compiled& compiled_;
  std::shared_ptr<vm::Program> program_;
  const vm::interpreter::Code* code_ = nullptr;
  vm::Packet packet_ = *vm::Packet::create(1 << 16);
  vm::Context context_{24};
  int64_t executed_ = 0;
};

/// A program in the running kernel.
class KernelBench {
 public:
  explicit KernelBench(const Compiled& compiled)
      : verdict_(test::kernel_load({.type = BPF_PROG_TYPE_XDP, .insns = compiled.insns})), packet_(compiled.packet) {}
  [[nodiscard]] bool works() const { return verdict_.error == 0; }

  double run(uint64_t count, Result64& result) {
    std::vector<std::byte> out(packet_.size());
    bpf_attr attr{};
    attr.test.prog_fd = static_cast<uint32_t>(verdict_.program.get());
    attr.test.repeat = static_cast<uint32_t>(count);
    attr.test.data_in = reinterpret_cast<uint64_t>(packet_.data());
    attr.test.data_size_in = static_cast<uint32_t>(packet_.size());
    attr.test.data_out = reinterpret_cast<uint64_t>(out.data());
    attr.test.data_size_out = static_cast<uint32_t>(out.size());
    if (test::kernel_bpf(BPF_PROG_TEST_RUN, attr) < 0) return 0;
    result.retval = attr.test.retval;
    std::memcpy(&result.in_packet, out.data(), kResultBytes);
    return attr.test.duration;
  }

 private:
  test::KernelVerdict verdict_;
  const std::vector<std::byte>& packet_;
};

template <class Once>
Subject timed(std::string name, Once once) {
  return {std::move(name), [once](uint64_t count) {
            const Clock::time_point start = Clock::now();
            for (uint64_t i = 0; i < count; ++i) once();
            return nanoseconds_since(start) / static_cast<double>(count);
          }};
}

/// Logarithms of a column, for its geometric mean.
struct Mean {
  double logarithms = 0;
  int count = 0;
  void add(double value) { logarithms += std::log(value), ++count; }
  [[nodiscard]] double value() const { return count == 0 ? 0 : std::exp(logarithms / count); }
};

struct Totals {
  double per_insn = 0;
  int programs = 0;
  Mean interpreter_to_native, kernel_to_native;
  bool all_equal = true;
};

void bench_program(vm::Vm& vm, const Compiled& compiled, const Options& options, Totals& totals) {
  Bench bench(vm, compiled);
  const Result64 native = bench.result(bench.run_native());
  bench.reset();
  const Result64 plain = bench.result(bench.interpret_once<vm::interpreter::run_plain>());
  const int64_t insns = bench.executed();
  bench.reset();
  bool is_equal = native == plain && plain == bench.result(bench.interpret_once<vm::interpreter::run_checked>());

  std::vector<Subject> subjects{timed("native", [&] { bench.run_native(); }),
                                timed("plain", [&] { bench.interpret_once<vm::interpreter::run_plain>(); })};
  KernelBench kernel(compiled);
  Result64 in_kernel;
  if (kernel.works()) {
    kernel.run(1, in_kernel);
    is_equal = is_equal && in_kernel == plain;
    subjects.push_back({"kernel", [&](uint64_t count) { return kernel.run(count, in_kernel); }});
  }
  if (options.checked)
    subjects.push_back(timed("checked", [&] { bench.interpret_once<vm::interpreter::run_checked>(); }));

  const std::vector<Measured> measured = measure(subjects, options.samples, kSampleNs);
  const double native_ns = measured[0].median_ns;
  const double plain_ns = measured[1].median_ns;
  std::printf("%-16s %9ld %10.0f %10.0f %9.3f %9.1f", compiled.name.c_str(), static_cast<long>(insns), native_ns,
              plain_ns, plain_ns / static_cast<double>(insns), plain_ns / native_ns);
  for (size_t i = 2; i < measured.size(); ++i)
    std::printf(" %10.0f (%s)", measured[i].median_ns, subjects[i].name.c_str());
  std::printf("  %s\n", is_equal ? "equal" : "DIFFERENT");
  std::fflush(stdout);

  totals.per_insn += plain_ns / static_cast<double>(insns);
  ++totals.programs;
  totals.interpreter_to_native.add(plain_ns / native_ns);
  if (kernel.works()) totals.kernel_to_native.add(std::max(measured[2].median_ns, 1.0) / native_ns);
  totals.all_equal = totals.all_equal && is_equal;
}

int bench_all(const Options& options) {
  const Result<std::shared_ptr<vm::Vm>> vm = vm::Vm::create({.cpus = 1});
  if (!vm) return (std::fprintf(stderr, "%s\n", vm.error().text().c_str()), 1);
  pin_to_one_cpu();
  const maps::Cpus::Stay stay = (*vm)->cpus().enter();
  std::printf("%-16s %9s %10s %10s %9s %9s\n", "program", "BPF insns", "native ns", "interp ns", "ns/insn",
              "to native");
  Totals totals;
  for (const std::string& folder : options.folders) {
    const Result<std::vector<Compiled>> programs = compile_folder(folder);
    if (!programs) return (std::fprintf(stderr, "%s\n", programs.error().text().c_str()), 1);
    for (const Compiled& compiled : *programs) bench_program(**vm, compiled, options, totals);
  }
  std::printf("interpreter: %.3f ns an instruction (mean), %.1f times native (geometric mean)",
              totals.per_insn / totals.programs, totals.interpreter_to_native.value());
  if (totals.kernel_to_native.count > 0)
    std::printf("; the kernel's JIT: %.2f times native", totals.kernel_to_native.value());
  std::printf("\n");
  return totals.all_equal ? 0 : 1;
}

Options parse(std::span<char*> arguments) {
  Options options;
  for (size_t i = 1; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--samples" && i + 1 < arguments.size())
      options.samples = std::max(1UL, std::strtoul(arguments[++i], nullptr, 10));
    else if (argument == "--checked")
      options.checked = true;
    else
      options.folders.emplace_back(argument);
  }
  if (options.folders.empty()) options.folders.emplace_back(SKEP_BENCH_FOLDER);
  return options;
}

}  // namespace
}  // namespace skep::bench

int main(int argc, char** argv) {
  return skep::bench::bench_all(skep::bench::parse({argv, static_cast<size_t>(argc)}));
}
