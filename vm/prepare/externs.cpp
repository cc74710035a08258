// SPDX-License-Identifier: Apache-2.0
#include "vm/prepare/externs.hpp"

#include <algorithm>

namespace skep::vm {
namespace {

using btf::Kind;
using btf::Type;

// The first variable or function of this name, as libbpf takes it (find_extern_btf_id()); 0 if it is not an extern.
btf::TypeId find_declaration(const btf::Types& types, std::string_view name) {
  for (btf::TypeId id = 1; id < types.count(); ++id) {
    const Type type = types.type(id);
    const bool is_var = type.is(Kind::var);
    if ((!is_var && !type.is(Kind::func)) || type.name() != name) continue;
    const bool is_extern =
        is_var ? type.var_linkage() == btf::VarLinkage::extern_ : type.func_linkage() == btf::FuncLinkage::extern_;
    return is_extern ? id : 0;
  }
  return 0;
}

bool lists(const Type& datasec, btf::TypeId id) {
  const auto vars = datasec.section_vars();
  for (uint32_t i = 0; i < vars.size(); ++i) {
    if (vars[i].type == id) return true;
  }
  return false;
}

}  // namespace

std::optional<ExternKind> find_extern(const btf::Types& types, std::string_view name) {
  const btf::TypeId declaration = find_declaration(types, name);
  if (declaration == 0) return std::nullopt;
  for (btf::TypeId id = 1; id < types.count(); ++id) {
    const Type type = types.type(id);
    if (!type.is(Kind::datasec) || !lists(type, declaration)) continue;
    if (type.name() == kKconfigSection) return ExternKind::kconfig;
    if (type.name() != kKsymsSection) return std::nullopt;
    return types.type(declaration).is(Kind::func) ? ExternKind::kfunc : ExternKind::ksym;
  }
  return std::nullopt;
}

std::vector<std::string> weaken_unknown_externs(Object& object, const btf::Types& types, const KnowsExtern& knows) {
  std::vector<std::string> weakened;
  for (Symbol& symbol : object.symbols) {
    if (!symbol.is_extern() || symbol.binding == STB_WEAK) continue;
    const auto kind = find_extern(types, symbol.name);
    if (!kind || knows(*kind, symbol.name)) continue;
    symbol.binding = STB_WEAK;
    weakened.push_back(symbol.name);
  }
  return weakened;
}

}  // namespace skep::vm
