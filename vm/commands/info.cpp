// SPDX-License-Identifier: Apache-2.0
// BPF_OBJ_GET_INFO_BY_FD: what is known about a program, map, BTF or link.
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "vm/commands/commands.hpp"

namespace skep::vm::commands {
namespace {

constexpr uint32_t kSha256Size = 32;

void set_name(ObjectName& field, const std::string& name) {
  field.fill('\0');
  name.copy(field.data(), field.size() - 1);
}

uint32_t id_of(Vm& vm, const btf::Types* types) {
  if (types == nullptr) return 0;
  for (auto object = vm.btf_ids().first_from(1); object != nullptr; object = vm.btf_ids().first_from(object->id() + 1))
    if (object->types().get() == types) return object->id();
  return 0;
}

/// Takes the caller's struct, which may be shorter or longer than the known one, and writes it back.
template <class Info>
class CallerInfo {
 public:
  CallerInfo(const Call& call, const InfoAttr& attr)
      : call_(call), address_(attr.info), size_(std::min<uint32_t>(attr.info_len, Info::kSize)) {
    error_ = check_tail_zero(attr.info, Info::kSize, attr.info_len);
    if (error_ == 0 && !copy_from_user(&info, address_, size_)) error_ = -EFAULT;
  }
  [[nodiscard]] int error() const { return error_; }
  /// 0 or -EFAULT.
  [[nodiscard]] int give_back() const {
    const bool given = copy_to_user(address_, &info, size_) && call_.put(offsetof(Attr, info.info_len), size_);
    return given ? 0 : -EFAULT;
  }

  Info info{};

