// SPDX-License-Identifier: Apache-2.0
// BPF_PROG_LOAD: from the caller's arguments to a program with an id and a descriptor. What Linux's verifier asks is in
// prog_check.cpp.
#include <fmt/format.h>

#include <chrono>

#include "maps/object_name.hpp"
#include "vm/commands/commands.hpp"
#include "vm/commands/log.hpp"
#include "vm/commands/prog_check.hpp"
#include "vm/load_observer.hpp"

namespace skep::vm::commands {
namespace {

using verifier::AttachType;
using verifier::Privilege;
using verifier::ProgramType;

constexpr uint32_t kKnownFlags = kProgStrictAlignment | kProgAnyAlignment | kProgTestRndHi32 | kProgTestStateFreq |
                                 kProgSleepable | kProgXdpHasFrags | kProgXdpDevBoundOnly | kProgTestRegInvariants |
                                 kProgTokenFd;
constexpr uint32_t kMaxBtfType = 0xfffff;  // BTF_MAX_TYPE
constexpr size_t kLicenseLength = 127;

bool is_open(ProgramType type) {
  const auto* info = verifier::program_type(type);
  return info != nullptr && info->privilege == Privilege::open;
}

Status check_rights_and_size(const Vm& vm, const ProgLoadAttr& attr) {
  const size_t limit = vm.unprivileged() ? verifier::kMaxInsnsUnprivileged : verifier::kMaxInsns;
  if (attr.insn_cnt == 0 || attr.insn_cnt > limit)
    return Error{E2BIG, fmt::format("{} instructions; a program has 1 to {}", attr.insn_cnt, limit)};
  const auto type = static_cast<ProgramType>(attr.prog_type);
  if (vm.unprivileged() && !is_open(type))
    return Error{EPERM,
                 fmt::format("only privileged users load programs of type {}", verifier::program_type_name(type))};
  return {};
}

/// The program, or the kernel types, that a program is to be attached to.
Status find_attach_target(Vm& vm, const ProgLoadAttr& attr, ProgramSpec& spec) {
  spec.attach_btf_id = attr.attach_btf_id;
  std::shared_ptr<BtfObject> types;
  if (attr.attach_prog_fd != 0) {
    int error = 0;
    spec.attach_program = object_of<Program>(vm, attr.attach_prog_fd, error);
    if (spec.attach_program == nullptr) {
      types = object_of<BtfObject>(vm, attr.attach_prog_fd, error);
      if (types == nullptr) return Error{EINVAL, "attach_prog_fd is neither a program nor BTF"};
      if (!types->is_kernel()) return Error{kENOTSUPP, "attach_btf_obj_fd is not the kernel's BTF"};
    }
  } else if (attr.attach_btf_id != 0) {
    types = vm.kernel_btf();
    if (types == nullptr) return Error{EINVAL, "there is no kernel BTF to find the attach target in"};
  }
  if (types != nullptr) spec.attach_btf = {types, types->types().get()};
  return {};
}

bool takes_attach_btf(ProgramType type) {
  return type == ProgramType::tracing || type == ProgramType::lsm || type == ProgramType::struct_ops ||
         type == ProgramType::ext;
}

/// Linux's bpf_prog_load_check_attach.
Status check_attach(const ProgramSpec& spec) {
  const auto wrong = [](const char* why) { return Error{EINVAL, why}; };
  const bool has_id = spec.attach_btf_id != 0;
  const bool has_program = spec.attach_program != nullptr;
  if (has_id && (spec.attach_btf_id > kMaxBtfType || (spec.attach_btf == nullptr && !has_program) ||
                 !takes_attach_btf(spec.type)))
    return wrong("attach_btf_id does not go with the program");
  if (spec.attach_btf != nullptr && (!has_id || has_program)) return wrong("BTF to attach to, but no attach_btf_id");
  if (has_program && spec.type != ProgramType::tracing && spec.type != ProgramType::ext)
    return wrong("attach_prog_fd does not go with the program's type");
  return verifier::check_attach_type(spec.type, spec.expected_attach_type);
}

Status read_text(const ProgLoadAttr& attr, ProgramSpec& spec) {
  spec.insns.resize(attr.insn_cnt);
  if (!copy_from_user(spec.insns.data(), attr.insns, spec.insns.size() * sizeof(isa::Insn)))
    return Error{EFAULT, "the instructions cannot be read"};
  if (!copy_string_from_user(spec.license, attr.license, kLicenseLength))
    return Error{EFAULT, "the license cannot be read"};
  return {};
}

/// The parts of the arguments that do not need the verifier.
Status read_spec(Vm& vm, const ProgLoadAttr& attr, ProgramSpec& spec) {
  spec.type = static_cast<ProgramType>(attr.prog_type);
  spec.expected_attach_type =
      verifier::effective_attach_type(spec.type, static_cast<AttachType>(attr.expected_attach_type));
  spec.flags = attr.prog_flags;
  spec.kernel_version = attr.kern_version;
  spec.interface_index = attr.prog_ifindex;
  spec.privileged = !vm.unprivileged();
  if (Status status = find_attach_target(vm, attr, spec); !status) return status;
  if (Status status = check_attach(spec); !status) return status;
  if (Status status = read_text(attr, spec); !status) return status;
  if (attr.signature != 0) return Error{EOPNOTSUPP, "signatures of programs are not supported"};
  if (attr.prog_ifindex != 0) return Error{EINVAL, fmt::format("there is no device {}", attr.prog_ifindex)};
  if (verifier::program_type(spec.type) == nullptr)
    return Error{EINVAL, fmt::format("there is no program type {}", attr.prog_type)};
  spec.load_time_ns = vm.clock().boot();
  spec.name = text_of(attr.prog_name);
  if (!maps::is_object_name(spec.name)) return Error{EINVAL, "names have letters, digits, '_' and '.'"};
  return {};
}

void report(const std::string& name, const Result<std::shared_ptr<Program>>& program, uint64_t time_ns) {
  auto* observer = LoadObserver::current();
  if (observer == nullptr) return;
  observer->report({.name = name,
                    .accepted = program.ok(),
                    .error = program ? Error{} : program.error(),
                    .verified_insns = program ? (*program)->spec().insns.size() : 0,  // the structural checks walk all
                    .time_ns = time_ns});
}

/// Writes the log out. 0 or a negative errno, which goes before the verdict.
int finish_log(const Call& call, const Log& log) {
  constexpr size_t kTrueSize = offsetof(Attr, prog_load.log_true_size);
  uint32_t true_size = 0;
  const int error = log.finish(true_size);
  return call.covers(kTrueSize) && !call.put(kTrueSize, true_size) ? -EFAULT : error;
}

}  // namespace

long prog_load(const Call& call, Attr& arguments) {
  const ProgLoadAttr& attr = arguments.prog_load;
  if ((attr.prog_flags & ~kKnownFlags) != 0) return -EINVAL;
  if ((attr.prog_flags & kProgTokenFd) != 0) return refuse_token(call.vm, attr.prog_token_fd);
  ProgramSpec spec;
  Status possible = check_rights_and_size(call.vm, attr);
  if (possible) possible = read_spec(call.vm, attr, spec);
  if (!possible) {
    report(text_of(attr.prog_name), possible.error(), 0);
    return call.refuse(possible.error());
  }
  Log log(attr.log_level, attr.log_buf, attr.log_size);
  if (!log.valid()) return -EINVAL;

  const auto start = std::chrono::steady_clock::now();
  const std::string name = spec.name;
  const auto program = check_program(call, attr, std::move(spec), log);
  const std::chrono::nanoseconds time = std::chrono::steady_clock::now() - start;
  report(name, program, static_cast<uint64_t>(time.count()));
  if (const int error = finish_log(call, log); error != 0) return error;
  if (!program) return call.refuse(program.error());

  call.vm.program_ids().add(*program);
  return call.vm.descriptors().open(AnyObject(*program));
}

}  // namespace skep::vm::commands
