// SPDX-License-Identifier: Apache-2.0
// A host that calls libbpf's own API; the door brings it to a System.
#include <bpf/libbpf.h>

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/libbpf/fake_system.hpp"

namespace skep::vm::test {

TEST_CASE("a host opens and loads an object file with libbpf's public names") {
  FakeSystem system;
  system.host_files = true;
  system.files["/proc/config.gz"] = "CONFIG_HZ=250\n";
  const CurrentSystem current(system);

  bpf_object* object = bpf_object__open(COUNTER_BPF_OBJECT);
  REQUIRE(object != nullptr);
  CHECK(bpf_object__load(object) == 0);
  CHECK(system.count(BPF_PROG_LOAD) > 0);
  bpf_object__close(object);
}

TEST_CASE("a host without a System does not reach its kernel") {
  CHECK(bpf_object__open(COUNTER_BPF_OBJECT) == nullptr);
  CHECK(errno == ENOSYS);
}

}  // namespace skep::vm::test
