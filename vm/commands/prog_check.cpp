// SPDX-License-Identifier: Apache-2.0
#include "vm/commands/prog_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "maps/prog_array.hpp"
#include "verifier/info_records.hpp"
#include "verifier/structure.hpp"

namespace skep::vm::commands {
namespace {

using maps::Map;
using maps::MapType;
using verifier::ProgramType;

constexpr uint32_t kMaxRecords = std::numeric_limits<int32_t>::max() / sizeof(btf::LineInfo);

Error refusal(int code, std::string message) { return {.code = code, .message = std::move(message)}; }

bool is_tracing(ProgramType type) {
  switch (type) {
    case ProgramType::kprobe:
    case ProgramType::tracepoint:
    case ProgramType::perf_event:
    case ProgramType::raw_tracepoint:
    case ProgramType::raw_tracepoint_writable: return true;
    default: return false;
  }
}

bool allows_sleeping(MapType type) {
  switch (type) {
    case MapType::hash:
    case MapType::lru_hash:
    case MapType::array:
    case MapType::percpu_hash:
    case MapType::percpu_array:
    case MapType::lru_percpu_hash:
    case MapType::array_of_maps:
    case MapType::hash_of_maps:
    case MapType::ringbuf:
    case MapType::user_ringbuf:
    case MapType::inode_storage:
    case MapType::sk_storage:
    case MapType::task_storage:
    case MapType::cgrp_storage:
    case MapType::queue:
    case MapType::stack:
    case MapType::arena: return true;
    default: return false;
  }
}

/// Linux's names of the fields that tracing programs may not have in their maps.
const char* name_for_tracing(maps::FieldKind kind) {
  switch (kind) {
    case maps::FieldKind::list_head:
    case maps::FieldKind::rb_root: return "bpf_{list_head,rb_root}";
    case maps::FieldKind::spin_lock: return "bpf_spin_lock";
    case maps::FieldKind::timer: return "bpf_timer";
    case maps::FieldKind::work_queue: return "bpf_wq";
    default: return nullptr;
  }
}

/// Whether a program of this type may use the map (Linux: check_map_prog_compatibility).
Status check_map(const Map& map, const ProgramSpec& spec) {
  for (const maps::Field& field : map.fields()) {
    const char* name = name_for_tracing(field.kind);
    if (name != nullptr && is_tracing(spec.type))
      return refusal(EINVAL, fmt::format("tracing progs cannot use {} yet", name));
    if (field.kind == maps::FieldKind::spin_lock && spec.type == ProgramType::socket_filter)
      return refusal(EINVAL, "socket filter progs cannot use bpf_spin_lock yet");
  }
  if (map.type() == MapType::struct_ops) return refusal(EINVAL, "bpf_struct_ops map cannot be used in prog");
  if ((spec.flags & kProgSleepable) != 0 && !allows_sleeping(map.type()))
    return refusal(EINVAL, "Sleepable programs can only use array, hash, ringbuf and local storage maps");
  return {};
}

/// Checks about where the program attaches (Linux: check_attach_btf_id).
Status check_attachment(const ProgramSpec& spec) {
  const bool sleepable = (spec.flags & kProgSleepable) != 0;
  if (spec.type == ProgramType::syscall)
    return sleepable ? Status() : refusal(EINVAL, "Syscall programs can only be sleepable");
  if (sleepable && !verifier::can_be_sleepable(spec.type, spec.expected_attach_type))
    return refusal(EINVAL, "Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable");
  const bool needs_btf_id =
      spec.type == ProgramType::tracing || spec.type == ProgramType::lsm || spec.type == ProgramType::ext;
  if (needs_btf_id && spec.attach_btf_id == 0) return refusal(EINVAL, "Tracing programs must provide btf_id");
  return {};
}

/// A program that may tail-call through an array is of the kind of those in it (Linux: bpf_check_tail_call).
Status join_program_arrays(const Program& program) {
  for (const auto& map : program.maps())
    if (map->type() == MapType::prog_array && !static_cast<maps::ProgArray&>(*map).admit(program.kind()))
      return refusal(EINVAL, fmt::format("program array {} is for programs of another kind", map->attributes().name));
  return {};
}

/// The steps of a check, in Linux's order.
class Checker {
 public:
  Checker(const Call& call, const ProgLoadAttr& attr, ProgramSpec spec)
      : call_(call), attr_(attr), spec_(std::move(spec)) {}

