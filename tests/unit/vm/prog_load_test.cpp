// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "maps/flags.hpp"
#include "support.hpp"
#include "vm/load_observer.hpp"

using namespace skep;
using namespace skep::vm;
using verifier::AttachType;
using verifier::ProgramType;
namespace make = isa::make;

namespace {

long try_load(Vm& vm, Attr attr) {
  const long fd = bpf(vm, Command::prog_load, attr);
  if (fd >= 0) vm.close(static_cast<int>(fd));
  return fd < 0 ? fd : 0;
}

long try_code(Vm& vm, const isa::Code& code, ProgramType type = ProgramType::socket_filter) {
  return try_load(vm, load_attr(code, type));
}

template <class T>
long with(Vm& vm, T ProgLoadAttr::* field, T value, ProgramType type = ProgramType::socket_filter) {
  const isa::Code code = trivial_code();
  Attr attr = load_attr(code, type);
  attr.prog_load.*field = value;
  return try_load(vm, attr);
}

std::string log_of(Vm& vm, const isa::Code& code) {
  std::string text(4096, '\0');
  Attr attr = load_attr(code);
  attr.prog_load.log_level = 1;
  attr.prog_load.log_buf = reinterpret_cast<uint64_t>(text.data());
  attr.prog_load.log_size = static_cast<uint32_t>(text.size());
  try_load(vm, attr);
  return text.c_str();
}

/// BTF with a function: int, FUNC_PROTO () -> int, FUNC "main".
std::vector<std::byte> func_btf() {
  struct Blob {
    uint16_t magic = 0xeb9f;
    uint8_t version = 1, flags = 0;
    uint32_t hdr_len = 24, type_off = 0, type_len = 40, str_off = 40, str_len = 18;
    uint32_t int_name = 1, int_info = 1u << 24, int_size = 4, int_encoding = 1u << 24 | 32;
    uint32_t proto_name = 0, proto_info = 13u << 24, proto_result = 1;
    uint32_t func_name = 5, func_info = 12u << 24, func_proto = 2;
    char strings[20] = "\0int\0main\0dir/a.c";
  } blob;
  const auto* bytes = reinterpret_cast<const std::byte*>(&blob);
  return {bytes, bytes + 24 + 40 + 18};
}

}  // namespace

TEST_CASE("A program is loaded, has an id, and goes with its last descriptor") {
  const auto vm = make_vm();
  const int program = load(*vm, trivial_code());
  REQUIRE(program >= 0);
  uint32_t id = 0;
  CHECK(next_id(*vm, Command::prog_get_next_id, 0, id) == 0);
  CHECK(id == 1);
  const int again = fd_by_id(*vm, Command::prog_get_fd_by_id, id);
  vm->close(program);
  CHECK(vm->program_ids().find(id) != nullptr);
  vm->close(again);
  CHECK(vm->program_ids().find(id) == nullptr);
}

TEST_CASE("Fields of a load are checked") {
  const auto vm = make_vm();
  CHECK(with(*vm, &ProgLoadAttr::insn_cnt, 0u) == -E2BIG);
  CHECK(with(*vm, &ProgLoadAttr::insn_cnt, 1'000'001u) == -E2BIG);
  CHECK(with(*vm, &ProgLoadAttr::insns, uint64_t{1}) == -EFAULT);
  CHECK(with(*vm, &ProgLoadAttr::license, uint64_t{0}) == -EFAULT);
  CHECK(with(*vm, &ProgLoadAttr::prog_type, 0u) == -EINVAL);
  CHECK(with(*vm, &ProgLoadAttr::prog_type, 33u) == -EINVAL);
  CHECK(with(*vm, &ProgLoadAttr::prog_flags, 1u << 7) == 0);
  CHECK(with(*vm, &ProgLoadAttr::prog_flags, 1u << 8) == -EINVAL);
  CHECK(with(*vm, &ProgLoadAttr::prog_flags, kProgTokenFd) == -EINVAL);
  CHECK(with(*vm, &ProgLoadAttr::prog_flags, kProgSleepable) == -EINVAL);
  CHECK(with(*vm, &ProgLoadAttr::prog_ifindex, 1u) == -EINVAL);
  CHECK(with(*vm, &ProgLoadAttr::prog_name, name_of("bad name")) == -EINVAL);
  CHECK(with(*vm, &ProgLoadAttr::attach_btf_id, 1u) == -EINVAL);
  CHECK(with(*vm, &ProgLoadAttr::attach_prog_fd, 0xffffffffu) == -EINVAL);
  CHECK(with(*vm, &ProgLoadAttr::fd_array_cnt, 1u) == -EFAULT);
}

