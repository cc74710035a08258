// SPDX-License-Identifier: Apache-2.0
// Which values a program may return, and which attach types it may be loaded for: the tables against the kernel.
#include <fmt/format.h>

#include <catch2/catch_test_macros.hpp>

#include "tests/kernel/verifier/program_kinds.hpp"

using namespace skep;
using namespace skep::test;

TEST_CASE("the kernel accepts the return values that the table accepts") {
  if (!kernel_bpf_works()) SKIP("this process may not load programs into the kernel");
  for (const ProgramKind& kind : known_kinds())
    for (const int32_t value : {-1, 0, 1, 2, 3, 4}) {
      const auto range = verifier::return_range(kind.type, kind.attach);
      const bool table = !range || (value >= range->min && value <= range->max);
      CAPTURE(kind.text(), value);
      CHECK((load_as(kind, isa::make::mov64_imm(0, value) + isa::make::exit()).error == 0) == table);
    }
}

TEST_CASE("the kernel refuses the attach types that the table refuses") {
  if (!kernel_bpf_works()) SKIP("this process may not load programs into the kernel");
  for (uint32_t type = 1; type < verifier::kProgramTypeCount; ++type)
    for (uint32_t attach = 0; attach < verifier::kAttachTypeCount; ++attach) {
      const ProgramKind kind{verifier::ProgramType(type), verifier::AttachType(attach)};
      if (!is_loadable_by_itself(kind.type) || verifier::check_attach_type(kind.type, kind.attach)) continue;
      CAPTURE(kind.text());
      CHECK(load_as(kind, isa::make::mov64_imm(0, 1) + isa::make::exit()).error == EINVAL);
    }
}
