// SPDX-License-Identifier: Apache-2.0
// Maps as interpreters meet them: addresses in programs, values that look-ups give, tail calls.
#include "maps/map.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cerrno>
#include <cstdint>

#include "btf/builder.hpp"
#include "engines.hpp"
#include "maps/flags.hpp"
#include "verifier/helper_proto.hpp"
#include "vm/interpreter/map_fields.hpp"

namespace skep::vm::testing {
namespace {

namespace make = isa::make;
using Catch::Matchers::EndsWith;
using maps::MapType;
using verifier::HelperId;
using verifier::ProgramType;

isa::Code call(HelperId id) { return make::call_helper(int(id)); }

struct MapTest {
  std::shared_ptr<Vm> vm = make_vm();
  Context context{24};

  std::shared_ptr<maps::Map> map(maps::Attributes attributes) {
    attributes.key_size = attributes.type == MapType::ringbuf ? 0 : 4;
    auto created = maps::Map::create(std::move(attributes), *vm);
    INFO((created ? "" : created.error().message));
    REQUIRE(created);
    return *created;
  }
  Outcome run_on(const EngineUnderTest& engine, const isa::Code& code, std::vector<std::shared_ptr<maps::Map>> maps,
                 int64_t fuel = INT64_MAX) {
    return run(engine, *vm, *typed_program(ProgramType::xdp, code, std::move(maps)),
               {.context = &context, .fuel = fuel});
  }
};

/// r0 = address of the value of key `key` in map 0.
isa::Code look_up(int key) {
  return make::stw(10, -4, key) + make::lddw_map_fd(1, 0) + make::mov64_reg(2, 10) + make::add64_imm(2, -4) +
         call(HelperId::map_lookup_elem);
}

TEST_CASE("a value that a look-up gave is the program's, up to its size") {
  MapTest test;
  const auto counts = test.map({.type = MapType::array, .value_size = 16, .max_entries = 4, .name = "counts"});
  const isa::Code good = look_up(3) + make::stdw(0, 8, 77) + make::ldxdw(0, 0, 8) + make::exit();
  for (const EngineUnderTest& engine : kEngines) CHECK(test.run_on(engine, good, {counts}).r0 == 77);
  const Outcome past = test.run_on(kChecked, look_up(1) + make::stdw(0, 12, 0) + make::exit(), {counts});
  CHECK(past.error.code == EFAULT);
  CHECK_THAT(past.error.message, EndsWith("4 bytes past the end of map value 'counts' (16 bytes)"));
}

TEST_CASE("a look-up that found nothing gives a null pointer") {
  MapTest test;
  const auto counts = test.map({.type = MapType::hash, .value_size = 16, .max_entries = 4, .name = "counts"});
  const Outcome outcome = test.run_on(kChecked, look_up(3) + make::ldxw(0, 0, 0) + make::exit(), {counts});
  CHECK(outcome.error.message == "read of 4 bytes at 0x0: a null pointer");
}

TEST_CASE("values of a map that is read-only for programs are read-only") {
  MapTest test;
  const auto limits = test.map(
      {.type = MapType::array, .value_size = 8, .max_entries = 1, .flags = maps::kFlagRdonlyProg, .name = "limits"});
  CHECK(test.run_on(kChecked, look_up(0) + make::ldxdw(0, 0, 0) + make::exit(), {limits}).r0 == 0);
  CHECK_THAT(test.run_on(kChecked, look_up(0) + make::stb(0, 0, 1) + make::exit(), {limits}).error.message,
             EndsWith("map value 'limits' (8 bytes) is read-only"));
  const isa::Code update = make::stw(10, -4, 0) + make::stdw(10, -16, 1) + make::lddw_map_fd(1, 0) +
                           make::mov64_reg(2, 10) + make::add64_imm(2, -4) + make::mov64_reg(3, 10) +
                           make::add64_imm(3, -16) + make::mov64_imm(4, 0) + call(HelperId::map_update_elem);
  CHECK_THAT(test.run_on(kChecked, update + make::exit(), {limits}).error.message,
             EndsWith("map 'limits' is read-only for programs"));
}

TEST_CASE("global data is addressed directly, with an offset") {
  MapTest test;
  const auto data = test.map({.type = MapType::array, .value_size = 32, .max_entries = 1, .name = ".data"});
  const isa::Code code = make::lddw_map_value(1, 0, 24) + make::stdw(1, 0, 5) + make::lddw_map_value(2, 0, 16) +
                         make::ldxdw(0, 2, 8) + make::exit();
  for (const EngineUnderTest& engine : kEngines) CHECK(test.run_on(engine, code, {data}).r0 == 5);
  const isa::Code past = make::mov64_imm(0, 0) + make::lddw_map_value(1, 0, 24) + make::stdw(1, 8, 5) + make::exit();
  CHECK_THAT(test.run_on(kChecked, past, {data}).error.message,
             EndsWith("8 bytes past the end of map value '.data' (32 bytes)"));
}

TEST_CASE("a value of a deleted element can be touched until the run ends") {
  MapTest test;
  const auto table = test.map({.type = MapType::hash, .value_size = 8, .max_entries = 4, .name = "table"});
  const uint32_t key = 3;
  const uint64_t value = 11;
  const isa::Code code = look_up(3) + make::mov64_reg(6, 0) + make::lddw_map_fd(1, 0) + make::mov64_reg(2, 10) +
                         make::add64_imm(2, -4) + call(HelperId::map_delete_elem) + make::stdw(6, 0, 12) +
                         make::ldxdw(0, 6, 0) + make::exit();
  for (const EngineUnderTest& engine : kEngines) {
    REQUIRE(table->host_update(&key, &value, 0) == 0);
    CHECK(test.run_on(engine, code, {table}).r0 == 12);
  }
}

TEST_CASE("for_each_map_elem gives its callback key and value, for as long as it runs") {
  MapTest test;
  const auto table = test.map({.type = MapType::array, .value_size = 8, .max_entries = 5, .name = "table"});
  // sum of (key + 1), counted in r4 = the caller's stack; values set to 9
  const auto start_with = [](const isa::Code& end) {  // the callback follows
    return make::stdw(10, -8, 0) + make::lddw_map_fd(1, 0) + make::lddw_func(2, 5 + int(end.size())) +
           make::mov64_reg(3, 10) + make::add64_imm(3, -8) + make::mov64_imm(4, 0) + call(HelperId::for_each_map_elem) +
           end;
  };
  const isa::Code start = start_with(make::ldxdw(0, 10, -8) + make::exit());
  const isa::Code callback = make::ldxw(5, 2, 0) + make::add64_imm(5, 1) + make::ldxdw(1, 4, 0) +
                             make::add64_reg(1, 5) + make::stxdw(4, 1, 0) + make::stdw(3, 0, 9) +
                             make::mov64_imm(0, 0) + make::exit();
  for (const EngineUnderTest& engine : kEngines) {
    INFO(engine.name);
    const Outcome outcome = test.run_on(engine, start + callback, {table});
    INFO(outcome.error.message);
    CHECK(outcome.r0 == 1 + 2 + 3 + 4 + 5);
  }
  const isa::Code writes_key = make::stw(2, 0, 1) + make::mov64_imm(0, 0) + make::exit();
  CHECK_THAT(test.run_on(kChecked, start + writes_key, {table}).error.message,
             EndsWith("key of map 'table' (4 bytes) is read-only"));
  const isa::Code keeps_value = make::stxdw(4, 3, 0) + make::mov64_imm(0, 1) + make::exit();
  const isa::Code uses_it_later =
      start_with(make::ldxdw(1, 10, -8) + make::ldxdw(0, 1, 0) + make::exit()) + keeps_value;
  CHECK(test.run_on(kChecked, uses_it_later, {table}).error.code == EFAULT);
}

TEST_CASE("a value that a callback looked up itself stays the program's") {
  MapTest test;
  const auto table = test.map({.type = MapType::hash, .value_size = 8, .max_entries = 4, .name = "table"});
  const uint32_t key = 3;
  const uint64_t value = 11;
  REQUIRE(table->host_update(&key, &value, 0) == 0);
  const isa::Code end = make::ldxdw(1, 10, -8) + make::ldxdw(0, 1, 0) + make::exit();
  const isa::Code start = make::stdw(10, -8, 0) + make::lddw_map_fd(1, 0) + make::lddw_func(2, 5 + int(end.size())) +
                          make::mov64_reg(3, 10) + make::add64_imm(3, -8) + make::mov64_imm(4, 0) +
                          call(HelperId::for_each_map_elem) + end;
  const isa::Code callback = make::mov64_reg(6, 4) + call(HelperId::map_lookup_elem) + make::stxdw(6, 0, 0) +
                             make::mov64_imm(0, 1) + make::exit();
  const Outcome outcome = test.run_on(kChecked, start + callback, {table});
  INFO(outcome.error.message);
  CHECK(outcome.r0 == 11);
}

TEST_CASE("atomic operations: load-acquire reads, and some memory has none") {
  MapTest test;
  const auto limits = test.map(
      {.type = MapType::array, .value_size = 8, .max_entries = 1, .flags = maps::kFlagRdonlyProg, .name = "limits"});
  CHECK(test.run_on(kChecked, look_up(0) + make::load_acquire64(0, 0, 0) + make::exit(), {limits}).r0 == 0);
  CHECK_THAT(test.run_on(kChecked, look_up(0) + make::store_release64(0, 1, 0) + make::exit(), {limits}).error.message,
             EndsWith("map value 'limits' (8 bytes) is read-only"));
  CHECK_THAT(test.run_on(kChecked, make::load_acquire32(0, 1, 0) + make::exit(), {limits}).error.message,
             EndsWith("atomic operations are not allowed on the context (24 bytes)"));
}

TEST_CASE("members of struct bpf_map may be wider than a number") {
  MapTest test;
  const auto map = test.map({.type = MapType::array, .value_size = 8, .max_entries = 5, .name = "table"});
  btf::Builder builder;
  const btf::TypeId u64 = builder.add_int("unsigned long long", 8);
  const btf::TypeId wide = builder.add_struct("wide", 24, {{"a", u64, 0, 0}, {"b", u64, 64, 0}, {"c", u64, 128, 0}});
  builder.add_struct("bpf_map", 24, {{"max_entries", wide, 0, 0}});
  const auto types = btf::Types::parse(builder.bytes());
  REQUIRE(types);
  const auto read = [&](uint64_t offset, size_t size) {
    uint64_t value = 77;
    std::string reason;
    CHECK(interpreter::read_map_field(*map, types->get(), offset, size, value, reason));
    return value;
  };
  CHECK(read(0, 4) == 5);
  CHECK(read(4, 4) == 0);
  CHECK(read(8, 8) == 0);
  CHECK(read(16, 8) == 0);
}

/// A program array of one slot, without descriptors.
class OneProgram : public maps::Map {
 public:
  explicit OneProgram(maps::Environment& environment)
      : Map({.type = MapType::prog_array, .key_size = 4, .value_size = 4, .max_entries = 1, .name = "next"},
            environment) {}
  maps::ProgramRef* program_at(uint32_t index) override { return index == 0 ? program.get() : nullptr; }
  std::shared_ptr<Program> program;
};

isa::Code tail_call(int index) {
  return make::lddw_map_fd(2, 0) + make::mov64_imm(3, index) + call(HelperId::tail_call);
}

TEST_CASE("a tail call goes on in the other program, with the context in r1 and its own frame") {
  MapTest test;
  const auto next = std::make_shared<OneProgram>(*test.vm);
  next->program = typed_program(ProgramType::xdp,
                                make::stdw(10, -512, 1) + make::ldxw(0, 1, 12) + make::add64_imm(0, 5) + make::exit());
  test.context.set<uint32_t>(12, 100);
  for (const EngineUnderTest& engine : kEngines) {
    INFO(engine.name);
    const Outcome outcome = test.run_on(engine, tail_call(0) + make::mov64_imm(0, 1) + make::exit(), {next});
    INFO(outcome.error.message);
    CHECK(outcome.r0 == 105);
    CHECK(test.run_on(engine, tail_call(1) + make::mov64_imm(0, 1) + make::exit(), {next}).r0 == 1);
  }
}

TEST_CASE("an error after a tail call names the program that was called") {
  MapTest test;
  const auto next = std::make_shared<OneProgram>(*test.vm);
  ProgramSpec spec{.type = ProgramType::xdp, .name = "second", .license = "GPL"};
  spec.insns = make::mov64_imm(0, 0) + make::ldxw(0, 0, 0) + make::exit();
  next->program = *Program::create(spec);
  const Outcome outcome = test.run_on(kChecked, tail_call(0) + make::mov64_imm(0, 1) + make::exit(), {next});
  CHECK(outcome.error.program == "second");
  CHECK(outcome.error.insn == 1);
}

TEST_CASE("at most 33 tail calls follow each other") {
  MapTest test;
  const auto next = std::make_shared<OneProgram>(*test.vm);
  // each program counts in r6, which a tail call leaves alone; the one whose call does not happen returns the count
  const isa::Code body = make::add64_imm(6, 1) + tail_call(0) + make::mov64_reg(0, 6) + make::exit();
  next->program = typed_program(ProgramType::xdp, body, {next});
  for (const EngineUnderTest& engine : kEngines) {
    INFO(engine.name);
    CHECK(test.run_on(engine, make::mov64_imm(6, 0) + body, {next}).r0 == 1 + 33);
  }
  next->program.reset();  // which holds the map
}

/// A program of two functions, with the BTF that Linux wants of functions with tail calls.
std::shared_ptr<Program> program_with_function(const isa::Code& main, const isa::Code& function,
                                               std::vector<std::shared_ptr<maps::Map>> maps) {
  btf::Builder builder;
  const btf::TypeId number = builder.add_int("int", 4, btf::int_signed);
  const btf::TypeId proto = builder.add_func_proto(number, {{.name = "ctx", .type = builder.add_ptr(0)}});
  ProgramSpec spec{.type = ProgramType::xdp, .name = "two", .license = "GPL"};
  spec.functions = {
      {.insn_off = 0, .type_id = builder.add_func("entry", proto, btf::FuncLinkage::global)},
      {.insn_off = uint32_t(main.size()), .type_id = builder.add_func("function", proto, btf::FuncLinkage::static_)}};
  const auto types = btf::Types::parse(builder.bytes());
  INFO((types ? "" : types.error().message));
  REQUIRE(types);
  spec.btf = *types;
  spec.insns = main + function;
  spec.maps = std::move(maps);
  const auto program = Program::create(std::move(spec));
  INFO((program ? "" : program.error().text()));
  REQUIRE(program);
  return *program;
}

TEST_CASE("a tail call in a function returns to the function's caller") {
  MapTest test;
  const auto next = std::make_shared<OneProgram>(*test.vm);
  next->program = typed_program(ProgramType::xdp, make::mov64_imm(0, 40) + make::mov64_imm(6, 0) + make::exit());
  const auto program =
      program_with_function(make::mov64_imm(6, 2) + make::call_local(2) + make::add64_reg(0, 6) + make::exit(),
                            tail_call(0) + make::mov64_imm(0, 1) + make::exit(), {next});
  for (const EngineUnderTest& engine : kEngines) {
    INFO(engine.name);
    CHECK(run(engine, *test.vm, *program, {.context = &test.context}).r0 == 42);
  }
}

TEST_CASE("two programs that call each other for ever end when the fuel is used up or the calls are") {
  MapTest test;
  const auto next = std::make_shared<OneProgram>(*test.vm);
  const isa::Code body = tail_call(0) + make::mov64_imm(0, 1) + make::exit();
  next->program = typed_program(ProgramType::xdp, body, {next});
  for (const EngineUnderTest& engine : kEngines) {
    INFO(engine.name);
    CHECK(test.run_on(engine, body, {next}, 20).error.code == ETIME);
    CHECK(test.run_on(engine, body, {next}).r0 == 1);
  }
  next->program.reset();
}

}  // namespace
}  // namespace skep::vm::testing