TEST_CASE("The expected attach type must be one of the program's type") {
  const auto vm = make_vm();
  const auto attach = [&](ProgramType type, AttachType value) {
    return with(*vm, &ProgLoadAttr::expected_attach_type, static_cast<uint32_t>(value), type);
  };
  CHECK(attach(ProgramType::cgroup_sock, AttachType{}) == 0);  // the oldest one
  CHECK(attach(ProgramType::cgroup_sock, AttachType::cgroup_inet_sock_create) == 0);
  CHECK(attach(ProgramType::cgroup_sock, AttachType::sk_lookup) == -EINVAL);
  CHECK(attach(ProgramType::sk_lookup, AttachType{}) == -EINVAL);
  CHECK(attach(ProgramType::sk_lookup, AttachType::sk_lookup) == 0);
  CHECK(attach(ProgramType::xdp, AttachType{12345}) == 0);
}

TEST_CASE("A program for system calls sleeps, and others only where Linux lets them") {
  const auto vm = make_vm();
  CHECK(try_code(*vm, trivial_code(), ProgramType::syscall) == -EINVAL);
  CHECK(with(*vm, &ProgLoadAttr::prog_flags, kProgSleepable, ProgramType::syscall) == 0);
  CHECK(with(*vm, &ProgLoadAttr::prog_flags, kProgSleepable, ProgramType::kprobe) == 0);
  CHECK(with(*vm, &ProgLoadAttr::prog_flags, kProgSleepable, ProgramType::xdp) == -EINVAL);
}

TEST_CASE("Programs for functions of the kernel want its types") {
  const auto vm = make_vm();
  CHECK(try_code(*vm, trivial_code(), ProgramType::tracing) == -EINVAL);
  CHECK(with(*vm, &ProgLoadAttr::attach_btf_id, 1u, ProgramType::tracing) == -EINVAL);
  const auto btf = static_cast<uint32_t>(load_btf(*vm, int_btf()));
  const isa::Code code = trivial_code();
  Attr attr = load_attr(code, ProgramType::tracing);
  attr.prog_load.attach_prog_fd = btf;
  attr.prog_load.attach_btf_id = 1;
  CHECK(try_load(*vm, attr) == -kENOTSUPP);
}

TEST_CASE("The structure of a program is checked, and the log says what is wrong") {
  const auto vm = make_vm();
  CHECK(try_code(*vm, make::mov64_imm(0, 0)) == -EINVAL);
  CHECK(log_of(*vm, make::mov64_imm(0, 0)).find("last insn is not an exit or jmp") != std::string::npos);
  CHECK(try_code(*vm, make::ja(5) + trivial_code()) == -EINVAL);
  CHECK(try_code(*vm, make::mov64_imm(0, 0) + make::call_helper(99999) + make::exit()) == -EINVAL);
  CHECK(log_of(*vm, trivial_code()).find("processed ") == 0);
}

TEST_CASE("The log's arguments are checked before the program is") {
  const auto vm = make_vm();
  const isa::Code bad = make::mov64_imm(0, 0);
  char text[4] = {};
  Attr attr = load_attr(bad);
  attr.prog_load.log_level = 99;
  CHECK(try_load(*vm, attr) == -EINVAL);
  attr.prog_load.log_level = 1;
  attr.prog_load.log_buf = address_of(text);
  attr.prog_load.log_size = sizeof text;
  CHECK(bpf(*vm, Command::prog_load, attr) == -ENOSPC);
  CHECK(attr.prog_load.log_true_size > sizeof text);
  CHECK(std::strlen(text) == 3);
  attr.prog_load.log_buf = 1;
  CHECK(try_load(*vm, attr) == -EFAULT);
}

TEST_CASE("A caller of an older kernel gets no size of the log") {
  const auto vm = make_vm();
  const isa::Code code = trivial_code();
  Attr attr = load_attr(code);
  attr.prog_load.log_level = 1;
  attr.prog_load.log_true_size = 77;
  const long fd = vm->bpf(static_cast<int>(Command::prog_load), &attr, offsetof(ProgLoadAttr, log_true_size));
  CHECK(fd >= 0);
  CHECK(attr.prog_load.log_true_size == 77);
}

