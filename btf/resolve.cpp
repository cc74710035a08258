// SPDX-License-Identifier: Apache-2.0
// The second half of Linux's btf_parse(): a depth-first walk with an explicit stack. What a type depends on
// depends on where the walk began: a struct holds its members by value, but ends a chain of pointers. The
// walk follows Linux's, as the order decides which of several faults (and which error number) a hostile blob
// gets.
#include "btf/resolve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "btf/check_member.hpp"
#include "btf/check_record.hpp"
#include "btf/layout.hpp"

namespace skep::btf {

class Resolver {
 public:
  Resolver(Types& types, Origin origin)
      : types_(types), strict_(origin == Origin::load), visits_(types.own_.size(), Visit::none) {}

  Status run();

 private:
  enum class Visit : uint8_t { none, open, resolved };
  enum class Mode : uint8_t { undecided, pointer, by_value };
  struct Vertex {
    TypeId id;
    uint32_t next_item = 0;  ///< The first item not judged yet.
  };
  /// What judging the top of the stack came to: a fault, another type to visit first, or (neither) done.
  struct Step {
    TypeId visit = 0;
    std::optional<Fault> fault{};
  };
  using Judge = Step (Resolver::*)(Vertex&, const Type&);

  static Step fail(std::string_view reason, int item = -1) { return {0, Fault{reason, EINVAL, item}}; }
  static Judge judge_of(Kind kind);

  void set_own_layouts();
  Status check_type(TypeId id);
  Status resolve(TypeId id);
  std::optional<Fault> push(TypeId id);
  Step finish(TypeId resolved_id);
  Step finish_with_layout(uint32_t size, uint32_t align);

  Step judge_modifier(Vertex&, const Type&);
  Step judge_ptr(Vertex&, const Type&);
  Step judge_array(Vertex&, const Type&);
  Step judge_composite(Vertex&, const Type&);
  Step judge_var(Vertex&, const Type&);
  Step judge_func(Vertex&, const Type&);
  Step judge_decl_tag(Vertex&, const Type&);
  Step judge_datasec(Vertex&, const Type&);
  Status check_func_proto(const Type& proto);
  Result<bool> check_value_of_func(const Type& proto, TypeId id, const Fault& fault);
  Status check_tag_chains();

  [[nodiscard]] bool is_resolved(TypeId id) const {
    return id < types_.first_id_ || visits_[id - types_.first_id_] == Visit::resolved;
  }
  [[nodiscard]] bool is_sink(const Type& type) const;
  [[nodiscard]] bool must_visit(const Type& type) const { return !is_sink(type) && !is_resolved(type.id()); }
  [[nodiscard]] TypeId unresolved_pointer_behind(const Type& modifier) const;
  [[nodiscard]] bool may_be_referenced(TypeId id) const;
  [[nodiscard]] bool may_be_value(TypeId id) const;
  [[nodiscard]] bool may_be_pointee(TypeId id) const;
  Types::Entry& entry(TypeId id) { return types_.own_[id - types_.first_id_]; }
  [[nodiscard]] Error error(TypeId id, const Fault& fault) const {
    return type_error(types_, id, types_.record(id), fault);
  }

  static constexpr size_t kMaxDepth = 32;  ///< Linux's MAX_RESOLVE_DEPTH.

