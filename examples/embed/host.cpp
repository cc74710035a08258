// SPDX-License-Identifier: Apache-2.0
// A host program that filters messages with a BPF program of its users.
//   embed packet_counter.bpf.o
#include <skep/skep.hpp>

#include <cstdio>
#include <vector>

namespace {

int die(const skep::Error& error) {
  std::fprintf(stderr, "embed: %s\n", error.text().c_str());
  return 1;
}

struct Counters {
  uint64_t packets, bytes;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: embed packet_counter.bpf.o\n"), 2;
  auto vm = skep::Vm::create();
  if (!vm) return die(vm.error());
  auto object = vm->open(argv[1]);
  if (!object) return die(object.error());
  if (auto set = object->set_global("blocked_port", "8080"); !set) return die(set.error());
  if (auto loaded = object->load(); !loaded) return die(loaded.error());
  auto program = object->program("packet_counter");
  if (!program) return die(program.error());

  // An Ethernet frame of an unknown type, and one that ends within its header.
  std::vector<std::byte> frame(60, std::byte{0x42});
  const std::span<const std::byte> messages[] = {frame, std::span(frame).first(20), std::span(frame).first(14)};
  for (const auto message : messages) {
    auto result = program->run({.data = message});
    if (!result) return die(result.error());
    std::printf("%zu bytes: %s\n", message.size(), program->verdict_name(result->retval).c_str());
  }

  auto map = object->map("by_protocol");
  if (!map) return die(map.error());
  constexpr uint32_t kOther = 0;
  auto values = map->lookup(std::as_bytes(std::span(&kOther, 1)));  // one value for each CPU
  if (!values) return die(values.error());
  Counters total{};
  for (size_t at = 0; at < values->size(); at += sizeof(Counters)) {
    Counters of_cpu{};
    std::memcpy(&of_cpu, values->data() + at, sizeof of_cpu);
    total.packets += of_cpu.packets;
    total.bytes += of_cpu.bytes;
  }
  std::printf("other: %lu packets, %lu bytes\n", total.packets, total.bytes);
  return 0;
}
