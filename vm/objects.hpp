// SPDX-License-Identifier: Apache-2.0
// What a descriptor or a pin of a VM can stand for.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "btf/types.hpp"
#include "maps/map.hpp"

namespace skep::vm {

class Program;

/// BTF loaded with BPF_BTF_LOAD, or the BTF of the VM's kernel.
class BtfObject {
 public:
  explicit BtfObject(std::shared_ptr<const btf::Types> types, std::string name = {})
      : types_(std::move(types)), name_(std::move(name)) {}

  [[nodiscard]] const std::shared_ptr<const btf::Types>& types() const { return types_; }
  [[nodiscard]] bool is_kernel() const { return !name_.empty(); }
  [[nodiscard]] const std::string& name() const { return name_; }  ///< "vmlinux"; empty: loaded by a program
  [[nodiscard]] uint32_t id() const { return id_; }
  void set_id(uint32_t id) { id_ = id; }

 private:
  std::shared_ptr<const btf::Types> types_;
  std::string name_;
  uint32_t id_ = 0;
};

/// A link (BPF_LINK_CREATE). Kinds that need a live kernel are refused; the rest come with struct_ops and trampolines.
class Link {
 public:
  Link(uint32_t type, std::shared_ptr<Program> program) : type_(type), program_(std::move(program)) {}

  [[nodiscard]] uint32_t type() const { return type_; }
  [[nodiscard]] const std::shared_ptr<Program>& program() const { return program_; }
  [[nodiscard]] uint32_t id() const { return id_; }
  void set_id(uint32_t id) { id_ = id; }

 private:
  uint32_t type_;
  std::shared_ptr<Program> program_;
  uint32_t id_ = 0;
};

/// What BPF_ENABLE_STATS gives out: while one lives, runs of programs are counted and timed.
class RuntimeStats {
 public:
  /// `users`: how many live. Outlives the object.
  explicit RuntimeStats(std::atomic<unsigned>& users) : users_(users) { ++users_; }
  ~RuntimeStats() { --users_; }
  RuntimeStats(const RuntimeStats&) = delete;
  RuntimeStats& operator=(const RuntimeStats&) = delete;

 private:
  std::atomic<unsigned>& users_;
};

/// One object of any kind; std::monostate: none.
using AnyObject =
    std::variant<std::monostate, std::shared_ptr<maps::Map>, std::shared_ptr<Program>, std::shared_ptr<BtfObject>,
                 std::shared_ptr<Link>, std::shared_ptr<maps::PerfBuffer>, std::shared_ptr<RuntimeStats>>;

}  // namespace skep::vm
