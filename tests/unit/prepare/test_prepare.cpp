// SPDX-License-Identifier: Apache-2.0
#include "vm/prepare/prepare.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/libbpf/object_file.hpp"
#include "tests/unit/prepare/elf_editor.hpp"
#include "tests/unit/prepare/loading.hpp"
#include "vm/prepare/read.hpp"

namespace skep::vm::test {
namespace {

const PreparedProgram* find(const Prepared& prepared, std::string_view name) {
  const auto found = std::find_if(prepared.programs.begin(), prepared.programs.end(),
                                  [name](const PreparedProgram& program) { return program.name == name; });
  return found == prepared.programs.end() ? nullptr : &*found;
}

Symbol symbol_of(const Prepared& prepared, std::string_view name) {
  const auto object = read_object(prepared.bytes);
  REQUIRE(object);
  const auto found = std::find_if(object->symbols.begin(), object->symbols.end(),
                                  [name](const Symbol& symbol) { return symbol.name == name; });
  REQUIRE(found != object->symbols.end());
  return *found;
}

std::string types_of(std::span<const std::byte> file) {
  const auto object = read_object(file);
  REQUIRE(object);
  const Section* section = object->find(Role::btf);
  REQUIRE(section);
  return {reinterpret_cast<const char*>(section->data.data()), section->data.size()};
}

bool has_note(const Prepared& prepared, std::string_view text) {
  return std::any_of(prepared.notes.begin(), prepared.notes.end(),
                     [text](const std::string& note) { return note.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("a prepared object with something of everything loads") {
  PrepareOptions options;
  options.knows = [](ExternKind kind, std::string_view) { return kind == ExternKind::kconfig; };
  const auto file = read_file(KITCHEN_SINK_BPF_OBJECT);
  const auto prepared = prepare(file, options);
  REQUIRE(prepared);
  FakeKernel kernel(types_of(file));
  const CurrentSystem current(kernel);
  const ObjectPtr object = open_object(prepared->bytes);
  REQUIRE(object);
  bpf_program* old_name = bpf_object__find_program_by_name(object.get(), "old_name");
  REQUIRE(old_name);
  bpf_program__set_autoload(old_name, true);
  REQUIRE(bpf_program__set_type(old_name, BPF_PROG_TYPE_SOCKET_FILTER) == 0);

  CHECK(bpf_object__load(object.get()) == 0);
  for (const char* name : {"counters", "inner_map", "outer", "jumps"})
    CHECK(bpf_object__find_map_by_name(object.get(), name) != nullptr);
}

TEST_CASE("the programs of an object are those that libbpf finds") {
  const auto prepared = prepare(read_file(KITCHEN_SINK_BPF_OBJECT));
  REQUIRE(prepared);
  FakeSystem system;
  const CurrentSystem current(system);
  const ObjectPtr object = open_object(prepared->bytes);
  REQUIRE(object);

  size_t count = 0;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object.get()) {
    ++count;
    const PreparedProgram* known = find(*prepared, bpf_program__name(program));
    REQUIRE(known);
    CHECK(known->section == bpf_program__section_name(program));
    CHECK(known->autoload == bpf_program__autoload(program));
    CHECK((bpf_program__type(program) == BPF_PROG_TYPE_UNSPEC) == known->type.has_value());
  }
  CHECK(count == 4);
  CHECK(prepared->programs.size() == count);
}

TEST_CASE("debug information and other sections that loading does not use are left out") {
  const auto file = read_file(KITCHEN_SINK_BPF_OBJECT);
  REQUIRE_NOTHROW(ElfEditor(file).find(".debug_info"));
  const auto prepared = prepare(file);
  REQUIRE(prepared);
  const ElfEditor copy(prepared->bytes);
  CHECK_THROWS(copy.find(".debug_info"));
  CHECK_THROWS(copy.find(".llvm_addrsig"));
  CHECK(prepared->bytes.size() < file.size());
}

TEST_CASE("preparing what was prepared changes nothing") {
  const auto once = prepare(read_file(KITCHEN_SINK_BPF_OBJECT));
  REQUIRE(once);
  const auto twice = prepare(once->bytes);
  REQUIRE(twice);
  CHECK(twice->bytes == once->bytes);
}

TEST_CASE("externs that the VM does not know become weak") {
  PrepareOptions options;
  options.knows = [](ExternKind kind, std::string_view name) {
    return kind == ExternKind::kconfig || name == "known_variable";
  };
  const auto prepared = prepare(read_file(KITCHEN_SINK_BPF_OBJECT), options);
  REQUIRE(prepared);
  CHECK(symbol_of(*prepared, "unknown_function").binding == STB_WEAK);
  CHECK(symbol_of(*prepared, "known_variable").binding == STB_GLOBAL);
  CHECK(symbol_of(*prepared, "CONFIG_HZ").binding == STB_GLOBAL);
  CHECK(has_note(*prepared, "'unknown_function'"));
}

TEST_CASE("the kinds of externs are told apart") {
  std::vector<std::pair<ExternKind, std::string>> asked;
  PrepareOptions options;
  options.knows = [&asked](ExternKind kind, std::string_view name) {
    asked.emplace_back(kind, name);
    return true;
  };
  REQUIRE(prepare(read_file(KITCHEN_SINK_BPF_OBJECT), options));
  std::sort(asked.begin(), asked.end());
  CHECK(asked == std::vector<std::pair<ExternKind, std::string>>{{ExternKind::kconfig, "CONFIG_HZ"},
                                                                 {ExternKind::ksym, "known_variable"},
                                                                 {ExternKind::kfunc, "unknown_function"}});
}

TEST_CASE("static programs get visible, static functions stay as they are") {
  const auto file = read_file(KITCHEN_SINK_BPF_OBJECT);
  const auto prepared = prepare(file);
  REQUIRE(prepared);
  CHECK(find(*prepared, "static_program"));
  CHECK(symbol_of(*prepared, "static_program").binding == STB_GLOBAL);
  CHECK(symbol_of(*prepared, "on_each").binding == STB_LOCAL);
  CHECK(has_note(*prepared, "'static_program' was static"));

  FakeSystem system;
  const CurrentSystem current(system);
  CHECK_FALSE(open_object(file));  // libbpf alone refuses it
}

TEST_CASE("a type that the caller names counts for all programs") {
  PrepareOptions options;
  options.type = ProgramType{BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP};
  const auto prepared = prepare(read_file(KITCHEN_SINK_BPF_OBJECT), options);
  REQUIRE(prepared);
  for (const PreparedProgram& program : prepared->programs) CHECK(program.type == options.type);
}

TEST_CASE("section names have the types that libbpf's older versions gave them") {
  const auto type = [](std::string_view name) { return type_of_section(name).value_or(ProgramType{}).type; };
  CHECK(type("socket1") == BPF_PROG_TYPE_SOCKET_FILTER);
  CHECK(type("xdp_prog") == BPF_PROG_TYPE_XDP);
  CHECK(type("xdp_devmap_x") == BPF_PROG_TYPE_XDP);
  CHECK(type_of_section("xdp_devmap_x")->expected_attach_type == BPF_XDP_DEVMAP);
  CHECK(type_of_section("xdp_filter")->expected_attach_type == BPF_XDP);
  CHECK(type("classifier/ingress") == BPF_PROG_TYPE_SCHED_CLS);
  CHECK(type("cls") == BPF_PROG_TYPE_SCHED_CLS);
  CHECK(type("clsx") == BPF_PROG_TYPE_UNSPEC);
  CHECK(type("tracepoint_x") == BPF_PROG_TYPE_TRACEPOINT);
  CHECK(type("raw_tracepoint_x") == BPF_PROG_TYPE_RAW_TRACEPOINT);
  CHECK(type("kprobe.session/f") == BPF_PROG_TYPE_KPROBE);
  CHECK(type("something_else") == BPF_PROG_TYPE_UNSPEC);
  CHECK(libbpf_type_of_section("xdp"));
  CHECK_FALSE(libbpf_type_of_section("xdp_prog"));
}

TEST_CASE("maps of a section 'maps' become BTF maps") {
  // With BTF, the compiler has described the old section, which must go; without, there is none to extend.
  for (const char* path : {LEGACY_MAPS_BPF_OBJECT, LEGACY_MAPS_WITHOUT_BTF_BPF_OBJECT}) {
    INFO(path);
    const auto file = read_file(path);
    const auto prepared = prepare(file);
    REQUIRE(prepared);
    CHECK(has_note(*prepared, "turned into BTF maps"));

    FakeKernel kernel(types_of(prepared->bytes));
    const CurrentSystem current(kernel);
    CHECK_FALSE(open_object(file));  // libbpf alone refuses it
    const ObjectPtr object = open_object(prepared->bytes);
    REQUIRE(object);
    const bpf_map* first = bpf_object__find_map_by_name(object.get(), "first");
    const bpf_map* second = bpf_object__find_map_by_name(object.get(), "second");
    REQUIRE(first);
    REQUIRE(second);
    CHECK(bpf_map__type(first) == BPF_MAP_TYPE_HASH);
    CHECK(bpf_map__key_size(first) == 4);
    CHECK(bpf_map__value_size(first) == 8);
    CHECK(bpf_map__max_entries(first) == 16);
    CHECK(bpf_map__map_flags(first) == BPF_F_NO_PREALLOC);
    CHECK(bpf_map__type(second) == BPF_MAP_TYPE_ARRAY);
    CHECK(bpf_map__value_size(second) == 100);
    CHECK(bpf_map__max_entries(second) == 0x7fffffff);

    bpf_program* program = bpf_object__find_program_by_name(object.get(), "look_up");
    REQUIRE(program);
    REQUIRE(bpf_program__set_type(program, static_cast<bpf_prog_type>(find(*prepared, "look_up")->type->type)) == 0);
    CHECK(bpf_object__load(object.get()) == 0);
    CHECK(kernel.count(BPF_BTF_LOAD) > 0);
  }
}

TEST_CASE("the BTF of converted maps passes Linux's checks") {
  const auto prepared = prepare(read_file(LEGACY_MAPS_WITHOUT_BTF_BPF_OBJECT));
  REQUIRE(prepared);
  const std::string types = types_of(prepared->bytes);
  CHECK(btf::Types::parse(std::as_bytes(std::span(types)), {}, btf::Origin::load));
}

TEST_CASE("a value of struct_ops opens") {
  const auto prepared = prepare(read_file(STRUCT_OPS_BPF_OBJECT));
  REQUIRE(prepared);
  FakeSystem system;
  const CurrentSystem current(system);
  const ObjectPtr object = open_object(prepared->bytes);
  REQUIRE(object);
  CHECK(bpf_map__type(bpf_object__find_map_by_name(object.get(), "ops")) == BPF_MAP_TYPE_STRUCT_OPS);
}

TEST_CASE("the only function of an object may not call itself") {
  const auto prepared = prepare(read_file(LONE_TEXT_BPF_OBJECT));
  REQUIRE_FALSE(prepared);
  CHECK(prepared.error().code == EINVAL);
  CHECK(prepared.error().message == "function 'entry', the only one, calls a function");
}

TEST_CASE("an error carries the object's name") {
  PrepareOptions options;
  options.name = "prog.bpf.o";
  const auto prepared = prepare({}, options);
  REQUIRE_FALSE(prepared);
  CHECK(prepared.error().object == "prog.bpf.o");
}

}  // namespace skep::vm::test
