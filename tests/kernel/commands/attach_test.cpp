// SPDX-License-Identifier: Apache-2.0
// Commands that attach, with targets that no machine has: nothing gets attached.
#include <catch2/catch_test_macros.hpp>

#include "machines.hpp"

using namespace skep::test;
using skep::vm::Attr;
using skep::vm::Command;

namespace {

constexpr uint32_t kNoTarget = 0xffffffff;
constexpr uint32_t kAttachTypes = 60;

}  // namespace

TEST_CASE("LINK_CREATE without a target is refused as in the kernel") {
  Pair machines;
  if (!machines.works()) SKIP("the kernel does not let this process use bpf(2)");
  for (const Fd object : {Fd::program, Fd::array, Fd::closed})
    for (uint32_t attach = 0; attach < kAttachTypes; ++attach) {
      INFO("attach type " << attach);
      CHECK(machines.compare(Command::link_create, [&](const Machine& machine) {
        Attr attr{};
        attr.link_create.prog_fd = machine.fd(object);
        attr.link_create.target_fd = kNoTarget;
        attr.link_create.attach_type = attach;
        return attr;
      }) == "");
    }
}

TEST_CASE("PROG_ATTACH, PROG_DETACH and PROG_QUERY without a target are refused as in the kernel") {
  Pair machines;
  if (!machines.works()) SKIP("the kernel does not let this process use bpf(2)");
  for (uint32_t attach = 0; attach < kAttachTypes; ++attach) {
    INFO("attach type " << attach);
    for (const Fd object : {Fd::program, Fd::array, Fd::closed})
      CHECK(machines.compare(Command::prog_attach, [&](const Machine& machine) {
        Attr attr{};
        attr.prog_attach = {.target_fd = kNoTarget, .attach_bpf_fd = machine.fd(object), .attach_type = attach};
        return attr;
      }) == "");
    CHECK(machines.compare(Command::prog_query, [&](const Machine&) {
      Attr attr{};
      attr.query.target_fd = kNoTarget;
      attr.query.attach_type = attach;
      return attr;
    }) == "");
  }
}

TEST_CASE("RAW_TRACEPOINT_OPEN is refused as in the kernel") {
  Pair machines;
  if (!machines.works()) SKIP("the kernel does not let this process use bpf(2)");
  for (const Fd object : {Fd::program, Fd::array, Fd::closed})
    CHECK(machines.compare(Command::raw_tracepoint_open, [&](const Machine& machine) {
      Attr attr{};
      attr.raw_tracepoint = {.name = 1, .prog_fd = machine.fd(object)};
      return attr;
    }) == "");
}
