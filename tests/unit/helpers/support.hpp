// SPDX-License-Identifier: Apache-2.0
// What the tests of helpers share: a VM and one run in it, from which helpers are called as engines call them.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "isa/make.hpp"
#include "vm/helpers/bind.hpp"
#include "vm/helpers/table.hpp"
#include "vm/vm.hpp"

namespace skep::vm::test {

using helpers::HelperId;

/// An Ethernet frame: addresses 02:00:00:00:00:01 and ..:02, then `type` and what follows.
inline std::vector<uint8_t> frame(uint16_t type, std::initializer_list<uint8_t> rest, size_t size) {
  std::vector<uint8_t> bytes = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, uint8_t(type >> 8), uint8_t(type)};
  bytes.insert(bytes.end(), rest);
  bytes.resize(size);
  return bytes;
}

/// IPv4, TCP, 10.0.0.1:1000 to 10.0.0.2:80, 64 bytes.
inline std::vector<uint8_t> ipv4_frame(uint8_t type_of_service = 0) {
  return frame(0x0800,
               {0x45, type_of_service, 0, 50, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 3, 0xe8, 0, 80}, 64);
}

inline std::vector<uint8_t> ipv6_frame() { return frame(0x86dd, {0x60, 0, 0, 0, 0, 36, 17, 64}, 90); }

class HelperTest {
 public:
  explicit HelperTest(verifier::ProgramType type = verifier::ProgramType::sched_cls)
      : vm(*Vm::create({.cpus = 2,
                        .fixed_clock_ns = 1'000'000'000,
                        .seed = 7,
                        .trace = [this](std::string_view line) { lines.emplace_back(line); }})),
        program(*Program::create(
            {.type = type, .license = "GPL", .insns = isa::make::mov64_imm(0, 0) + isa::make::exit()})),
        stay(vm->cpus().enter()),
        run(*vm, *program, stay.cpu()) {}

  /// Calls a helper; numbers and pointers.
  template <class... Args>
  int64_t call(HelperId id, Args... args) {
    const HelperFunction function = helper_function(static_cast<uint32_t>(id));
    REQUIRE(function != nullptr);
    std::array<uint64_t, 5> r{to_number(args)...};
    return static_cast<int64_t>(function(r[0], r[1], r[2], r[3], r[4], run));
  }

  std::vector<std::string> lines;  ///< traced
  std::shared_ptr<Vm> vm;
  std::shared_ptr<Program> program;
  maps::Cpus::Stay stay;
  Run run;

 protected:
  template <class T>
  static uint64_t to_number([[maybe_unused]] T value) {
    if constexpr (std::is_null_pointer_v<T>)
      return 0;
    else if constexpr (std::is_pointer_v<T>)
      return reinterpret_cast<uint64_t>(value);
    else
      return static_cast<uint64_t>(static_cast<int64_t>(value));
  }
};

/// A run with a packet; r1 of the helpers is the context.
class PacketTest : public HelperTest {
 public:
  PacketTest(verifier::ProgramType type, PacketKind kind, size_t context_size, const std::vector<uint8_t>& bytes,
             size_t headroom)
      : HelperTest(type), context(context_size), packet(*Packet::create(size_t{48} << 10)) {
    REQUIRE(packet.assign(std::as_bytes(std::span(bytes)), headroom));
    packet.kind = kind;
    run.context = &context;
    run.packet = &packet;
  }

  template <class... Args>
  int64_t on_context(HelperId id, Args... args) {
    return call(id, context.address(), args...);
  }

  [[nodiscard]] std::vector<uint8_t> bytes() const { return {packet.data, packet.data_end}; }

  Context context;
  Packet packet;
};

/// At the link header, as programs of sched_cls.
class SkbTest : public PacketTest {
 public:
  explicit SkbTest(const std::vector<uint8_t>& bytes = ipv4_frame())
      : PacketTest(verifier::ProgramType::sched_cls, PacketKind::skb, sizeof(__sk_buff), bytes, 64) {
    packet.skb.mac_header = 64;
    packet.skb.network_header = 64 + 14;
    uint16_t protocol;
    std::memcpy(&protocol, bytes.data() + 12, sizeof protocol);
    context.set(offsetof(__sk_buff, protocol), uint32_t{protocol});
    context.set(offsetof(__sk_buff, ifindex), kLoopback);
    publish_packet(context, packet);
  }
  [[nodiscard]] uint32_t field(size_t offset) const { return context.get<uint32_t>(offset); }
  void set_field(size_t offset, uint32_t value) { context.set(offset, value); }
};

class XdpTest : public PacketTest {
 public:
  explicit XdpTest(const std::vector<uint8_t>& bytes = ipv4_frame())
      : PacketTest(verifier::ProgramType::xdp, PacketKind::xdp, sizeof(xdp_md), bytes, 256) {
    packet.hard_end = packet.begin() + 4096 - 320;
    context.set(offsetof(xdp_md, ingress_ifindex), kLoopback);
    publish_packet(context, packet);
  }
};

}  // namespace skep::vm::test
