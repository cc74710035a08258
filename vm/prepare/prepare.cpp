// SPDX-License-Identifier: Apache-2.0
#include "vm/prepare/prepare.hpp"

#include "btf/types.hpp"
#include "vm/prepare/check.hpp"
#include "vm/prepare/legacy_maps.hpp"
#include "vm/prepare/message.hpp"
#include "vm/prepare/read.hpp"
#include "vm/prepare/write.hpp"

namespace skep::vm {
namespace {

using TypesPtr = std::shared_ptr<const btf::Types>;

class Preparation {
 public:
  explicit Preparation(const PrepareOptions& options) : options_(options) {}

  Result<Prepared> run(std::span<const std::byte> elf);

 private:
  Status read_types();
  Status convert_maps();
  Status check() const;
  void weaken_externs();
  Status narrow();
  Status check_externs() const;
  PreparedProgram describe(const Function& function);
  std::optional<ProgramType> type_for(const std::string& program, const std::string& section);

  template <class... Arguments>
  void note(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    result_.notes.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  const PrepareOptions& options_;
  Object object_;
  TypesPtr types_;
  Functions functions_;
  std::vector<std::string> weakened_;
  Prepared result_;
};

Result<Prepared> Preparation::run(std::span<const std::byte> elf) {
  auto object = read_object(elf);
  if (!object) return std::move(object).error();
  object_ = std::move(*object);
  if (Status status = check_sections(object_); !status) return std::move(status).error();
  if (Status status = read_types(); !status) return std::move(status).error();
  if (Status status = convert_maps(); !status) return std::move(status).error();
  auto functions = Functions::find(object_);
  if (!functions) return std::move(functions).error();
  functions_ = std::move(*functions);
  if (Status status = check(); !status) return std::move(status).error();

  weaken_externs();
  if (Status status = narrow(); !status) return std::move(status).error();
  for (const Function& function : functions_.all()) {
    if (functions_.is_program(object_, function)) result_.programs.push_back(describe(function));
  }
  result_.bytes = write_object(object_);
  return std::move(result_);
}

Status Preparation::read_types() {
  const Section* section = object_.find(Role::btf);
  if (section == nullptr) return {};
  auto types = btf::Types::parse(section->data, {}, btf::Origin::object);
  if (!types) return fail(types.error().code, "section '.BTF': {}", types.error().message);
  types_ = std::move(*types);
  return {};
}

Status Preparation::convert_maps() {
  if (object_.find(Role::legacy_maps) == nullptr) return {};
  auto types = convert_legacy_maps(object_, types_);
  if (!types) return std::move(types).error();
  types_ = std::move(*types);
  note("the maps of section 'maps' were turned into BTF maps");
  return {};
}

Status Preparation::check() const {
  if (Status status = check_relocations(object_, functions_); !status) return status;
  if (Status status = check_data_types(object_, types_.get()); !status) return status;
  return check_btf_ext(object_, functions_, types_.get());
}

void Preparation::weaken_externs() {
  if (types_ == nullptr || !options_.knows) return;
  weakened_ = weaken_unknown_externs(object_, *types_, options_.knows);
  for (const std::string& name : weakened_) note("extern {} is unknown here, and weak from now on", quoted(name));
}

Status Preparation::narrow() {
  if (options_.program.empty()) return {};
  for (const Function& function : functions_.all()) {
    if (object_.symbols[function.symbol].name != options_.program || !functions_.is_program(object_, function))
      continue;
    result_.needs = needs_of(object_, functions_, function);
    empty_unneeded_arrays(object_, result_.needs);
    return check_externs();
  }
  return fail(ENOENT, "there is no program '{}'", options_.program);
}

/// Strong externs must be there for a program that uses them, as libbpf has it; those of other programs do not matter.
Status Preparation::check_externs() const {
  for (const std::string& name : weakened_)
    if (result_.needs.externs.contains(name))
      return fail(ESRCH, "extern {} is not in the VM's kernel BTF", quoted(name));
  return {};
}

std::optional<ProgramType> Preparation::type_for(const std::string& program, const std::string& section) {
  if (options_.type) return options_.type;
  if (libbpf_type_of_section(section)) return std::nullopt;
  const auto type = type_of_section(section);
  if (!type) note("section {} of program {} names no program type", quoted(section), quoted(program));
  return type;
}

PreparedProgram Preparation::describe(const Function& function) {
  Symbol& symbol = object_.symbols[function.symbol];
  const std::string& section = object_.sections[function.section].name;
  if (symbol.binding == STB_LOCAL && section != ".text") {
    symbol.binding = STB_GLOBAL;
    note("program {} was static, and is global from now on", quoted(symbol.name));
  }
  const bool autoload = !section.starts_with('?');
  PreparedProgram program{symbol.name, section.substr(autoload ? 0 : 1), autoload, {}};
  program.type = type_for(program.name, program.section);
  return program;
}

}  // namespace

Result<Prepared> prepare(std::span<const std::byte> elf, const PrepareOptions& options) {
  auto result = Preparation(options).run(elf);
  if (!result) result.error().object = options.name;
  return result;
}

}  // namespace skep::vm
