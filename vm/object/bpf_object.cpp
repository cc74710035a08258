// SPDX-License-Identifier: Apache-2.0
#include "vm/object/bpf_object.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "vm/object/libbpf.hpp"
#include "vm/prepare/prepare.hpp"

namespace skep::vm {
namespace {

std::shared_ptr<const btf::Types> types_of(const bpf_object* object) {
  const ::btf* types = bpf_object__btf(object);
  if (types == nullptr) return nullptr;
  uint32_t size = 0;
  const void* bytes = btf__raw_data(types, &size);
  if (bytes == nullptr) return nullptr;
  auto parsed = btf::Types::parse({static_cast<const std::byte*>(bytes), size}, {}, btf::Origin::object);
  return parsed ? *parsed : nullptr;
}

/// What the VM's kernel has: functions and variables that its BTF names. libbpf judges kconfig values itself.
KnowsExtern externs_of(const Vm& vm) {
  return [&vm](ExternKind kind, std::string_view name) {
    if (kind == ExternKind::kconfig) return true;
    const auto& kernel = vm.kernel_btf();
    if (!kernel) return false;
    return kernel->types()->find(name, kind == ExternKind::kfunc ? btf::Kind::func : btf::Kind::var) != 0;
  };
}

bool is_global_data(const bpf_map* map) {
  size_t size = 0;
  return bpf_map__is_internal(map) && bpf_map__initial_value(const_cast<bpf_map*>(map), &size) != nullptr;
}

/// Whether a line of libbpf's only says that something failed for the reason that was given before.
bool is_consequence(std::string_view line) {
  return line.empty() || line.starts_with("failed to load object") || line.starts_with("failed to relocate") ||
         line.ends_with("END PROG LOAD LOG --") || line.find("failed to prepare load attributes") != line.npos ||
         (line.starts_with("prog '") && line.find("failed to load: ") != line.npos);
}

/// The last of libbpf's warnings that gives a reason, without its prefix; of none, the last one.
std::string last_reason(std::string_view text) {
  std::string_view best;
  std::string_view fallback;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.starts_with("libbpf: ")) line.remove_prefix(8);
    if (!is_consequence(line))
      best = line;
    else if (!line.empty())
      fallback = line;
  }
  return std::string(best.empty() ? fallback : best);
}

/// What libbpf says to an errno, with what the VM said when it gave it: libbpf sees the number only.
std::string reason(const LoadObserver& observer, int code, const char* otherwise) {
  std::string why = last_reason(observer.warnings());
  if (why.empty()) why = otherwise;
  if (why.starts_with("Error loading vmlinux BTF")) return "the VM has no kernel BTF, which this needs";
  const size_t map_fails = why.find(": failed to create");
  const Error* refusal = observer.refusal_with(code);
  if (map_fails == std::string::npos || refusal == nullptr) return why;
  return fmt::format("{}: {}", why.substr(0, map_fails), refusal->message);
}

/// How libbpf would name an object from this path: its maps of data sections are named after it.
std::string libbpf_name(std::string_view path) {
  const std::string_view file = path.substr(path.find_last_of('/') + 1);
  return std::string(file.substr(0, file.find('.')));
}

}  // namespace

Result<std::unique_ptr<BpfObject>> BpfObject::open(std::shared_ptr<Vm> vm, std::span<const std::byte> elf,
                                                   const OpenOptions& options) {
  const auto in_object = [&options](Error error) {
    error.object = options.name;
    return error;
  };
  std::unique_ptr<BpfObject> object(new BpfObject(std::move(vm), options.name));
  PrepareOptions prepare_options{.name = options.name, .program = options.program, .knows = externs_of(*object->vm_)};
  if (!options.type.empty()) {
    const auto* type = verifier::program_type_by_name(options.type);
    if (type == nullptr)
      return in_object({.code = EINVAL, .message = fmt::format("there is no program type '{}'", options.type)});
    prepare_options.type = ProgramType{.type = static_cast<uint32_t>(type->type), .expected_attach_type = 0};
  }
  auto prepared = prepare(elf, prepare_options);
  if (!prepared) return in_object(std::move(prepared).error());
  object->bytes_ = std::move(prepared->bytes);
  const CurrentSystem current(*object->vm_);
  if (auto status = object->hand_to_libbpf(options); !status) return in_object(std::move(status).error());
  object->set_types(prepared->programs);
  object->list_contents();
  if (!options.program.empty()) object->select(prepared->needs);
  return object;
}

