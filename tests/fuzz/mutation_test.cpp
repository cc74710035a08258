// SPDX-License-Identifier: Apache-2.0
// The fuzzers' entry points on inputs that are always the same: seeds, thousands of mutations of them, random bytes.
// What goes wrong ends the process; SKEP_FUZZ_TRACE=1 prints the number of each input before it is used.
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/fuzz/mutate.hpp"
#include "tests/fuzz/targets.hpp"

namespace skep::fuzz {
namespace {

constexpr unsigned kMutations = 3000;
constexpr unsigned kRandom = 500;
constexpr std::chrono::seconds kTimeLimit{2};  // of one target; slow machines try fewer inputs

const Target& target(std::string_view name) {
  for (const Target& candidate : targets())
    if (candidate.name == name) return candidate;
  FAIL("there is no target " << name);
  return targets().front();
}

/// Gives the target inputs until all are used or the time is over; how many it took.
class Driver {
 public:
  explicit Driver(const Target& target) : target_(target) {}

  void run(const char* kind, uint64_t number, Input input) {
    if (trace_) std::fprintf(stderr, "%s: %s %lu\n", target_.name, kind, number);
    target_.run(input);
    ++inputs_;
  }
  [[nodiscard]] bool has_time() const { return std::chrono::steady_clock::now() - start_ < kTimeLimit; }
  [[nodiscard]] unsigned inputs() const { return inputs_; }

 private:
  const Target& target_;
  const bool trace_ = std::getenv("SKEP_FUZZ_TRACE") != nullptr;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  unsigned inputs_ = 0;
};

void run_target(std::string_view name) {
  const Target& chosen = target(name);
  const Inputs seeds = chosen.seeds(SKEP_EXAMPLES);
  REQUIRE_FALSE(seeds.empty());
  Driver driver(chosen);
  driver.run("empty", 0, {});
  for (size_t i = 0; i < seeds.size(); ++i) driver.run("seed", i, seeds[i]);
  for (uint64_t i = 0; i < kRandom && driver.has_time(); ++i) driver.run("random", i, random_bytes(i));
  for (uint64_t i = 0; i < kMutations && driver.has_time(); ++i)
    driver.run("mutation", i, mutate(seeds[i % seeds.size()], i));
  CHECK(driver.inputs() > seeds.size() + 1);
}

}  // namespace

TEST_CASE("object files that are mutated load and run, or give an error") { run_target("load_object"); }
TEST_CASE("object files that are mutated are prepared, or give an error") { run_target("prepare_object"); }
TEST_CASE("BTF that is mutated is printed, or gives an error") { run_target("read_btf"); }
TEST_CASE("instructions that are mutated disassemble and assemble to themselves") { run_target("read_instructions"); }
TEST_CASE("assembler text that is mutated assembles, or gives an error") { run_target("read_text"); }
TEST_CASE("bpf(2) calls that are mutated return, with a result or an errno") { run_target("call_bpf"); }
TEST_CASE("captures that are mutated are read, or give an error") { run_target("read_capture"); }
TEST_CASE("programs on memory that are mutated keep to their memory") { run_target("run_raw"); }
TEST_CASE("programs with helpers that are mutated run, or give an error") { run_target("run_program"); }

TEST_CASE("mutations repeat, and change what they are given") {
  const std::vector<std::byte> seed(100);
  unsigned changed = 0;
  for (uint64_t i = 0; i < 100; ++i) {
    CHECK(mutate(seed, i) == mutate(seed, i));
    changed += mutate(seed, i) != seed ? 1 : 0;
  }
  CHECK(changed > 50);
  CHECK(mutate({}, 1).empty());
}

}  // namespace skep::fuzz
