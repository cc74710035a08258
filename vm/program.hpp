// SPDX-License-Identifier: Apache-2.0
// A loaded program: what PROG_LOAD got (Spec), what the checks found, and its executable forms.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "btf/ext.hpp"
#include "btf/types.hpp"
#include "isa/insn.hpp"
#include "maps/map.hpp"
#include "verifier/helpers.hpp"
#include "verifier/program_types.hpp"
#include "verifier/structure.hpp"
#include "vm/run.hpp"

namespace skep::vm {

namespace interpreter {
class Code;
}

class Program;

/// A program as PROG_LOAD describes it, with descriptors replaced by the objects. Pure data.
struct ProgramSpec {
  /// `unspec`: a raw program, which runs on memory and has no rules but those of RFC 9669.
  verifier::ProgramType type{};
  verifier::AttachType expected_attach_type{};
  std::string name;     ///< at most 15 characters
  std::string license;  ///< at most 127 characters
  uint32_t flags = 0;   ///< BPF_F_* of PROG_LOAD
  uint32_t kernel_version = 0;
  uint32_t interface_index = 0;
  uint32_t attach_btf_id = 0;
  std::shared_ptr<const btf::Types> attach_btf;  ///< types that attach_btf_id is of; null: none
  std::shared_ptr<Program> attach_program;       ///< program to attach to; null: none
  uint64_t load_time_ns = 0;                     ///< since boot
  bool privileged = true;                        ///< loaded with CAP_BPF and all that goes with it
  /// Immediates of map_fd, map_idx, map_value and map_idx_value forms hold indices into `maps`.
  std::vector<isa::Insn> insns;
  std::vector<std::shared_ptr<maps::Map>> maps;
  std::shared_ptr<const btf::Types> btf;  ///< null: none
  std::vector<btf::FuncInfo> functions;
  std::vector<btf::LineInfo> lines;
  /// Functions of the host that `call N` reaches, by N, instead of Linux's helpers; for raw programs. Empty: Linux's.
  std::vector<HelperFunction> host_helpers;

  [[nodiscard]] bool gpl_compatible() const;
  /// What it may call follows from this.
  [[nodiscard]] verifier::HelperCaller helper_caller() const;
};

/// How programs are executed.
enum class Engine : uint8_t { checked, plain, jit };

/// Word of a caller who takes the responsibility for a program that no verifier has passed.
struct Trusted {
  explicit Trusted() = default;
};

class Program final : public maps::ProgramRef {
 public:
  /// Checks the structure (verifier/structure.hpp) and each instruction. Errors: Linux's errno, instruction and sentence.
  static Result<std::shared_ptr<Program>> create(ProgramSpec spec);
  /// The same where the caller has checked the structure, of instructions that differ in map references at most.
  static Result<std::shared_ptr<Program>> create(ProgramSpec spec, verifier::Structure structure);
  ~Program() override;

  [[nodiscard]] const ProgramSpec& spec() const { return spec_; }
  [[nodiscard]] const verifier::Structure& structure() const { return structure_; }
  [[nodiscard]] uint64_t load_time_ns() const { return spec_.load_time_ns; }
  /// Map that a wide instruction of the program refers to; null: none.
  [[nodiscard]] const maps::Map* map_of(const isa::Insn& insn) const;
  /// The maps that the program refers to, then those bound to it. Any thread.
  [[nodiscard]] std::vector<std::shared_ptr<maps::Map>> maps() const;
  /// Keeps a map alive with the program (BPF_PROG_BIND_MAP). Any thread.
  void bind(std::shared_ptr<maps::Map> map);
  /// First 8 bytes of the SHA-256 (Linux ≥ 6.18) of the instructions with map references zeroed.
  [[nodiscard]] uint64_t tag() const { return tag_; }

  [[nodiscard]] uint32_t id() const override { return id_; }
  void set_id(uint32_t id) { id_ = id; }
  [[nodiscard]] Kind kind() const override;

  /// Decoded form for the checked interpreter; built at the first call. Any thread. Errors: ENOTSUPP with the name of a
  /// helper or instruction that Linux has and this VM has not.
  [[nodiscard]] Result<const interpreter::Code*> checked_code() const;
  /// Decoded form for the plain interpreter, which checks nothing.
  [[nodiscard]] Result<const interpreter::Code*> plain_code(Trusted) const;

  /// Source line of an instruction ("file.c:12: text"), empty without line information.
  [[nodiscard]] std::string source_of(uint32_t insn) const;

  std::atomic<uint64_t> run_count{0};
  std::atomic<uint64_t> run_time_ns{0};

 private:
  Program(ProgramSpec spec, verifier::Structure structure);
  ProgramSpec spec_;
  verifier::Structure structure_;
  uint64_t tag_;
  uint32_t id_ = 0;
  mutable std::mutex bound_mutex_;
  std::vector<std::shared_ptr<maps::Map>> bound_;
  mutable std::mutex code_mutex_;
  mutable std::unique_ptr<interpreter::Code> code_;
  mutable std::atomic<const interpreter::Code*> code_if_built_{nullptr};  // spares tail calls the mutex
};

}  // namespace skep::vm
