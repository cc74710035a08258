// SPDX-License-Identifier: Apache-2.0
// A host that links Skep and the system's libbpf.so and uses both, under a filter that counts real calls of bpf(2) and
// its like. Built twice, with the libraries in both orders. Exit 0: all as it must be; 77: no seccomp here.
//   host_beside_libbpf OBJECT...
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <vector>

#include "skep/skep.hpp"
#include "tests/isolation/system_call_filter.hpp"

namespace {

using skep::tests::forbidden_calls;

int failed(const std::string& what) {
  std::fprintf(stderr, "%s (%u forbidden calls)\n", what.c_str(), forbidden_calls());
  return 1;
}

/// Whether each forbidden call is seen and refused, and asking for a limit is neither.
bool filter_works() {
  rlimit limit{};
  const unsigned before = forbidden_calls();
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || forbidden_calls() != before) return false;
  const bool refused = syscall(SYS_bpf, 0, nullptr, 0) == -1 && errno == EPERM &&
                       syscall(SYS_perf_event_open, nullptr, 0, 0, 0, 0) == -1 && errno == EPERM &&
                       setrlimit(RLIMIT_NOFILE, &limit) == -1 && errno == EPERM;
  return refused && forbidden_calls() == before + 3;
}

/// Loads the object in a VM, runs its first program, reads its maps.
skep::Status run_in_skep(skep::Vm& vm, const char* path) {
  auto object = vm.open(path);
  if (!object) return std::move(object).error();
  if (auto loaded = object->load(); !loaded) return loaded;
  const std::vector<std::byte> packet(64);
  auto result = object->programs().front().run({.data = packet});
  if (!result) return std::move(result).error();
  for (const skep::Map& map : object->maps())
    if (auto dump = map.dump_json(); !dump) return std::move(dump).error();
  return {};
}

/// Number of the programs that the system's libbpf finds in the object; -1: it does not open.
int programs_in_libbpf(const char* path) {
  bpf_object* object = bpf_object__open(path);
  if (object == nullptr) return -1;
  int count = 0;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object)++ count;
  bpf_object__close(object);
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  if (!skep::tests::forbid_kernel_bpf(skep::tests::OnForbidden::count)) return (std::perror("seccomp"), 77);
  if (!filter_works()) return failed("the filter does not see or refuse a forbidden call");
  const unsigned before = forbidden_calls();
  auto vm = skep::Vm::create();
  if (!vm) return failed(vm.error().text());
  for (int i = 1; i < argc; ++i) {
    if (auto status = run_in_skep(*vm, argv[i]); !status) return failed(status.error().text());
    if (programs_in_libbpf(argv[i]) < 1) return failed("the system's libbpf does not open the object");
  }
  if (forbidden_calls() != before) return failed("Skep made a real call");
  // The host's own calls of libbpf are real ones, which the filter refuses: they did not bind to Skep's copy.
  if (bpf_map_create(BPF_MAP_TYPE_ARRAY, nullptr, 4, 4, 1, nullptr) >= 0) return failed("the host reached Skep's copy");
  if (forbidden_calls() == before) return failed("the host's libbpf is not the system's");
  return 0;
}