  Result<std::shared_ptr<Program>> run() {
    if (auto status = take_fd_array(); !status) return std::move(status).error();
    if (auto status = read_debug_info(); !status) return std::move(status).error();
    auto structure = verifier::check_structure({.insns = spec_.insns,
                                                .types = spec_.btf.get(),
                                                .func_info = spec_.functions,
                                                .line_info = spec_.lines,
                                                .bpf_capable = spec_.privileged,
                                                .has_fd_array = attr_.fd_array != 0});
    if (!structure) return std::move(structure).error();
    if (late_error_) return *std::move(late_error_);
    if (auto status = find_maps(*structure); !status) return std::move(status).error();
    if (auto status = check_attachment(spec_); !status) return std::move(status).error();
    auto program = Program::create(std::move(spec_), *std::move(structure));
    if (program)
      if (auto status = join_program_arrays(**program); !status) return std::move(status).error();
    return program;
  }

 private:
  /// Maps and BTF that the program gets in any case (fd_array_cnt).
  Status take_fd_array() {
    if (attr_.fd_array_cnt == 0) return {};
    if (attr_.fd_array_cnt >= std::numeric_limits<uint32_t>::max() / sizeof(int))
      return refusal(EINVAL, fmt::format("fd_array_cnt is too big ({})", attr_.fd_array_cnt));
    for (uint32_t i = 0; i < attr_.fd_array_cnt; ++i) {
      int32_t fd = 0;
      if (!copy_from_user(&fd, attr_.fd_array + uint64_t{i} * sizeof fd, sizeof fd))
        return refusal(EFAULT, fmt::format("cannot read entry {} of fd_array", i));
      int error = 0;
      if (object_of<BtfObject>(call_.vm, static_cast<uint32_t>(fd), error) != nullptr) continue;
      auto index = use_map(fd);
      if (!index) return std::move(index).error();
    }
    return {};
  }

  Status read_debug_info() {
    if (attr_.func_info_cnt == 0 && attr_.line_info_cnt == 0) return read_relocations();
    int error = 0;
    const auto types = object_of<BtfObject>(call_.vm, attr_.prog_btf_fd, error);
    if (types == nullptr) return refusal(-error, "prog_btf_fd is not a descriptor of BTF");
    if (types->is_kernel()) return refusal(EACCES, "prog_btf_fd is the BTF of a kernel");
    spec_.btf = {types, types->types().get()};
    auto functions = read_records(attr_.func_info, attr_.func_info_cnt, attr_.func_info_rec_size,
                                  verifier::read_func_info, offsetof(Attr, prog_load.func_info_rec_size));
    if (!functions) return std::move(functions).error();
    spec_.functions = *std::move(functions);
    // Linux reads line information only when it knows the functions.
    if (attr_.line_info_cnt > kMaxRecords) {
      late_error_ = refusal(EINVAL, "line_info_cnt is too large");
      return {};
    }
    auto lines = read_records(attr_.line_info, attr_.line_info_cnt, attr_.line_info_rec_size, verifier::read_line_info,
                              offsetof(Attr, prog_load.line_info_rec_size));
    if (!lines)
      late_error_ = std::move(lines).error();
    else
      spec_.lines = *std::move(lines);
    return read_relocations();
  }

  /// libbpf resolves CO-RE relocations itself.
  Status read_relocations() {
    if (attr_.core_relo_cnt != 0 && spec_.btf != nullptr && !late_error_)
      late_error_ = refusal(EOPNOTSUPP, "CO-RE relocations by the kernel are not built");
    return {};
  }

