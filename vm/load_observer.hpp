// SPDX-License-Identifier: Apache-2.0
// What a thread's load through libbpf brings about, so that whoever asked for it can say what happened.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "skep/error.hpp"

namespace skep::vm {

/// Judgement of one BPF_PROG_LOAD.
struct ProgramReport {
  std::string name;  ///< as PROG_LOAD has it: at most 15 characters
  bool accepted = false;
  Error error;                  ///< of a rejection
  uint64_t verified_insns = 0;  ///< instructions that the verifier walked
  uint64_t time_ns = 0;         ///< of the verifier
};

/// Collects while it lives, on its thread. They do not nest.
class LoadObserver {
 public:
  LoadObserver() { current_ = this; }
  ~LoadObserver() { current_ = nullptr; }
  LoadObserver(const LoadObserver&) = delete;
  LoadObserver& operator=(const LoadObserver&) = delete;

  /// This thread's observer, or null.
  static LoadObserver* current() { return current_; }

  void warning(std::string_view text) { warnings_.append(text); }
  void report(ProgramReport report) { reports_.push_back(std::move(report)); }
  /// A command that failed, with more than its number.
  void refusal(Error error) { refusal_ = std::move(error); }

  /// libbpf's warnings, as it printed them.
  [[nodiscard]] const std::string& warnings() const { return warnings_; }
  /// The last command that failed with this errno; null: none.
  [[nodiscard]] const Error* refusal_with(int code) const { return refusal_.code == code ? &refusal_ : nullptr; }
  /// The report of a program of this name, and of no other one: libbpf loads programs in the object's order, and those
  /// that it loads again are those that fail. To be asked in that order. None: it was not loaded.
  std::optional<ProgramReport> next_report(std::string_view name);

 private:
  inline static thread_local LoadObserver* current_ = nullptr;
  std::string warnings_;
  std::vector<ProgramReport> reports_;
  size_t asked_ = 0;  // reports before this one are those of earlier programs
  Error refusal_;
};

}  // namespace skep::vm