 private:
  const Call& call_;
  uint64_t address_;
  uint32_t size_;
  int error_;
};

/// Gives out as many items as the caller has room for, and tells how many there are. False: EFAULT.
template <class T>
bool give_items(uint64_t address, uint32_t& count, std::span<const T> items) {
  const size_t room = std::min<size_t>(count, items.size());
  count = static_cast<uint32_t>(items.size());
  return room == 0 || copy_to_user(address, items.data(), room * sizeof(T));
}

/// A record size that the caller states must be right; 0 may stand for it where there is no room for records.
bool settle_record_size(uint32_t& size, uint32_t count, uint32_t known) {
  if ((count != 0 || size != 0) && size != known) return false;
  size = known;
  return true;
}

/// The program as its loader gave it, with ids for maps: `imm` the map's, the next word's the offset in its value.
std::vector<isa::Insn> translated(const Program& program) {
  std::vector<isa::Insn> insns = program.spec().insns;
  for (size_t i = 0; i < insns.size(); ++i) {
    if (!isa::is_wide(insns[i])) continue;
    if (const auto* map = program.map_of(insns[i])) {
      const bool value = insns[i].src == isa::kPseudoMapValue || insns[i].src == isa::kPseudoMapIdxValue;
      insns[i].src = value ? isa::kPseudoMapValue : isa::kPseudoMapFd;
      insns[i].imm = static_cast<int32_t>(map->id());
    }
    ++i;
  }
  return insns;
}

/// Linux's bpf_prog_get_info_by_fd. No machine code yet: its lengths are zero, its addresses hidden.
int fill(Vm& vm, const Program& program, ProgInfo& info) {
  const ProgramSpec& spec = program.spec();
  info.type = static_cast<uint32_t>(spec.type);
  info.id = program.id();
  info.load_time = program.load_time_ns();
  info.created_by_uid = vm.unprivileged() ? ::getuid() : 0;
  info.gpl_compatible = spec.gpl_compatible() ? 1 : 0;
  const uint64_t tag = program.tag();
  std::memcpy(info.tag.data(), &tag, sizeof tag);
  set_name(info.name, spec.name);

  std::vector<uint32_t> map_ids;
  for (const auto& map : program.maps()) map_ids.push_back(map->id());
  if (!give_items<uint32_t>(info.map_ids, info.nr_map_ids, map_ids)) return -EFAULT;
  if (!settle_record_size(info.func_info_rec_size, info.nr_func_info, sizeof(btf::FuncInfo)) ||
      !settle_record_size(info.line_info_rec_size, info.nr_line_info, sizeof(btf::LineInfo)) ||
      !settle_record_size(info.jited_line_info_rec_size, info.nr_jited_line_info, sizeof(uint64_t)))
    return -EINVAL;

  info.run_time_ns = program.run_time_ns;
  info.run_cnt = program.run_count;
  info.recursion_misses = 0;
  info.verified_insns = 0;
  info.btf_id = id_of(vm, spec.btf.get());
  info.jited_prog_len = 0;
  info.nr_jited_line_info = 0;
  if (vm.unprivileged()) {
    info.xlated_prog_len = info.nr_jited_ksyms = info.nr_jited_func_lens = info.nr_func_info = info.nr_line_info = 0;
    return 0;
  }

  const auto insns = translated(program);
  const size_t room = std::min<size_t>(info.xlated_prog_len, insns.size() * sizeof(isa::Insn));
  info.xlated_prog_len = static_cast<uint32_t>(insns.size() * sizeof(isa::Insn));
  if (room != 0 && !copy_to_user(info.xlated_prog_insns, insns.data(), room)) return -EFAULT;
  if (info.nr_jited_ksyms != 0) info.jited_ksyms = 0;
  if (info.nr_jited_func_lens != 0) info.jited_func_lens = 0;
  info.nr_jited_ksyms = info.nr_jited_func_lens = 1;
  info.attach_btf_id = spec.attach_btf_id;
  info.attach_btf_obj_id = id_of(vm, spec.attach_btf.get());
  const bool given = give_items<btf::FuncInfo>(info.func_info, info.nr_func_info, spec.functions) &&
                     give_items<btf::LineInfo>(info.line_info, info.nr_line_info, spec.lines) &&
                     give_items<uint64_t>(info.prog_tags, info.nr_prog_tags, std::span(&tag, 1));
  return given ? 0 : -EFAULT;
}

int fill(Vm& vm, const maps::Map& map, MapInfo& info) {
  const uint32_t hash_size = info.hash_size;
  const maps::Attributes& attributes = map.attributes();
  info = {
      .type = static_cast<uint32_t>(map.type()),
      .id = map.id(),
      .key_size = map.key_size(),
      .value_size = map.value_size(),
      .max_entries = map.max_entries(),
      .map_flags = attributes.flags,
      .btf_id = id_of(vm, attributes.btf.get()),
      .btf_key_type_id = attributes.btf != nullptr ? attributes.btf_key_type : 0,
      .btf_value_type_id = attributes.btf != nullptr ? attributes.btf_value_type : 0,
      .map_extra = attributes.extra,
      .hash = info.hash,
      .hash_size = hash_size,
  };
  set_name(info.name, attributes.name);
  // Hashes of contents are not built.
  if (info.hash == 0) return hash_size == 0 ? 0 : -EINVAL;
  return hash_size == kSha256Size ? -EOPNOTSUPP : -EINVAL;
}

int fill(Vm&, const BtfObject& object, BtfInfo& info) {
  const auto bytes = object.types()->bytes();
  const size_t room = std::min<size_t>(info.btf_size, bytes.size());
  if (room != 0 && !copy_to_user(info.btf, bytes.data(), room)) return -EFAULT;
  info.id = object.id();
  info.btf_size = static_cast<uint32_t>(bytes.size());
  info.kernel_btf = object.is_kernel() ? 1 : 0;

  const std::string& name = object.name();
  const uint32_t name_room = info.name_len;
  if ((info.name == 0) != (name_room == 0)) return -EINVAL;
  info.name_len = static_cast<uint32_t>(name.size());
  if (info.name == 0) return 0;
  const std::string cut = name.substr(0, name_room - 1);
  if (!copy_to_user(info.name, cut.c_str(), cut.size() + 1)) return -EFAULT;
  return cut.size() < name.size() ? -ENOSPC : 0;
}

int fill(Vm&, const Link& link, LinkInfo& info) {
  info.type = link.type();
  info.id = link.id();
  info.prog_id = link.program() != nullptr ? link.program()->id() : 0;
  return 0;
}

template <class Info, class Object>
long give(const Call& call, const InfoAttr& attr, const Object& object) {
  CallerInfo<Info> caller(call, attr);
  if (caller.error() != 0) return caller.error();
  // A name that was cut is told after the rest was given.
  const int error = fill(call.vm, object, caller.info);
  if (error != 0 && error != -ENOSPC) return error;
  const int given = caller.give_back();
  return given != 0 ? given : error;
}

struct Give {
  const Call& call;
  const InfoAttr& attr;
  long operator()(const std::shared_ptr<maps::Map>& map) const { return give<MapInfo>(call, attr, *map); }
  long operator()(const std::shared_ptr<Program>& program) const { return give<ProgInfo>(call, attr, *program); }
  long operator()(const std::shared_ptr<BtfObject>& object) const { return give<BtfInfo>(call, attr, *object); }
  long operator()(const std::shared_ptr<Link>& link) const { return give<LinkInfo>(call, attr, *link); }
  template <class Other>
  long operator()(const Other&) const {
    return -EINVAL;
  }
};

}  // namespace

long obj_get_info_by_fd(const Call& call, Attr& attr) {
  const auto resolved = call.vm.descriptors().resolve(static_cast<int>(attr.info.bpf_fd));
  if (resolved.error == -EBADF) return -EBADFD;
  return std::visit(Give{call, attr.info}, resolved.object);
}

}  // namespace skep::vm::commands
