// SPDX-License-Identifier: Apache-2.0
// The same program and input through the kernel's BPF_PROG_TEST_RUN and through ours.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <string>
#include <vector>

#include "isa/assemble.hpp"
#include "tests/kernel/kernel_bpf.hpp"
#include "vm/test_run.hpp"
#include "vm/vm.hpp"

namespace skep::test {

using Bytes = std::vector<std::byte>;

struct Outcome {
  int error = 0;  ///< errno
  uint32_t retval = 0;
  Bytes data;
  Bytes context;
};

/// What the kernel takes for a type: `packet`: data and context, in and out; `lookup`: a context in and out; `bytes`: a
/// context in, and no repetitions.
enum class Shape { packet, lookup, bytes };

struct Input {
  Bytes data;
  Bytes context;  ///< empty: none
  uint32_t flags = 0;
  uint32_t cpu = 0;
  uint32_t repeat = 1;
  Shape shape = Shape::packet;
};

/// A program in both worlds.
class Twin {
 public:
  Twin(vm::Vm& vm, verifier::ProgramType type, const std::string& text, uint32_t attach = 0) : vm_(vm) {
    auto code = isa::assemble(text);
    INFO(text);
    REQUIRE(code);
    kernel_ = kernel_load({.type = static_cast<uint32_t>(type), .attach = attach, .insns = *code});
    auto ours = vm::Program::create({.type = type, .license = "GPL", .insns = *code});
    REQUIRE(ours);
    ours_ = *ours;
  }

  /// Whether the kernel accepts the program; its log if not.
  [[nodiscard]] bool loaded() const { return kernel_.error == 0; }
  [[nodiscard]] const std::string& log() const { return kernel_.log; }

  [[nodiscard]] Outcome in_kernel(const Input& input) const {
    constexpr size_t kRoom = size_t{1} << 17;
    Outcome out{.data = Bytes(kRoom), .context = Bytes(input.context.size())};
    bpf_attr attr{};
    attr.test.prog_fd = static_cast<uint32_t>(kernel_.program.get());
    attr.test.data_in = reinterpret_cast<uintptr_t>(input.data.data());
    attr.test.data_size_in = static_cast<uint32_t>(input.data.size());
    if (input.shape == Shape::packet) {
      attr.test.data_out = reinterpret_cast<uintptr_t>(out.data.data());
      attr.test.data_size_out = kRoom;
    }
    if (!input.context.empty()) {
      attr.test.ctx_in = reinterpret_cast<uintptr_t>(input.context.data());
      attr.test.ctx_size_in = static_cast<uint32_t>(input.context.size());
    }
    if (!input.context.empty() && input.shape != Shape::bytes) {
      attr.test.ctx_size_out = static_cast<uint32_t>(input.context.size());
      attr.test.ctx_out = reinterpret_cast<uintptr_t>(out.context.data());
    }
    attr.test.flags = input.flags;
    attr.test.cpu = input.cpu;
    attr.test.repeat = input.shape == Shape::bytes ? 0 : input.repeat;
    const long result = kernel_bpf(BPF_PROG_TEST_RUN, attr);
    if (result < 0 && result != -ENOSPC) return {.error = static_cast<int>(-result)};
    out.retval = attr.test.retval;
    out.data.resize(attr.test.data_size_out);
    return out;
  }

  [[nodiscard]] Outcome ours(const Input& input) const {
    const auto output = vm::test_run(
        vm_, ours_,
        {.data = input.data, .context = input.context, .repeat = input.repeat, .flags = input.flags, .cpu = input.cpu});
    if (!output) return {.error = output.error().code};
    Outcome out{.retval = output->retval, .data = output->data};
    if (!input.context.empty())
      out.context.assign(
          output->context.begin(),
          output->context.begin() + static_cast<ptrdiff_t>(std::min(input.context.size(), output->context.size())));
    out.context.resize(input.context.size());
    return out;
  }

 private:
  vm::Vm& vm_;
  KernelVerdict kernel_;
  std::shared_ptr<vm::Program> ours_;
};

inline std::string hex(const Bytes& bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[std::to_integer<unsigned>(byte) >> 4];
    text += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

/// Checks that both give the same.
inline void compare(const Twin& twin, const Input& input) {
  const Outcome kernel = twin.in_kernel(input);
  const Outcome ours = twin.ours(input);
  CHECK(ours.error == kernel.error);
  if (ours.error != 0 || kernel.error != 0) return;
  CHECK(ours.retval == kernel.retval);
  CHECK(hex(ours.data) == hex(kernel.data));
  if (input.shape != Shape::bytes) CHECK(hex(ours.context) == hex(kernel.context));
}

/// A frame of `size` bytes with that type; what follows it counts up, after the headers given.
inline Bytes make_frame(size_t size, uint16_t type, std::initializer_list<uint8_t> header = {}) {
  Bytes bytes(std::max(size, 14 + header.size()));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte(i * 7);
  bytes[0] = std::byte{2};
  bytes[12] = std::byte(type >> 8);
  bytes[13] = std::byte(type & 0xff);
  size_t at = 14;
  for (const uint8_t byte : header) bytes[at++] = std::byte{byte};
  bytes.resize(size);
  return bytes;
}

inline Bytes ipv4_frame(size_t size, uint8_t service = 1) {
  return make_frame(size, 0x0800,
                    {0x45, service, 0, 50, 0, 0, 0, 0, 64, 6, 0x12, 0x34, 10, 0, 0, 1, 10, 0, 0, 2, 3, 0xe8, 0, 80});
}
inline Bytes ipv6_frame(size_t size) { return make_frame(size, 0x86dd, {0x60, 0x20, 0, 0, 0, 36, 17, 64}); }
inline Bytes vlan_frame(size_t size) { return make_frame(size, 0x8100, {0, 5, 8, 0, 0x45, 2}); }

}  // namespace skep::test
