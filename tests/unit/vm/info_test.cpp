// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "maps/flags.hpp"
#include "support.hpp"

using namespace skep;
using namespace skep::vm;
namespace make = isa::make;

TEST_CASE("What a map is") {
  const auto vm = make_vm();
  const int map = create_map(*vm, array_attr(24, 7, maps::kFlagRdonlyProg));
  MapInfo info{};
  CHECK(get_info(*vm, map, info) == 0);
  CHECK(info.type == static_cast<uint32_t>(maps::MapType::array));
  CHECK(info.id == 1);
  CHECK(info.key_size == 4);
  CHECK(info.value_size == 24);
  CHECK(info.max_entries == 7);
  CHECK(info.map_flags == maps::kFlagRdonlyProg);
  CHECK(std::string(info.name.data()) == "an_array");
}

TEST_CASE("A map tells the id of its types") {
  const auto vm = make_vm();
  load_btf(*vm, int_btf());
  const int btf = load_btf(*vm, int_btf());
  Attr attr = array_attr(4, 1);
  attr.map_create.btf_fd = static_cast<uint32_t>(btf);
  attr.map_create.btf_key_type_id = 1;
  attr.map_create.btf_value_type_id = 1;
  MapInfo info{};
  CHECK(get_info(*vm, create_map(*vm, attr), info) == 0);
  CHECK(info.btf_id == 2);
  CHECK(info.btf_key_type_id == 1);
  CHECK(info.btf_value_type_id == 1);
}

TEST_CASE("What a program is") {
  const auto vm = make_vm({.fixed_clock_ns = 123456});
  const int map = create_map(*vm, array_attr(8, 1));
  const isa::Code code = make::lddw_map_value(1, map, 4) + trivial_code();
  const int program = load(*vm, code);
  REQUIRE(program >= 0);
  uint32_t map_ids[2] = {99, 99};
  isa::Insn insns[4] = {};
  ProgInfo info{.xlated_prog_len = sizeof insns,
                .xlated_prog_insns = address_of(insns),
                .nr_map_ids = 2,
                .map_ids = address_of(map_ids)};
  CHECK(get_info(*vm, program, info) == 0);
  CHECK(info.type == static_cast<uint32_t>(verifier::ProgramType::socket_filter));
  CHECK(info.id == 1);
  CHECK(info.load_time == 123456);
  CHECK((info.gpl_compatible & 1) == 1);
  CHECK(std::string(info.name.data()) == "a_program");
  CHECK(info.nr_map_ids == 1);
  CHECK(map_ids[0] == 1);
  CHECK(map_ids[1] == 99);
  CHECK(info.xlated_prog_len == 4 * sizeof(isa::Insn));
  CHECK(insns[0].src == isa::kPseudoMapValue);
  CHECK(insns[0].imm == 1);  // the map's id
  CHECK(insns[1].imm == 4);
  CHECK(insns[3] == code[3]);
}

TEST_CASE("A program's tag is the SHA-256 of its instructions, whatever its maps' descriptors are") {
  const auto vm = make_vm();
  ProgInfo info{};
  // As `bpftool prog` shows for "r0 = 0; exit" on Linux 6.18.
  CHECK(get_info(*vm, load(*vm, trivial_code()), info) == 0);
  const unsigned char expected[] = {0x59, 0xf4, 0xa9, 0x31, 0x74, 0x4d, 0xcd, 0xc6};
  CHECK(std::memcmp(info.tag.data(), expected, sizeof expected) == 0);

  const int map = create_array(*vm);
  const int other = create_array(*vm);
  ProgInfo first{};
  ProgInfo second{};
  CHECK(get_info(*vm, load(*vm, make::lddw_map_fd(1, map) + trivial_code()), first) == 0);
  CHECK(get_info(*vm, load(*vm, make::lddw_map_fd(1, other) + trivial_code()), second) == 0);
  CHECK(first.tag == second.tag);
}

