// SPDX-License-Identifier: Apache-2.0
// Each command with each word of its arguments changed: the same errno on the kernel and on a VM.
#include <catch2/catch_test_macros.hpp>

#include "machines.hpp"

using namespace skep::test;
using skep::vm::Attr;
using skep::vm::Command;

namespace {

void check_sweep(Command command, const Pair::Make& make, const Words& words = {}) {
  Pair machines;
  if (!machines.works()) SKIP("the kernel does not let this process use bpf(2)");
  const std::string differences = joined(machines.sweep(command, make, words));
  CHECK(differences == "");
}

Attr element(const Machine& machine, Fd map, uint64_t flags = 0) {
  Attr attr{};
  attr.elem = {.map_fd = machine.fd(map), .key = Arena::kKey, .value = Arena::kValue, .flags = flags};
  return attr;
}

Attr batch(const Machine& machine, Fd map) {
  Attr attr{};
  attr.batch = {
      .out_batch = Arena::kOther, .keys = Arena::kKey, .values = Arena::kValue, .count = 2, .map_fd = machine.fd(map)};
  return attr;
}

// Devices are the kernel's own, and signatures are not built.
const Words kLoadWords{.descriptors = {18, 28, 36}, .skipped = {16, 38, 39, 40}};

}  // namespace

TEST_CASE("MAP_CREATE takes and refuses what the kernel does") {
  for (const uint32_t type : {1u, 2u, 5u, 6u})
    check_sweep(
        Command::map_create,
        [type](const Machine&) {
          Attr attr{};
          attr.map_create = {.map_type = type, .key_size = 4, .value_size = 8, .max_entries = 4};
          return attr;
        },
        // Sizes are for the tests of maps: large ones would take the kernel's memory. Devices are the kernel's own.
        {.descriptors = {5, 12, 18, 19}, .skipped = {0, 1, 2, 3, 11}});
}

TEST_CASE("Element commands take and refuse what the kernel does") {
  for (const Fd map : {Fd::array, Fd::hash}) {
    const auto make = [map](const Machine& machine) { return element(machine, map); };
    check_sweep(Command::map_update_elem, make, {.descriptors = {0}});
    check_sweep(Command::map_lookup_elem, make, {.descriptors = {0}});
    check_sweep(Command::map_lookup_and_delete_elem, make, {.descriptors = {0}});
    const auto key_only = [map](const Machine& machine) {
      Attr attr = element(machine, map);
      attr.elem.value = 0;
      return attr;
    };
    check_sweep(Command::map_delete_elem, key_only, {.descriptors = {0}});
    check_sweep(Command::map_get_next_key, make, {.descriptors = {0}});
  }
}

TEST_CASE("Batches take and refuse what the kernel does") {
  for (const Fd map : {Fd::array, Fd::hash}) {
    const auto make = [map](const Machine& machine) { return batch(machine, map); };
    check_sweep(Command::map_update_batch, make, {.descriptors = {9}});
    check_sweep(Command::map_lookup_batch, make, {.descriptors = {9}});
    check_sweep(Command::map_lookup_and_delete_batch, make, {.descriptors = {9}});
    check_sweep(Command::map_delete_batch, make, {.descriptors = {9}});
  }
}

TEST_CASE("MAP_FREEZE refuses what the kernel does") {
  // The descriptor of a map would freeze it for the commands that follow.
  check_sweep(Command::map_freeze,
              [](const Machine& machine) {
                Attr attr{};
                attr.elem.map_fd = machine.fd(Fd::program);
                return attr;
              },
              {.skipped = {0}});
}

TEST_CASE("PROG_LOAD takes and refuses what the kernel does") {
  check_sweep(
      Command::prog_load,
      [](const Machine&) {
        Attr attr{};
        attr.prog_load = {.prog_type = 1, .insn_cnt = 2, .insns = Arena::kInsns, .license = Arena::kText};
        return attr;
      },
      kLoadWords);
}

TEST_CASE("PROG_LOAD with a log takes and refuses what the kernel does") {
  check_sweep(
      Command::prog_load,
      [](const Machine&) {
        Attr attr{};
        attr.prog_load = {.prog_type = 6,
                          .insn_cnt = 1,  // no exit
                          .insns = Arena::kInsns,
                          .license = Arena::kText,
                          .log_level = 1,
                          .log_size = 0x1000,
                          .log_buf = Arena::kValue};
        return attr;
      },
      kLoadWords);
}

TEST_CASE("BTF_LOAD takes and refuses what the kernel does") {
  check_sweep(Command::btf_load,
              [](const Machine&) {
                Attr attr{};
                attr.btf_load = {.btf = Arena::kBlob, .btf_size = 45};
                return attr;
              },
              {.descriptors = {9}});
}

TEST_CASE("PROG_BIND_MAP takes and refuses what the kernel does") {
  check_sweep(Command::prog_bind_map,
              [](const Machine& machine) {
                Attr attr{};
                attr.prog_bind_map = {.prog_fd = machine.fd(Fd::program), .map_fd = machine.fd(Fd::array)};
                return attr;
              },
              {.descriptors = {0, 1}});
}

TEST_CASE("Pins refuse what the kernel does") {
  // Nothing is pinned in the kernel: the path is not there.
  const auto make = [](const Machine& machine) {
    Attr attr{};
    attr.obj = {.pathname = 1, .bpf_fd = machine.fd(Fd::array)};
    return attr;
  };
  check_sweep(Command::obj_pin, make, {.descriptors = {2, 4}, .skipped = {0, 1}});
  check_sweep(Command::obj_get,
              [](const Machine&) {
                Attr attr{};
                attr.obj = {.pathname = 1};
                return attr;
              },
              {.descriptors = {2, 4}, .skipped = {0, 1}});
}

TEST_CASE("Commands on links refuse what the kernel does when there are no links") {
  const auto make = [](const Machine&) { return Attr{}; };
  for (const Command command : {Command::link_update, Command::link_detach, Command::iter_create, Command::token_create,
                                Command::enable_stats, Command::prog_stream_read_by_fd})
    check_sweep(command, make, {.descriptors = {0, 1, 3}});
}

TEST_CASE("Descriptors by id are refused as in the kernel") {
  const auto make = [](const Machine&) {
    Attr attr{};
    attr.get_id.id = 0x7ffffff0;
    return attr;
  };
  for (const Command command :
       {Command::prog_get_fd_by_id, Command::map_get_fd_by_id, Command::btf_get_fd_by_id, Command::link_get_fd_by_id})
    check_sweep(command, make, {.descriptors = {3}, .skipped = {0}});
}

TEST_CASE("Arguments of every size are taken as in the kernel") {
  Pair machines;
  if (!machines.works()) SKIP("the kernel does not let this process use bpf(2)");
  const auto make = [](const Machine& machine) { return element(machine, Fd::array); };
  for (unsigned size = 0; size <= sizeof(Attr); ++size)
    CHECK(machines.compare(Command::map_lookup_elem, make, size) == "");
}

TEST_CASE("Unknown commands are refused as in the kernel") {
  Pair machines;
  if (!machines.works()) SKIP("the kernel does not let this process use bpf(2)");
  for (const int command : {-1, 40, 1000, 0x7fffffff})
    CHECK(machines.compare(static_cast<Command>(command), [](const Machine&) { return Attr{}; }) == "");
}