TEST_CASE("Descriptors of maps in a program become the maps") {
  const auto vm = make_vm();
  const int map = create_map(*vm, array_attr(8, 1));
  const int other = create_map(*vm, hash_attr());
  const isa::Code code = make::lddw_map_fd(1, map) + make::lddw_map_fd(2, other) + make::lddw_map_fd(3, map) +
                         make::lddw_map_value(4, map, 4) + trivial_code();
  REQUIRE(load(*vm, code) >= 0);
  const auto program = vm->program_ids().find(1);
  REQUIRE(program->spec().maps.size() == 2);
  CHECK(program->spec().maps[0]->id() == 1);
  CHECK(program->spec().maps[1]->id() == 2);
  CHECK(program->spec().insns[0].imm == 0);
  CHECK(program->spec().insns[2].imm == 1);
  CHECK(program->spec().insns[4].imm == 0);
  CHECK(program->spec().insns[7].imm == 4);
}

TEST_CASE("What is no map in a program is refused") {
  const auto vm = make_vm();
  const int program = load(*vm, trivial_code());
  const int array = create_map(*vm, array_attr(8, 1));
  const int many = create_map(*vm, array_attr(8, 2));
  const int hash = create_map(*vm, hash_attr());
  CHECK(try_code(*vm, make::lddw_map_fd(1, 9999) + trivial_code()) == -EBADF);
  CHECK(try_code(*vm, make::lddw_map_fd(1, program) + trivial_code()) == -EINVAL);
  CHECK(try_code(*vm, make::lddw_map_value(1, array, 7) + trivial_code()) == 0);
  CHECK(try_code(*vm, make::lddw_map_value(1, array, 8) + trivial_code()) == -EINVAL);
  CHECK(try_code(*vm, make::lddw_map_value(1, many, 0) + trivial_code()) == -EINVAL);
  CHECK(try_code(*vm, make::lddw_map_value(1, hash, 0) + trivial_code()) == -EINVAL);
  CHECK(try_code(*vm, make::lddw_map_idx(1, 0) + trivial_code()) == -EPROTO);
}

TEST_CASE("Programs of different kinds do not share a program array") {
  const auto vm = make_vm();
  Attr attr = array_attr(4, 1);
  attr.map_create.map_type = static_cast<uint32_t>(maps::MapType::prog_array);
  const int array = create_map(*vm, attr);
  const isa::Code code = make::lddw_map_fd(2, array) + trivial_code();
  CHECK(try_code(*vm, code, ProgramType::xdp) == 0);
  CHECK(try_code(*vm, code, ProgramType::xdp) == 0);
  CHECK(try_code(*vm, code, ProgramType::socket_filter) == -EINVAL);
  const int other = load(*vm, trivial_code(), ProgramType::socket_filter);
  CHECK(update(*vm, array, 0, static_cast<uint64_t>(other)) == -EINVAL);
}

TEST_CASE("Maps come by their place in an array too") {
  const auto vm = make_vm();
  const int32_t fds[] = {-1, create_array(*vm), load_btf(*vm, int_btf())};
  const isa::Code code = make::lddw_map_idx(1, 1) + trivial_code();
  Attr attr = load_attr(code);
  attr.prog_load.fd_array = address_of(fds);
  CHECK(try_load(*vm, attr) == 0);
  attr.prog_load.fd_array_cnt = 2;  // then all of it must be there
  CHECK(try_load(*vm, attr) == -EBADF);
  attr.prog_load.fd_array = address_of(fds[1]);
  CHECK(try_load(*vm, attr) == -EINVAL);  // entry 1 is BTF
  const isa::Code none = trivial_code();
  attr = load_attr(none);
  attr.prog_load.fd_array = address_of(fds[1]);
  attr.prog_load.fd_array_cnt = 2;
  REQUIRE(bpf(*vm, Command::prog_load, attr) >= 0);
  CHECK(vm->program_ids().first_from(2)->spec().maps.size() == 1);
  attr.prog_load.fd_array = 1;
  CHECK(try_load(*vm, attr) == -EFAULT);
}

