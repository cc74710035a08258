// SPDX-License-Identifier: Apache-2.0
// An object file on its way through the private libbpf into a VM.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "btf/types.hpp"
#include "maps/map.hpp"
#include "skep/error.hpp"
#include "vm/load_observer.hpp"
#include "vm/prepare/prepare.hpp"
#include "vm/program.hpp"
#include "vm/vm.hpp"

struct bpf_object;
struct bpf_program;
struct bpf_map;

namespace skep::vm {

struct OpenOptions {
  std::string name;     ///< of the object, for messages
  std::string program;  ///< load only this one and what it needs; empty: what libbpf loads by default
  std::string type;     ///< libbpf's name of a program type, for sections that libbpf does not know
};

/// A variable of a data section, as BTF has it.
struct Variable {
  std::string name;
  std::string section;
  btf::TypeId type = 0;
  uint32_t offset = 0;
  uint32_t size = 0;
};

/// Open: programs and maps can be listed and set up. Loaded: they exist in the VM. One thread at a time.
class BpfObject {
 public:
  /// Checks and prepares the file (vm/prepare), hands it to libbpf. Errors: what is wrong with it, in one sentence.
  static Result<std::unique_ptr<BpfObject>> open(std::shared_ptr<Vm> vm, std::span<const std::byte> elf,
                                                 const OpenOptions& options);
  ~BpfObject();
  BpfObject(const BpfObject&) = delete;
  BpfObject& operator=(const BpfObject&) = delete;

  /// An entry program: one that can be loaded by itself, not a function that others call.
  struct Entry {
    bpf_program* handle;
    std::string name;
    std::string section;
    verifier::ProgramType type;
    size_t insn_count;  ///< before loading
  };
  struct MapEntry {
    bpf_map* handle;
    std::string name;
    maps::MapType type;
    uint32_t key_size, value_size, max_entries;
    bool global_data;
  };

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::shared_ptr<Vm>& vm() const { return vm_; }
  [[nodiscard]] const std::vector<Entry>& programs() const { return programs_; }
  [[nodiscard]] const std::vector<MapEntry>& maps() const { return maps_; }
  /// Types of the object; null: it has none.
  [[nodiscard]] const std::shared_ptr<const btf::Types>& types() const { return types_; }
  [[nodiscard]] std::vector<Variable> variables() const;
  [[nodiscard]] bool loaded() const { return loaded_; }

  /// Value of a variable from JSON by its type, before loading. ENOENT, EINVAL, EBUSY (loaded).
  Status set_variable(std::string_view name, std::string_view json);

  /// Loads what was selected. The error is the one of the program or map that failed. EALREADY: loaded before.
  Status load();

  /// What PROG_LOAD said of an entry program at `load`; empty: it did not get so far.
  [[nodiscard]] ProgramReport report_of(std::string_view program) const;

  /// The loaded program or map; null: not loaded.
  [[nodiscard]] std::shared_ptr<Program> program(const Entry& entry) const;
  [[nodiscard]] std::shared_ptr<maps::Map> map(const MapEntry& entry) const;

  /// Instructions of an entry program as they are in the file, references not yet resolved.
  [[nodiscard]] std::span<const isa::Insn> insns(const Entry& entry) const;

 private:
  BpfObject(std::shared_ptr<Vm> vm, std::string name) : vm_(std::move(vm)), name_(std::move(name)) {}
  Status hand_to_libbpf(const OpenOptions& options);
  void set_types(const std::vector<PreparedProgram>& programs);
  void list_contents();
  void select(const Needs& needs);
  [[nodiscard]] Error load_error(int code, const LoadObserver& observer) const;

  std::shared_ptr<Vm> vm_;
  std::string name_;
  std::vector<std::byte> bytes_;  ///< the prepared copy, which libbpf reads as long as it lives
  bpf_object* object_ = nullptr;
  std::shared_ptr<const btf::Types> types_;
  std::vector<Entry> programs_;
  std::vector<MapEntry> maps_;
  std::vector<ProgramReport> reports_;  ///< of the load, by program in programs_
  bool loaded_ = false;
};

}  // namespace skep::vm