TEST_CASE("An info of any size is taken, zeros behind what is known") {
  const auto vm = make_vm();
  const int fds[] = {create_array(*vm), load(*vm, trivial_code()), load_btf(*vm, int_btf())};
  const size_t sizes[] = {MapInfo::kSize, ProgInfo::kSize, BtfInfo::kSize};
  for (size_t i = 0; i < std::size(fds); ++i) {
    std::vector<std::byte> bytes(8192);
    Attr attr{};
    for (uint32_t size = 0; size <= 4096; ++size) {
      std::fill(bytes.begin(), bytes.end(), std::byte{0});
      attr.info = {
          .bpf_fd = static_cast<uint32_t>(fds[i]), .info_len = size, .info = reinterpret_cast<uint64_t>(bytes.data())};
      REQUIRE(bpf(*vm, Command::obj_get_info_by_fd, attr) == 0);
      REQUIRE(attr.info.info_len == std::min<size_t>(size, sizes[i]));
      REQUIRE(bytes[size] == std::byte{0});  // not one byte more
    }
    attr.info.info_len = 4097;
    CHECK(bpf(*vm, Command::obj_get_info_by_fd, attr) == -E2BIG);
    attr.info.info_len = static_cast<uint32_t>(sizes[i] + 1);
    bytes[sizes[i]] = std::byte{1};
    CHECK(bpf(*vm, Command::obj_get_info_by_fd, attr) == -E2BIG);
  }
}

TEST_CASE("An info that is not there is EFAULT, and so are the buffers in it") {
  const auto vm = make_vm();
  const int program = load(*vm, trivial_code());
  Attr attr{};
  attr.info = {.bpf_fd = static_cast<uint32_t>(program), .info_len = ProgInfo::kSize, .info = 1};
  CHECK(bpf(*vm, Command::obj_get_info_by_fd, attr) == -EFAULT);
  ProgInfo info{.xlated_prog_len = 8, .xlated_prog_insns = 1};
  CHECK(get_info(*vm, program, info) == -EFAULT);
  info = {.nr_prog_tags = 1, .prog_tags = 1};
  CHECK(get_info(*vm, program, info) == -EFAULT);
  info = {.func_info_rec_size = 4};
  CHECK(get_info(*vm, program, info) == -EINVAL);
  info = {.nr_line_info = 1};
  CHECK(get_info(*vm, program, info) == -EINVAL);
}

TEST_CASE("Only objects of the VM have an info") {
  const auto vm = make_vm();
  MapInfo info{};
  CHECK(get_info(*vm, -1, info) == -EBADFD);
  CHECK(get_info(*vm, 0, info) == -EINVAL);
}

TEST_CASE("Ids are walked, and found no more when objects are gone") {
  const auto vm = make_vm();
  const int maps[] = {create_array(*vm), create_array(*vm), create_array(*vm)};
  vm->close(maps[1]);
  uint32_t id = 0;
  CHECK(next_id(*vm, Command::map_get_next_id, 0, id) == 0);
  CHECK(id == 1);
  CHECK(next_id(*vm, Command::map_get_next_id, 1, id) == 0);
  CHECK(id == 3);
  CHECK(next_id(*vm, Command::map_get_next_id, 3, id) == -ENOENT);
  CHECK(next_id(*vm, Command::map_get_next_id, 0x7fffffff, id) == -EINVAL);
  CHECK(fd_by_id(*vm, Command::map_get_fd_by_id, 2) == -ENOENT);
  CHECK(fd_by_id(*vm, Command::map_get_fd_by_id, 0) == -ENOENT);
  CHECK(fd_by_id(*vm, Command::map_get_fd_by_id, 1, maps::kFlagRdonly | maps::kFlagWronly) == -EINVAL);
  CHECK(fd_by_id(*vm, Command::map_get_fd_by_id, 1, 1) == -EINVAL);
  CHECK(next_id(*vm, Command::prog_get_next_id, 0, id) == -ENOENT);
  CHECK(next_id(*vm, Command::link_get_next_id, 0, id) == -ENOENT);
  CHECK(fd_by_id(*vm, Command::link_get_fd_by_id, 1) == -ENOENT);
}

TEST_CASE("While statistics are asked for, the VM says so") {
  const auto vm = make_vm();
  Attr attr{};
  attr.enable_stats.type = 1;
  CHECK(bpf(*vm, Command::enable_stats, attr) == -EINVAL);
  CHECK_FALSE(vm->stats_enabled());
  attr.enable_stats.type = 0;
  const long first = bpf(*vm, Command::enable_stats, attr);
  const long second = bpf(*vm, Command::enable_stats, attr);
  REQUIRE(first >= 0);
  vm->close(static_cast<int>(first));
  CHECK(vm->stats_enabled());
  vm->close(static_cast<int>(second));
  CHECK_FALSE(vm->stats_enabled());
}