BpfObject::~BpfObject() {
  const CurrentSystem current(*vm_);
  bpf_object__close(object_);
}

Status BpfObject::hand_to_libbpf(const OpenOptions& options) {
  LoadObserver observer;
  bpf_object_open_opts libbpf_options{};
  libbpf_options.sz = sizeof libbpf_options;
  const std::string name = libbpf_name(options.name);
  libbpf_options.object_name = name.c_str();
  object_ = bpf_object__open_mem(bytes_.data(), bytes_.size(), &libbpf_options);
  if (object_ != nullptr) return {};
  const int code = errno;
  return Error{.code = code, .message = reason(observer, code, "libbpf cannot open the object")};
}

void BpfObject::set_types(const std::vector<PreparedProgram>& programs) {
  for (const PreparedProgram& program : programs) {
    if (!program.type) continue;
    bpf_program* handle = bpf_object__find_program_by_name(object_, program.name.c_str());
    if (handle == nullptr) continue;
    bpf_program__set_type(handle, static_cast<bpf_prog_type>(program.type->type));
    bpf_program__set_expected_attach_type(handle, static_cast<bpf_attach_type>(program.type->expected_attach_type));
  }
}

void BpfObject::list_contents() {
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object_) {
    programs_.push_back({.handle = program,
                         .name = bpf_program__name(program),
                         .section = bpf_program__section_name(program),
                         .type = static_cast<verifier::ProgramType>(bpf_program__type(program)),
                         .insn_count = bpf_program__insn_cnt(program)});
  }
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object_) {
    maps_.push_back({.handle = map,
                     .name = bpf_map__name(map),
                     .type = static_cast<maps::MapType>(bpf_map__type(map)),
                     .key_size = bpf_map__key_size(map),
                     .value_size = bpf_map__value_size(map),
                     .max_entries = bpf_map__max_entries(map),
                     .global_data = is_global_data(map)});
  }
  types_ = types_of(object_);
}

void BpfObject::select(const Needs& needs) {
  for (const Entry& entry : programs_) bpf_program__set_autoload(entry.handle, needs.programs.contains(entry.name));
  // A map that the program does not use must not keep it from loading.
  for (const MapEntry& entry : maps_)
    if (!needs.has_map(entry.name)) bpf_map__set_autocreate(entry.handle, false);
}

Status BpfObject::load() {
  if (loaded_) return Error{.code = EALREADY, .message = "the object is loaded already", .object = name_};
  const CurrentSystem current(*vm_);
  LoadObserver observer;
  const int code = bpf_object__load(object_);
  reports_.clear();
  for (const Entry& entry : programs_)
    reports_.push_back(bpf_program__autoload(entry.handle) ? observer.next_report(entry.name).value_or(ProgramReport{})
                                                           : ProgramReport{});
  if (code != 0) return load_error(-code, observer);
  loaded_ = true;
  return {};
}

Error BpfObject::load_error(int code, const LoadObserver& observer) const {
  for (size_t i = 0; i < programs_.size(); ++i) {
    if (reports_[i].name.empty() || reports_[i].accepted) continue;
    Error error = reports_[i].error;
    error.object = name_;
    error.program = programs_[i].name;
    return error;
  }
  return {.code = code, .message = reason(observer, code, "libbpf cannot load the object"), .object = name_};
}

ProgramReport BpfObject::report_of(std::string_view program) const {
  for (size_t i = 0; i < reports_.size(); ++i)
    if (programs_[i].name == program) return reports_[i];
  return {};
}

std::shared_ptr<Program> BpfObject::program(const Entry& entry) const {
  int error = 0;
  const int fd = bpf_program__fd(entry.handle);
  if (fd < 0) return nullptr;
  return std::dynamic_pointer_cast<Program>(vm_->program_of_descriptor(fd, error));
}

std::shared_ptr<maps::Map> BpfObject::map(const MapEntry& entry) const {
  int error = 0;
  const int fd = bpf_map__fd(entry.handle);
  if (!loaded_ || fd < 0) return nullptr;
  return vm_->map_of_descriptor(fd, error);
}

std::span<const isa::Insn> BpfObject::insns(const Entry& entry) const {
  return {reinterpret_cast<const isa::Insn*>(bpf_program__insns(entry.handle)), bpf_program__insn_cnt(entry.handle)};
}

}  // namespace skep::vm
