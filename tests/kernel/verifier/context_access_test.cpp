// SPDX-License-Identifier: Apache-2.0
// Which program may access its context where and how: the table against the running kernel.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "tests/kernel/verifier/program_kinds.hpp"
#include "verifier/context.hpp"

using namespace skep;
using namespace skep::test;
using verifier::ContextAccess;
using verifier::ProgramType;

namespace {

constexpr uint32_t kWidths[] = {1, 2, 4, 8};

/// A program that makes the access and then leaves with a result that its type may have.
isa::Code accessing(const ContextAccess& access) {
  using namespace isa::make;
  namespace make = isa::make;
  static constexpr uint8_t kSizeBits[] = {0, 0x10, 0x08, 0, 0x00, 0, 0, 0, 0x18};
  isa::Insn insn;
  insn.code = static_cast<uint8_t>(kSizeBits[access.size] | (access.write ? 0x63 : access.sign_extend ? 0x81 : 0x61));
  insn.dst = access.write ? 1 : 2;
  insn.src = access.write ? 0 : 1;
  insn.off = static_cast<int16_t>(access.offset);
  const std::optional<verifier::ReturnRange> range = verifier::return_range(access.type, access.attach);
  return mov64_imm(0, range ? range->min : 0) + isa::Code{insn} + mov64_imm(0, range ? range->min : 0) + make::exit();
}

/// Attach types that have the same context as an earlier one of their type need no second look.
bool is_distinct(const ProgramKind& kind) {
  if (kind.attach == verifier::AttachType{}) return true;
  return !verifier::check_attach_type(kind.type, verifier::AttachType::trace_fentry) ||
         kind.attach == verifier::AttachType::xdp_devmap;
}

/// The kernel guards the pointer to a writable tracepoint's buffer at its first byte only: its other bytes can be read as
/// numbers. Skep does not follow it there.
bool is_kernel_oversight(const ContextAccess& access) {
  return access.type == ProgramType::raw_tracepoint_writable && access.offset > 0 && access.offset < 8;
}

std::string disagreements(const ProgramKind& kind, bool write, bool sign_extend) {
  const verifier::Context& structure = verifier::context(verifier::program_type(kind.type)->context);
  const uint32_t end = std::min(structure.size + 16, 256u);
  std::string lines;
  for (uint32_t offset = 0; offset < end; ++offset)
    for (const uint32_t size : kWidths) {
      if (sign_extend && size == 8) continue;
      const ContextAccess access{kind.type, kind.attach, offset, size, write, sign_extend};
      if (is_kernel_oversight(access)) continue;
      const bool kernel = load_as(kind, accessing(access)).error == 0;
      if (kernel != verifier::find_field(access).ok())
        lines += fmt::format("{}: {} {} bytes at {}.{}: kernel {}\n", kind.text(), write ? "write" : "read", size,
                             structure.name, offset, kernel);
    }
  return lines;
}

}  // namespace

TEST_CASE("the kernel allows the reads of context that the table allows") {
  if (!kernel_bpf_works()) SKIP("this process may not load programs into the kernel");
  for (const ProgramKind& kind : known_kinds())
    if (is_distinct(kind)) CHECK(disagreements(kind, false, false) == "");
}

TEST_CASE("the kernel allows the writes of context that the table allows") {
  if (!kernel_bpf_works()) SKIP("this process may not load programs into the kernel");
  for (const ProgramKind& kind : known_kinds())
    if (is_distinct(kind)) CHECK(disagreements(kind, true, false) == "");
}

TEST_CASE("the kernel allows the sign-extending reads of context that the table allows") {
  if (!kernel_bpf_works()) SKIP("this process may not load programs into the kernel");
  for (const ProgramKind& kind : known_kinds())
    if (is_distinct(kind)) CHECK(disagreements(kind, false, true) == "");
}
