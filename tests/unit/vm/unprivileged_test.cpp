// SPDX-License-Identifier: Apache-2.0
// A VM whose users have no capabilities.
#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

using namespace skep;
using namespace skep::vm;
using verifier::ProgramType;

TEST_CASE("Without capabilities there are socket filters and cgroup_skb programs") {
  const auto vm = make_vm({.unprivileged = true});
  CHECK(load(*vm, trivial_code(), ProgramType::socket_filter) >= 0);
  CHECK(load(*vm, trivial_code(), ProgramType::cgroup_skb) >= 0);
  for (const ProgramType type : {ProgramType::xdp, ProgramType::kprobe, ProgramType::sched_cls, ProgramType::syscall})
    CHECK(load(*vm, trivial_code(), type) == -EPERM);
}

TEST_CASE("Programs without capabilities have at most 4096 instructions") {
  const auto vm = make_vm({.unprivileged = true});
  isa::Code code(4094, isa::make::mov64_imm(0, 0)[0]);
  code = code + trivial_code();
  CHECK(load(*vm, code) >= 0);
  code.insert(code.begin(), code[0]);
  CHECK(load(*vm, code) == -E2BIG);
}

TEST_CASE("Without capabilities there are plain maps only") {
  const auto vm = make_vm({.unprivileged = true});
  CHECK(create_array(*vm) >= 0);
  CHECK(create_map(*vm, hash_attr()) >= 0);
  Attr lru = hash_attr();
  lru.map_create.map_type = static_cast<uint32_t>(maps::MapType::lru_hash);
  CHECK(create_map(*vm, lru) == -EPERM);
}

TEST_CASE("Without capabilities ids, BTF, statistics and queries are refused") {
  const auto vm = make_vm({.unprivileged = true});
  uint32_t id = 0;
  CHECK(next_id(*vm, Command::map_get_next_id, 0, id) == -EPERM);
  CHECK(fd_by_id(*vm, Command::prog_get_fd_by_id, 1) == -EPERM);
  CHECK(fd_by_id(*vm, Command::map_get_fd_by_id, 1) == -EPERM);
  CHECK(load_btf(*vm, int_btf()) == -EPERM);
  Attr attr{};
  CHECK(bpf(*vm, Command::enable_stats, attr) == -EPERM);
  CHECK(bpf(*vm, Command::prog_query, attr) == -EPERM);
  CHECK(bpf(*vm, Command::task_fd_query, attr) == -EPERM);
}

TEST_CASE("Without capabilities a program's instructions stay hidden") {
  const auto vm = make_vm({.unprivileged = true});
  isa::Insn insns[2] = {};
  ProgInfo info{.xlated_prog_len = sizeof insns, .xlated_prog_insns = address_of(insns)};
  CHECK(get_info(*vm, load(*vm, trivial_code()), info) == 0);
  CHECK(info.xlated_prog_len == 0);
  CHECK(insns[1].code == 0);
}
