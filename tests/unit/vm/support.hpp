// SPDX-License-Identifier: Apache-2.0
// What the tests of the VM share: a VM, and bpf(2) with less writing.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "isa/make.hpp"
#include "vm/attr.hpp"
#include "vm/vm.hpp"

namespace skep::vm {

inline std::shared_ptr<Vm> make_vm(Config config = {}) {
  auto vm = Vm::create(std::move(config));
  return vm ? *vm : nullptr;
}

template <class T>
uint64_t address_of(T& object) {
  return reinterpret_cast<uint64_t>(&object);
}

inline long bpf(Vm& vm, Command command, Attr& attr) { return vm.bpf(static_cast<int>(command), &attr, sizeof attr); }

inline ObjectName name_of(std::string_view text) {
  ObjectName name{};
  text.copy(name.data(), name.size());
  return name;
}

inline Attr array_attr(uint32_t value_size = 8, uint32_t max_entries = 4, uint32_t flags = 0) {
  Attr attr{};
  attr.map_create = {.map_type = static_cast<uint32_t>(maps::MapType::array),
                     .key_size = 4,
                     .value_size = value_size,
                     .max_entries = max_entries,
                     .map_flags = flags,
                     .map_name = name_of("an_array")};
  return attr;
}

inline Attr hash_attr(uint32_t max_entries = 4) {
  Attr attr = array_attr(8, max_entries);
  attr.map_create.map_type = static_cast<uint32_t>(maps::MapType::hash);
  return attr;
}

inline int create_map(Vm& vm, Attr attr) { return static_cast<int>(bpf(vm, Command::map_create, attr)); }
inline int create_array(Vm& vm, uint32_t flags = 0) { return create_map(vm, array_attr(8, 4, flags)); }

inline long update(Vm& vm, int map, uint32_t key, uint64_t value, uint64_t flags = 0) {
  Attr attr{};
  attr.elem = {
      .map_fd = static_cast<uint32_t>(map), .key = address_of(key), .value = address_of(value), .flags = flags};
  return bpf(vm, Command::map_update_elem, attr);
}

inline long lookup(Vm& vm, int map, uint32_t key, uint64_t& value) {
  Attr attr{};
  attr.elem = {.map_fd = static_cast<uint32_t>(map), .key = address_of(key), .value = address_of(value)};
  return bpf(vm, Command::map_lookup_elem, attr);
}

/// r0 = 0; exit
inline isa::Code trivial_code() { return isa::make::mov64_imm(0, 0) + isa::make::exit(); }

/// A PROG_LOAD of `code`, which must outlive the attr.
inline Attr load_attr(const isa::Code& code, verifier::ProgramType type = verifier::ProgramType::socket_filter) {
  static const char license[] = "GPL";
  Attr attr{};
  attr.prog_load = {.prog_type = static_cast<uint32_t>(type),
                    .insn_cnt = static_cast<uint32_t>(code.size()),
                    .insns = reinterpret_cast<uint64_t>(code.data()),
                    .license = address_of(license),
                    .prog_name = name_of("a_program")};
  return attr;
}

inline int load(Vm& vm, const isa::Code& code, verifier::ProgramType type = verifier::ProgramType::socket_filter) {
  Attr attr = load_attr(code, type);
  return static_cast<int>(bpf(vm, Command::prog_load, attr));
}

inline long next_id(Vm& vm, Command command, uint32_t start, uint32_t& next) {
  Attr attr{};
  attr.get_id.id = start;
  const long result = bpf(vm, command, attr);
  next = attr.get_id.next_id;
  return result;
}

inline int fd_by_id(Vm& vm, Command command, uint32_t id, uint32_t open_flags = 0) {
  Attr attr{};
  attr.get_id = {.id = id, .open_flags = open_flags};
  return static_cast<int>(bpf(vm, command, attr));
}

template <class Info>
long get_info(Vm& vm, int fd, Info& info, uint32_t size = Info::kSize) {
  Attr attr{};
  attr.info = {.bpf_fd = static_cast<uint32_t>(fd), .info_len = size, .info = address_of(info)};
  return bpf(vm, Command::obj_get_info_by_fd, attr);
}

/// The smallest BTF: one int.
inline std::vector<std::byte> int_btf() {
  struct Blob {
    uint16_t magic = 0xeb9f;
    uint8_t version = 1, flags = 0;
    uint32_t hdr_len = 24, type_off = 0, type_len = 16, str_off = 16, str_len = 5;
    uint32_t name_off = 1, info = 1u << 24, size = 4, encoding = 1u << 24 | 32;
    char strings[8] = "\0int";
  } blob;
  constexpr size_t kSize = 24 + 16 + 5;
  const auto* bytes = reinterpret_cast<const std::byte*>(&blob);
  return {bytes, bytes + kSize};
}

inline int load_btf(Vm& vm, const std::vector<std::byte>& blob) {
  Attr attr{};
  attr.btf_load = {.btf = reinterpret_cast<uint64_t>(blob.data()), .btf_size = static_cast<uint32_t>(blob.size())};
  return static_cast<int>(bpf(vm, Command::btf_load, attr));
}

/// Two pages of which the second cannot be reached: an address near the end of the first tests the last byte.
class GuardedPage {
 public:
  GuardedPage()
      : memory_(static_cast<std::byte*>(
            ::mmap(nullptr, 2 * kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    ::mprotect(memory_ + kSize, kSize, PROT_NONE);
  }
  ~GuardedPage() { ::munmap(memory_, 2 * kSize); }
  GuardedPage(const GuardedPage&) = delete;
  GuardedPage& operator=(const GuardedPage&) = delete;

  static constexpr size_t kSize = 4096;
  [[nodiscard]] std::byte* end() { return memory_ + kSize; }
  /// Address of the last `size` bytes.
  [[nodiscard]] uint64_t last(size_t size) { return reinterpret_cast<uint64_t>(end() - size); }
  void make_read_only() { ::mprotect(memory_, kSize, PROT_READ); }

 private:
  std::byte* memory_;
};

}  // namespace skep::vm
