// SPDX-License-Identifier: Apache-2.0
// BPF_OBJ_GET_INFO_BY_FD with each word of its arguments and of the caller's struct changed.
#include <catch2/catch_test_macros.hpp>

#include "machines.hpp"

using namespace skep::test;
using skep::vm::Attr;
using skep::vm::Command;

namespace {

Pair::Make info_of(Fd object, uint32_t size) {
  return [object, size](const Machine& machine) {
    Attr attr{};
    attr.info = {.bpf_fd = machine.fd(object), .info_len = size, .info = Arena::kInfo};
    return attr;
  };
}

}  // namespace

TEST_CASE("OBJ_GET_INFO_BY_FD takes and refuses what the kernel does") {
  Pair machines;
  if (!machines.works()) SKIP("the kernel does not let this process use bpf(2)");
  for (const Fd object : {Fd::array, Fd::program, Fd::btf, Fd::file}) {
    const std::string differences =
        joined(machines.sweep(Command::obj_get_info_by_fd, info_of(object, 64), {.descriptors = {0}}));
    CHECK(differences == "");
  }
}

TEST_CASE("What a caller asks for in an info is taken and refused as in the kernel") {
  Pair machines;
  if (!machines.works()) SKIP("the kernel does not let this process use bpf(2)");
  const auto check = [&](Fd object, uint32_t size, const std::vector<size_t>& skipped) {
    const std::string differences =
        joined(machines.sweep_memory(Command::obj_get_info_by_fd, info_of(object, size), Arena::kInfo, size, skipped));
    CHECK(differences == "");
  };
  check(Fd::array, 88, {});
  check(Fd::btf, 32, {});
  // Lengths of machine code, which a VM does not have.
  check(Fd::program, 228, {4, 26, 27, 40});
}