  /// `count` records of func_info or line_info. A caller whose records say what we do not know learns the size that we do.
  template <class T>
  Result<std::vector<T>> read_records(uint64_t address, uint32_t count, uint32_t record_size,
                                      Result<std::vector<T>> (*read)(std::span<const std::byte>, uint32_t),
                                      size_t size_field) {
    if (count == 0) return std::vector<T>();
    if (auto checked = read({}, record_size); !checked) return checked;
    Buffer bytes(size_t{count} * record_size);
    if (const int error = bytes.read(address); error != 0)
      return refusal(-error, fmt::format("cannot read {} records of debug information", count));
    auto records = read({bytes.data(), bytes.size()}, record_size);
    const uint32_t known = sizeof(T);
    if (!records && records.error().code == E2BIG && !call_.put(size_field, known))
      return refusal(EFAULT, "cannot write the size of a record back");
    return records;
  }

  /// Index in spec_.maps of the map that a descriptor stands for.
  Result<uint32_t> use_map(int32_t fd) {
    int error = 0;
    auto map = object_of<Map>(call_.vm, static_cast<uint32_t>(fd), error);
    if (map == nullptr) return refusal(-error, fmt::format("fd {} is not pointing to valid bpf_map", fd));
    const auto known = std::find(spec_.maps.begin(), spec_.maps.end(), map);
    const auto index = static_cast<uint32_t>(known - spec_.maps.begin());
    if (known != spec_.maps.end()) return index;
    if (spec_.maps.size() >= verifier::kMaxUsedMaps)
      return refusal(E2BIG, fmt::format("The total number of maps per program has reached the limit of {}",
                                        verifier::kMaxUsedMaps));
    if (auto status = check_map(*map, spec_); !status) return std::move(status).error();
    spec_.maps.push_back(std::move(map));
    return index;
  }

  Result<int32_t> descriptor_of(const verifier::MapReference& reference) const {
    if (!reference.by_index) return reference.number;
    int32_t fd = 0;
    const auto offset = static_cast<uint64_t>(int64_t{reference.number}) * sizeof fd;
    if (!copy_from_user(&fd, attr_.fd_array + offset, sizeof fd))
      return refusal(EFAULT, fmt::format("cannot read entry {} of fd_array", reference.number));
    return fd;
  }

  static Status check_value(Map& map, uint32_t offset) {
    uint64_t address = 0;
    const int error = map.direct_value_address(offset, address);
    if (error == 0) return {};
    if (error == -kENOTSUPP) return refusal(EINVAL, "no direct value access support for this map type");
    return refusal(-error,
                   fmt::format("invalid access to map value pointer, value_size={} off={}", map.value_size(), offset));
  }

  /// Descriptors in the instructions become indices of maps (Linux: resolve_pseudo_ldimm64).
  Status find_maps(verifier::Structure& structure) {
    for (verifier::MapReference& reference : structure.maps) {
      const auto at = [&reference](Error error) {
        error.insn = reference.insn;
        return error;
      };
      const auto fd = descriptor_of(reference);
      if (!fd) return at(fd.error());
      const auto index = use_map(*fd);
      if (!index) return at(index.error());
      if (reference.is_value)
        if (auto status = check_value(*spec_.maps[*index], reference.value_offset); !status)
          return at(std::move(status).error());
      reference.number = static_cast<int32_t>(*index);
      spec_.insns[reference.insn].imm = reference.number;
    }
    return {};
  }

  const Call& call_;
  const ProgLoadAttr& attr_;
  ProgramSpec spec_;
  std::optional<Error> late_error_;  // of debug information, after the structure's
};

}  // namespace

Result<std::shared_ptr<Program>> check_program(const Call& call, const ProgLoadAttr& attr, ProgramSpec spec, Log& log) {
  const std::string name = spec.name;
  auto program = Checker(call, attr, std::move(spec)).run();
  if (!program) {
    Error& error = program.error();
    error.program = name;
    log.add(error.message + "\n");
  }
  log.add(fmt::format("processed 0 insns (limit {}) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n",
                      verifier::kMaxInsns));
  return program;
}

}  // namespace skep::vm::commands