TEST_CASE("Debug information describes the program") {
  const auto vm = make_vm();
  const int btf = load_btf(*vm, func_btf());
  REQUIRE(btf >= 0);
  const isa::Code code = trivial_code();
  btf::FuncInfo function{.insn_off = 0, .type_id = 3};
  btf::LineInfo line{.insn_off = 0, .file_name_off = 10, .line_off = 5, .line_col = 12u << 10};
  Attr attr = load_attr(code);
  attr.prog_load.prog_btf_fd = static_cast<uint32_t>(btf);
  attr.prog_load.func_info = address_of(function);
  attr.prog_load.func_info_cnt = 1;
  attr.prog_load.func_info_rec_size = sizeof function;
  attr.prog_load.line_info = address_of(line);
  attr.prog_load.line_info_cnt = 1;
  attr.prog_load.line_info_rec_size = sizeof line;
  REQUIRE(bpf(*vm, Command::prog_load, attr) >= 0);
  CHECK(vm->program_ids().find(1)->source_of(1) == "a.c:12: main");

  const auto changed = [&](auto ProgLoadAttr::* field, auto value) {
    Attr copy = attr;
    copy.prog_load.*field = static_cast<std::remove_reference_t<decltype(copy.prog_load.*field)>>(value);
    return try_load(*vm, copy);
  };
  CHECK(changed(&ProgLoadAttr::prog_btf_fd, 0xffffffff) == -EBADF);
  CHECK(changed(&ProgLoadAttr::func_info_rec_size, 4) == -EINVAL);
  CHECK(changed(&ProgLoadAttr::func_info_rec_size, 0) == -EINVAL);
  CHECK(changed(&ProgLoadAttr::func_info, 1) == -EFAULT);
  CHECK(changed(&ProgLoadAttr::line_info, 1) == -EFAULT);
  CHECK(changed(&ProgLoadAttr::line_info_rec_size, 6) == -EINVAL);
  CHECK(changed(&ProgLoadAttr::line_info_cnt, 0xffffffff) == -EINVAL);
  line.insn_off = 1;
  CHECK(try_load(*vm, attr) == -EINVAL);
  line.insn_off = 0;
  function.type_id = 1;
  CHECK(try_load(*vm, attr) == -EINVAL);
}

TEST_CASE("Longer records of debug information may say nothing new") {
  const auto vm = make_vm();
  const int btf = load_btf(*vm, func_btf());
  struct Record {
    btf::FuncInfo function{.insn_off = 0, .type_id = 3};
    uint32_t more = 0;
  } record;
  const isa::Code code = trivial_code();
  Attr attr = load_attr(code);
  attr.prog_load.prog_btf_fd = static_cast<uint32_t>(btf);
  attr.prog_load.func_info = address_of(record);
  attr.prog_load.func_info_cnt = 1;
  attr.prog_load.func_info_rec_size = sizeof record;
  CHECK(try_load(*vm, attr) == 0);
  record.more = 1;
  CHECK(bpf(*vm, Command::prog_load, attr) == -E2BIG);
  CHECK(attr.prog_load.func_info_rec_size == sizeof(btf::FuncInfo));
}

TEST_CASE("Whoever watches a load learns the verdict and why") {
  const auto vm = make_vm();
  LoadObserver observer;
  CHECK(load(*vm, trivial_code()) >= 0);
  CHECK(load(*vm, trivial_code()) >= 0);  // another one with the same name
  CHECK(load(*vm, make::mov64_imm(0, 0)) == -EINVAL);
  CHECK(load(*vm, make::mov64_imm(0, 0)) == -EINVAL);  // libbpf asks again for the log
  CHECK_FALSE(observer.next_report("another_program"));
  for (int i = 0; i < 2; ++i) {
    const auto report = observer.next_report("a_program");
    REQUIRE(report);
    CHECK(report->accepted);
  }
  const auto report = observer.next_report("a_program");
  REQUIRE(report);
  CHECK_FALSE(report->accepted);
  CHECK(report->error.code == EINVAL);
  CHECK(report->error.program == "a_program");
  CHECK_FALSE(observer.next_report("a_program"));
  CHECK(observer.refusal_with(EINVAL) != nullptr);
  CHECK(observer.refusal_with(EPERM) == nullptr);
}

TEST_CASE("A map is bound to a program that does not mention it") {
  const auto vm = make_vm();
  const int map = create_array(*vm);
  const int program = load(*vm, trivial_code());
  const auto bind = [&](int program_fd, int map_fd, uint32_t flags) {
    Attr attr{};
    attr.prog_bind_map = {
        .prog_fd = static_cast<uint32_t>(program_fd), .map_fd = static_cast<uint32_t>(map_fd), .flags = flags};
    return bpf(*vm, Command::prog_bind_map, attr);
  };
  CHECK(bind(program, map, 1) == -EINVAL);
  CHECK(bind(-1, map, 0) == -EBADF);
  CHECK(bind(map, map, 0) == -EINVAL);
  CHECK(bind(program, program, 0) == -EINVAL);
  CHECK(bind(program, map, 0) == 0);
  CHECK(bind(program, map, 0) == 0);
  CHECK(vm->program_ids().find(1)->maps().size() == 1);
  vm->close(map);
  CHECK(vm->map_ids().find(1) != nullptr);
  vm->close(program);
  CHECK(vm->map_ids().find(1) == nullptr);
}
