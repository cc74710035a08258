// SPDX-License-Identifier: Apache-2.0
// The verdict on BTF blobs, hostile ones first of all, must be the running kernel's: the same error number.
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <iterator>
#include <random>

#include "../kernel_maps.hpp"
#include "btf/builder.hpp"
#include "btf/layout.hpp"
#include "btf/types.hpp"
#include "object_btf.hpp"

namespace skep::test {
namespace {

int kernel_verdict(std::span<const std::byte> blob) {
  const long result = kernel_btf_load(blob);
  const KernelFd fd(result);
  return result < 0 ? static_cast<int>(-result) : 0;
}

struct Judgement {
  int code;
  std::string message;
};

Judgement skep_verdict(std::span<const std::byte> blob) {
  auto types = btf::Types::parse(blob);
  return types ? Judgement{0, "accepted"} : Judgement{types.error().code, types.error().message};
}

/// Types of every kind, small enough that most random changes hit something that matters.
std::vector<std::byte> every_kind() {
  btf::Builder b;
  const auto i = b.add_int("int", 4, btf::int_signed);
  const auto u = b.add_int("unsigned int", 4);
  const auto p = b.add_ptr(0);
  const auto a = b.add_array(i, u, 3);
  const auto s = b.add_struct("s", 32, {{"a", a, 0, 0}, {"b", i, 96, 0}, {"p", p, 128, 0}, {"u", u, 192, 0}});
  const auto bits = b.add_struct("bits", 8, {{"x", i, 0, 3}, {"y", u, 3, 29}, {"z", i, 32, 0}});
  const auto un = b.add_union("un", 32, {{"s", s, 0, 0}, {"b", bits, 0, 0}});
  const auto e = b.add_enum("e", 4, true, {{"X", 1}, {"Y", 2}});
  const auto e64 = b.add_enum64("e64", 8, false, {{"Z", 1}});
  const auto f = b.add_fwd("fwd", false);
  const auto c = b.add_const(b.add_volatile(un));
  const auto t = b.add_typedef("t", c);
  b.add_restrict(b.add_ptr(b.add_type_tag("tag", b.add_const(f))));
  const auto proto = b.add_func_proto(e, {{"x", p}, {"y", t}, {"", 0}});
  const auto func = b.add_func("func", proto);
  const auto var = b.add_var("var", t), second = b.add_var("second", e64);
  b.add_datasec(".data", 48, {{var, 0, 32}, {second, 32, 8}});
  b.add_float("double", 8);
  b.add_decl_tag("note", func, 1);
  b.add_decl_tag("note", s, 2);
  return b.bytes();
}

void compare(std::span<const std::byte> blob) {
  const Judgement ours = skep_verdict(blob);
  INFO(ours.message);
  const int kernels = kernel_verdict(blob);
  if (ours.code == kernels) return;
  std::vector<char> log;
  const KernelFd fd(kernel_btf_load(blob, &log));
  INFO(log.data());
  CHECK(ours.code == kernels);
}

}  // namespace

TEST_CASE("The kernel and Skep accept BTF of a compiler and with every kind") {
  if (!kernel_bpf_works()) SKIP("needs bpf(2), as root");
  const auto compiled = object_btf(PRINTED_TYPES_OBJECT);
  CHECK(kernel_verdict(compiled) == 0);
  CHECK(skep_verdict(compiled).code == 0);
  CHECK(kernel_verdict(every_kind()) == 0);
  CHECK(skep_verdict(every_kind()).code == 0);
}

TEST_CASE("The running kernel's own BTF is accepted") {
  std::ifstream file("/sys/kernel/btf/vmlinux", std::ios::binary);
  if (!file) SKIP("needs /sys/kernel/btf/vmlinux");
  const std::string blob((std::istreambuf_iterator<char>(file)), {});
  auto types = btf::Types::parse(std::as_bytes(std::span(blob)), {}, btf::Origin::kernel);
  if (!types) FAIL(types.error().message);
  const btf::TypeId id = (*types)->find("task_struct", btf::Kind::struct_);
  REQUIRE(id != 0);
  CHECK((*types)->layout(id).size > 1000);
  CHECK(btf::find_member(**types, id, "pid"));
}

TEST_CASE("BTF with one changed word gets the kernel's error number") {
  if (!kernel_bpf_works()) SKIP("needs bpf(2), as root");
  const auto good = every_kind();
  for (size_t at = 0; at + 4 <= good.size(); at += 4) {
    for (uint32_t value : {0u, 1u, 2u, 5u, 12u, 24u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
      auto blob = good;
      std::memcpy(blob.data() + at, &value, sizeof value);
      INFO("word at " << at << " is " << value);
      compare(blob);
    }
  }
}

TEST_CASE("BTF with random changes gets the kernel's error number") {
  if (!kernel_bpf_works()) SKIP("needs bpf(2), as root");
  std::mt19937 random(11);
  const auto good = every_kind();
  for (int round = 0; round < 20000; ++round) {
    auto blob = good;
    const int changes = 1 + static_cast<int>(random() % 3);
    for (int i = 0; i < changes; ++i) {
      // Type ids, counts and flags are small numbers, so small ones find more than random ones.
      const size_t at = random() % blob.size();
      blob[at] = static_cast<std::byte>(random() % 4 == 0 ? random() : random() % 32);
    }
    INFO("round " << round);
    compare(blob);
  }
}

TEST_CASE("BTF whose types name each other at random gets the kernel's error number") {
  if (!kernel_bpf_works()) SKIP("needs bpf(2), as root");
  std::mt19937 random(12);
  for (int round = 0; round < 20000; ++round) {
    btf::Builder b;
    b.add_int("int", 4, btf::int_signed);
    const uint32_t count = 2 + random() % 8;
    const auto any = [&] { return static_cast<btf::TypeId>(random() % (count + 2)); };
    for (uint32_t i = 0; i < count; ++i) {
      switch (random() % 9) {
        case 0: b.add_ptr(any()); break;
        case 1: b.add_const(any()); break;
        case 2: b.add_typedef("t", any()); break;
        case 3: b.add_array(any(), 1, random() % 3); break;
        case 4: b.add_struct("s", 16, {{"a", any(), 0, 0}, {"b", any(), 64, 0}}); break;
        case 5: b.add_func("f", any()); break;
        case 6: b.add_func_proto(any(), {{"x", any()}}); break;
        case 7: b.add_var("v", any()); break;
        default: b.add_type_tag("g", any()); break;
      }
    }
    INFO("round " << round);
    compare(b.bytes());
  }
}

TEST_CASE("Nesting up to and beyond the kernel's limit gets the kernel's error number") {
  if (!kernel_bpf_works()) SKIP("needs bpf(2), as root");
  for (uint32_t depth = 30; depth <= 35; ++depth) {
    for (int kind = 0; kind < 4; ++kind) {
      btf::Builder b;
      b.add_int("int", 4, btf::int_signed);
      for (uint32_t i = 1; i <= depth; ++i) {
        const btf::TypeId next = i == depth ? 1 : i + 2;
        if (kind == 0) b.add_struct("s", 8, {{"s", next, 0, 0}});
        if (kind == 1) b.add_typedef("t", next);
        if (kind == 2) b.add_ptr(next);
        if (kind == 3) b.add_array(next, 1, 1);
      }
      INFO("depth " << depth << " kind " << kind);
      compare(b.bytes());
    }
  }
}

}  // namespace skep::test
