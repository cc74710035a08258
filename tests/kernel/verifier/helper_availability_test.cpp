// SPDX-License-Identifier: Apache-2.0
// Which program may call which helper: the table against the running kernel.
#include <fmt/format.h>

#include <catch2/catch_test_macros.hpp>

#include "tests/kernel/verifier/program_kinds.hpp"
#include "verifier/helpers.hpp"

using namespace skep;
using namespace skep::test;
using verifier::AttachType;
using verifier::ProgramType;

namespace {

/// A call as the first instruction; the kernel looks the helper up before anything else can be wrong.
isa::Code calling(uint32_t helper) {
  using namespace isa::make;
  namespace make = isa::make;
  return call_helper(helper) + mov64_imm(0, 0) + make::exit();
}

bool kernel_offers(const ProgramKind& kind, uint32_t helper) {
  const KernelVerdict verdict = load_as(kind, calling(helper));
  return !verdict.says("program of this type cannot use helper");
}

/// The kernel may have been built or locked down without these, or refuse them to this process.
bool depends_on_configuration(std::string_view name) {
  return name == "bpf_probe_write_user" || name == "bpf_override_return";
}

/// Lines "xdp for xdp: bpf_foo#7: kernel yes, table no" of all disagreements.
std::string disagreements(const ProgramKind& kind) {
  std::string lines;
  for (const verifier::HelperProto& helper : verifier::helpers()) {
    if (depends_on_configuration(helper.name)) continue;
    const auto id = static_cast<uint32_t>(helper.id);
    const bool kernel = kernel_offers(kind, id);
    if (kernel != verifier::allowed(kind.type, id, kind.attach))
      lines += fmt::format("{}: {}#{}: kernel {}, table {}\n", kind.text(), helper.name, id, kernel, !kernel);
  }
  return lines;
}

/// Attach types beside the first of a type matter only where a rule names them; all pairs would take minutes.
std::vector<ProgramKind> kinds_that_differ() {
  std::vector<ProgramKind> kinds;
  for (const ProgramKind& kind : known_kinds()) {
    const bool checked_by_load = !verifier::check_attach_type(kind.type, AttachType::trace_fentry);
    const bool first = kinds.empty() || kinds.back().type != kind.type;
    const bool has_cgroup_result =
        kind.attach == AttachType::cgroup_sock_ops || kind.attach == AttachType::cgroup_device;
    if (first || checked_by_load || has_cgroup_result) kinds.push_back(kind);
  }
  return kinds;
}

}  // namespace

TEST_CASE("the kernel offers the helpers of the table to each program type") {
  if (!kernel_bpf_works()) SKIP("this process may not load programs into the kernel");
  for (const ProgramKind& kind : kinds_that_differ()) CHECK(disagreements(kind) == "");
}

TEST_CASE("the kernel refuses GPL helpers of the table to other programs") {
  if (!kernel_bpf_works()) SKIP("this process may not load programs into the kernel");
  for (const ProgramKind& kind : kinds_that_differ()) {
    const verifier::HelperCaller caller{.type = kind.type,
                                        .attach = kind.attach,
                                        .sleepable = kind.type == ProgramType::syscall,
                                        .gpl_compatible = false};
    for (const verifier::HelperProto& helper : verifier::helpers()) {
      const auto id = static_cast<uint32_t>(helper.id);
      const verifier::HelperProto* proto = verifier::helper_for(caller, id);
      if (proto == nullptr || depends_on_configuration(helper.name)) continue;
      const KernelVerdict verdict = load_as(kind, calling(id), "Proprietary");
      CAPTURE(kind.text(), helper.name);
      CHECK(verdict.says("GPL-restricted") == proto->has(verifier::kGpl));
    }
  }
}

TEST_CASE("the kernel keeps helpers that might sleep from programs that may not") {
  if (!kernel_bpf_works()) SKIP("this process may not load programs into the kernel");
  for (const verifier::HelperProto& helper : verifier::helpers()) {
    const auto id = static_cast<uint32_t>(helper.id);
    const verifier::HelperProto* proto = verifier::helper_for({.type = ProgramType::tracepoint}, id);
    if (proto == nullptr || depends_on_configuration(helper.name)) continue;
    const KernelVerdict verdict = load_as({ProgramType::tracepoint, AttachType{}}, calling(id));
    CAPTURE(helper.name);
    CHECK(verdict.says("might sleep") == proto->has(verifier::kMightSleep));
  }
}