  Types& types_;
  bool strict_;
  std::vector<Visit> visits_;  ///< Of own types.
  std::vector<Vertex> stack_;
  Mode mode_ = Mode::undecided;
};

namespace {

/// Types that others never name, except a datasec its variables and a tag its target.
bool is_source_only(const Type& type) {
  return type.is(Kind::var) || type.is(Kind::decl_tag) || type.is(Kind::datasec);
}

bool is_without_size(const Type& type) {
  return type.is_void() || type.is(Kind::fwd) || type.is(Kind::func) || type.is(Kind::func_proto) ||
         type.is(Kind::decl_tag);
}

bool has_size_field(const Type& type) {
  return type.is(Kind::int_) || type.is_composite() || type.is(Kind::enum_) || type.is(Kind::enum64) ||
         type.is(Kind::float_) || type.is(Kind::datasec);
}

/// The BPF targets align scalars to their size, at most to a register.
uint32_t scalar_align(uint32_t size) {
  const uint32_t lowest_bit = size & (0 - size);
  return std::clamp(lowest_bit, 1u, kPointerSize);
}

}  // namespace

Resolver::Judge Resolver::judge_of(Kind kind) {
  static constexpr std::array<Judge, kKindCount> kJudges = {
      /* void       */ nullptr,
      /* int        */ nullptr,
      /* ptr        */ &Resolver::judge_ptr,
      /* array      */ &Resolver::judge_array,
      /* struct     */ &Resolver::judge_composite,
      /* union      */ &Resolver::judge_composite,
      /* enum       */ nullptr,
      /* fwd        */ nullptr,
      /* typedef    */ &Resolver::judge_modifier,
      /* volatile   */ &Resolver::judge_modifier,
      /* const      */ &Resolver::judge_modifier,
      /* restrict   */ &Resolver::judge_modifier,
      /* func       */ &Resolver::judge_func,
      /* func_proto */ nullptr,
      /* var        */ &Resolver::judge_var,
      /* datasec    */ &Resolver::judge_datasec,
      /* float      */ nullptr,
      /* decl_tag   */ &Resolver::judge_decl_tag,
      /* type_tag   */ &Resolver::judge_modifier,
      /* enum64     */ nullptr,
  };
  return kJudges[static_cast<size_t>(kind)];
}

/// Sizes that need no other type; resolving fills in the rest.
void Resolver::set_own_layouts() {
  for (TypeId id = types_.first_id_; id < types_.count(); ++id) {
    const Type type = types_.type(id);
    Types::Entry& e = entry(id);
    e.resolved = id;
    if (has_size_field(type)) e.size = type.size();
    if (type.is(Kind::ptr)) e.size = kPointerSize;
    if (!type.is_composite() && !type.is(Kind::datasec)) e.align = scalar_align(e.size);
    e.has_size = has_size_field(type) || type.is(Kind::ptr) || type.is(Kind::array);
  }
}

bool Resolver::is_sink(const Type& type) const {
  switch (mode_) {
    case Mode::undecided: return judge_of(type.kind()) == nullptr;
    case Mode::pointer: return !type.is_modifier() && !type.is(Kind::ptr);
    case Mode::by_value: return !type.is_modifier() && !type.is(Kind::array) && !type.is_composite();
  }
  return true;
}

/// Whether a modifier, pointer or variable may name `id`.
bool Resolver::may_be_referenced(TypeId id) const { return types_.contains(id) && !is_source_only(types_.type(id)); }

/// Whether an array or struct may hold `id` by value, as far as its own kind tells.
bool Resolver::may_be_value(TypeId id) const { return may_be_referenced(id) && !is_without_size(types_.type(id)); }

/// Whether `id`, without a value of its own, may still stand behind a pointer or modifier: void, struct foo;,
/// int().
bool Resolver::may_be_pointee(TypeId id) const {
  if (types_.has_size(id)) return true;
  const Type type = is_resolved(id) ? types_.resolve(id) : types_.type(id);
  return type.is_void() || type.is(Kind::fwd) || type.is(Kind::func_proto);
}

/// A modifier resolved while inside a struct may have stopped at a pointer; a loop may lie behind that. 0:
/// none.
TypeId Resolver::unresolved_pointer_behind(const Type& type) const {
  if (!type.is_modifier()) return 0;
  const Type target = types_.resolve(type.id());
  return target.is(Kind::ptr) && must_visit(target) ? target.id() : 0;
}

std::optional<Fault> Resolver::push(TypeId id) {
  if (strict_ && stack_.size() == kMaxDepth) return Fault{"types are nested deeper than 32", E2BIG};
  Visit& visit = visits_[id - types_.first_id_];
  if (visit != Visit::none) return Fault{"the type contains itself", EEXIST};
  visit = Visit::open;
  stack_.push_back({id});
  if (mode_ == Mode::undecided) {
    const Type type = types_.type(id);
    if (type.is(Kind::ptr)) mode_ = Mode::pointer;
    if (type.is_composite() || type.is(Kind::array)) mode_ = Mode::by_value;
  }
  return std::nullopt;
}

Resolver::Step Resolver::finish(TypeId resolved_id) {
  const TypeId id = stack_.back().id;
  entry(id).resolved = resolved_id;
  visits_[id - types_.first_id_] = Visit::resolved;
  stack_.pop_back();
  return {};
}

Resolver::Step Resolver::finish_with_layout(uint32_t size, uint32_t align) {
  const TypeId id = stack_.back().id;
  entry(id).size = size;
  entry(id).align = align;
  return finish(id);
}

Resolver::Step Resolver::judge_modifier(Vertex&, const Type& type) {
  const TypeId next = type.ref();
  if (!may_be_referenced(next)) return fail("invalid type id");
  if (must_visit(types_.type(next))) return {next};
  if (!may_be_pointee(next)) return fail("the modifier is of a type that has no value");
  return finish(types_.resolve(next).id());
}

Resolver::Step Resolver::judge_ptr(Vertex&, const Type& type) {
  const TypeId next = type.ref();
  if (!may_be_referenced(next)) return fail("invalid type id");
  if (must_visit(types_.type(next))) return {next};
  if (TypeId pointer = unresolved_pointer_behind(types_.type(next))) return {pointer};
  if (!may_be_pointee(next)) return fail("the pointer is to a type that it cannot point to");
  return finish(type.id());
}

Resolver::Step Resolver::judge_array(Vertex&, const Type& type) {
  const Array array = type.array();
  if (!may_be_value(array.index)) return fail("invalid index type");
  if (must_visit(types_.type(array.index))) return {array.index};
  if (!is_regular_int(types_.resolve(array.index))) return fail("the index type is not a regular integer");

  if (!may_be_value(array.element)) return fail("invalid element type");
  if (must_visit(types_.type(array.element))) return {array.element};
  if (!types_.has_size(array.element)) return fail("the elements have no size");
  const Type element = types_.resolve(array.element);
  if (element.is(Kind::int_) && !is_regular_int(element)) return fail("the elements are not regular integers");
  const Types::Layout layout = types_.layout(array.element);
  const uint64_t size = uint64_t{layout.size} * array.count;
  if (size > UINT32_MAX) return fail("the size of the array exceeds 32 bits");
  return finish_with_layout(static_cast<uint32_t>(size), layout.align);
}

Resolver::Step Resolver::judge_composite(Vertex& vertex, const Type& type) {
  const Items<Member> members = type.members();
  for (uint32_t& i = vertex.next_item; i < members.size(); ++i) {
    const TypeId id = members[i].type;
    if (!may_be_value(id)) return fail("invalid type of a member", static_cast<int>(i));
    if (must_visit(types_.type(id))) return {id};
    if (!types_.has_size(id)) return fail("the member has no size", static_cast<int>(i));
    if (auto fault = check_member_fits(type, i)) return {0, fault};
  }
  bool packed = false;
  uint32_t align = 1;
  for (const Member member : members) {
    const uint32_t member_align = types_.layout(member.type).align;
    align = std::max(align, member_align);
    packed |= member.bitfield_size == 0 && member.bit_offset % (8 * member_align) != 0;
  }
  packed |= type.size() % align != 0;
  return finish_with_layout(type.size(), packed ? 1 : align);
}

Resolver::Step Resolver::judge_var(Vertex&, const Type& type) {
  const TypeId next = type.ref();
  if (!may_be_referenced(next)) return fail("invalid type id");
  if (must_visit(types_.type(next))) return {next};
  if (TypeId pointer = unresolved_pointer_behind(types_.type(next))) return {pointer};
  // "extern const void symbol" of an object file has no size; libbpf replaces it.
  if (strict_ && !types_.has_size(next)) return fail("the variable has no size");
  return finish(types_.resolve(next).id());
}

Resolver::Step Resolver::judge_func(Vertex&, const Type& type) {
  if (!types_.contains(type.ref()) || !types_.type(type.ref()).is(Kind::func_proto))
    return fail("the type of the function is not a FUNC_PROTO");
  const Items<Param> params = types_.type(type.ref()).params();
  for (uint32_t i = 0; strict_ && i < params.size(); ++i) {
    if (params[i].name.empty() && params[i].type != 0) return fail("the parameter has no name", static_cast<int>(i));
  }
  return finish(type.ref());
}

Resolver::Step Resolver::judge_decl_tag(Vertex&, const Type& type) {
  const Type target = types_.type(type.ref());
  const bool is_target =
      target.is(Kind::func) || target.is_composite() || target.is(Kind::var) || target.is(Kind::typedef_);
  if (!is_target) return fail("the tag is on a type that cannot have one");
  if (must_visit(target)) return {target.id()};
  if (type.component_index() != -1) {
    if (target.is(Kind::var) || target.is(Kind::typedef_)) return fail("the component index of the tag is not -1");
    const uint32_t components = target.is(Kind::func) ? types_.type(target.ref()).vlen() : target.vlen();
    if (static_cast<uint32_t>(type.component_index()) >= components)
      return fail("the component index of the tag is too large");
  }
  return finish(type.ref());
}

Resolver::Step Resolver::judge_datasec(Vertex& vertex, const Type& type) {
  mode_ = Mode::undecided;
  const Items<SectionVar> vars = type.section_vars();
  for (uint32_t& i = vertex.next_item; i < vars.size(); ++i) {
    const Type var = types_.type(vars[i].type);
    const bool is_function = !strict_ && var.is(Kind::func);  // Objects list their extern functions too.
    if (!var.is(Kind::var) && !is_function) return fail("not a variable", static_cast<int>(i));
    if (must_visit(var)) return {var.id()};
    if (!strict_) continue;
    if (!types_.has_size(var.ref())) return fail("the variable has no size", static_cast<int>(i));
    if (vars[i].size < types_.layout(var.ref()).size) return fail("invalid size", static_cast<int>(i));
  }
  return finish(type.id());
}

Status Resolver::resolve(TypeId id) {
  mode_ = Mode::undecided;
  std::optional<Fault> push_fault = push(id);
  while (!push_fault && !stack_.empty()) {
    const Type type = types_.type(stack_.back().id);
    const Step step = (this->*judge_of(type.kind()))(stack_.back(), type);
    if (step.fault) return error(type.id(), *step.fault);
    if (step.visit != 0) push_fault = push(step.visit);
  }
  if (push_fault) return error(id, *push_fault);
  return {};
}

/// A result or parameter of a function: resolves `id`, and whether it has a value.
Result<bool> Resolver::check_value_of_func(const Type& proto, TypeId id, const Fault& fault) {
  if (!may_be_referenced(id)) return error(proto.id(), fault);
  if (judge_of(types_.type(id).kind()) != nullptr && !is_resolved(id)) {
    if (Status status = resolve(id); !status) return std::move(status).error();
  }
  return types_.has_size(id);
}

Status Resolver::check_func_proto(const Type& proto) {
  const Fault bad_result{"invalid return type"};
  if (proto.ref() != 0) {
    auto has_value = check_value_of_func(proto, proto.ref(), bad_result);
    if (!has_value) return std::move(has_value).error();
    if (!*has_value && strict_) return error(proto.id(), bad_result);
  }
  const Items<Param> params = proto.params();
  uint32_t count = params.size();
  if (count != 0 && params[count - 1].type == 0) {
    --count;
    if (param_has_name(proto.record(), count))
      return error(proto.id(), {"invalid parameter", EINVAL, static_cast<int>(count)});
  }
  for (uint32_t i = 0; i < count; ++i) {
    const Fault bad_param{"invalid parameter", EINVAL, static_cast<int>(i)};
    if (!param_name_is_valid(types_, proto.record(), i)) return error(proto.id(), bad_param);
    auto has_value = check_value_of_func(proto, params[i].type, bad_param);
    if (!has_value) return std::move(has_value).error();
    if (!*has_value && strict_) return error(proto.id(), bad_param);
  }
  return {};
}

/// Type tags come before all other modifiers of a chain, and a chain has at most 32 types
/// (btf_check_type_tags()).
Status Resolver::check_tag_chains() {
  constexpr int kMaxChain = 32;
  TypeId judged = types_.first_id_ == 0 ? 0 : types_.first_id_ - 1;
  for (TypeId id = judged + 1; id < types_.count(); ++id) {
    Type type = types_.type(id);
    if (!type.is_modifier()) continue;
    bool in_tags = type.is(Kind::type_tag);
    for (int length = 0; type.is_modifier(); ++length) {
      if (length == kMaxChain) return error(id, {"the chain of modifiers is longer than 32", ELOOP});
      if (type.is(Kind::type_tag) && !in_tags) return error(id, {"a type tag does not precede the other modifiers"});
      if (!type.is(Kind::type_tag)) in_tags = false;
      if (type.id() <= judged) break;
      type = types_.type(type.ref());
    }
    judged = id;
  }
  return {};
}

Status Resolver::check_type(TypeId id) {
  const Type type = types_.type(id);
  if (judge_of(type.kind()) != nullptr && !is_resolved(id)) {
    if (Status status = resolve(id); !status) return status;
  }
  if (type.is(Kind::func_proto)) return check_func_proto(type);
  return {};
}

Status Resolver::run() {
  set_own_layouts();
  for (TypeId id = std::max(types_.first_id_, 1u); id < types_.count(); ++id) {
    if (Status status = check_type(id); !status) return status;
  }
  return check_tag_chains();
}

Status resolve_types(Types& types, Origin origin) { return Resolver(types, origin).run(); }

}  // namespace skep::btf
