// SPDX-License-Identifier: Apache-2.0
#include "isa/assemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <limits>
#include <map>
#include <optional>
#include <string>

#include "isa/operands.hpp"
#include "isa/source_line.hpp"

namespace skep::isa {

namespace {

/// The explanation of a line that nothing matches: what was missing at the furthest position that any form came to.
class Diagnosis {
 public:
  void note(const Scanner& scanner, std::string_view expected) {
    if (scanner.position() > furthest_) expected_.clear();
    if (scanner.position() < furthest_) return;
    furthest_ = scanner.position();
    rest_ = scanner.rest();
    if (!expected.empty() && std::ranges::find(expected_, expected) == expected_.end())
      expected_.emplace_back(expected);
  }

  [[nodiscard]] std::string message() const {
    if (furthest_ == 0) return "unknown instruction";
    const std::string found = rest_.empty() ? "the end of the line" : fmt::format("\"{}\"", rest_);
    if (expected_.empty()) return fmt::format("unexpected {}", found);
    return fmt::format("expected {}, found {}", fmt::join(expected_, " or "), found);
  }

 private:
  size_t furthest_ = 0;
  std::string_view rest_;
  std::vector<std::string> expected_;
};

/// A jump or call whose distance is known when all labels are.
struct Fixup {
  size_t index;
  std::string_view label;
  int64_t line_number;
  std::string_view line;
};

class Assembler {
 public:
  explicit Assembler(const Names& names) : names_(names) {}

  Status line(std::string_view text);
  Result<std::vector<Insn>> finish();

 private:
  [[nodiscard]] Error error(std::string message) const { return error_at(line_number_, line_, std::move(message)); }
  [[nodiscard]] Error error_at(int64_t number, std::string_view line, std::string message) const;
  Status define_label(std::string_view label);
  Status statement(const SourceLine& line);
  Status raw_word(std::string_view number);
  std::optional<ReadInsn> match(const OpInfo& row, std::string_view text, std::string_view statement, Diagnosis&) const;
  void append(const OpInfo& row, const ReadInsn& read);
  Status resolve(const Fixup& fixup);

  const Names& names_;
  std::vector<Insn> program_;
  std::map<std::string_view, size_t> labels_;
  std::vector<Fixup> fixups_;
  int64_t line_number_ = 0;
  std::string_view line_;
};

std::string_view trimmed(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return line;
}

Error Assembler::error_at(int64_t number, std::string_view line, std::string message) const {
  return {.code = EINVAL, .message = std::move(message), .source = fmt::format("line {}: {}", number, trimmed(line))};
}

Status Assembler::define_label(std::string_view label) {
  if (!labels_.emplace(label, program_.size()).second)
    return error(fmt::format("label \"{}\" is defined twice", label));
  return {};
}

/// Fields that the form itself gives.
Insn fixed_fields(const OpInfo& row) {
  const auto value = [](Field field) { return field.use == Use::fixed ? field.value : int16_t(0); };
  Insn insn{.code = row.code, .off = value(row.off), .imm = value(row.imm)};
  insn.dst = uint8_t(value(row.dst)) & 0xf;
  insn.src = uint8_t(value(row.src)) & 0xf;
  return insn;
}

std::optional<ReadInsn> Assembler::match(const OpInfo& row, std::string_view text, std::string_view statement,
                                         Diagnosis& diagnosis) const {
  Scanner scanner(statement);
  ReadInsn read{.insn = fixed_fields(row), .names = names_};
  const bool matches = for_each_part(
      text, [&](std::string_view literal) { return scanner.text(literal); },
      [&](const Operand& operand) { return operand.read(scanner, read); });
  if (matches && scanner.at_end()) return read;
  diagnosis.note(scanner, matches ? "" : scanner.expected());
  return std::nullopt;
}

void Assembler::append(const OpInfo& row, const ReadInsn& read) {
  Insn insn = read.insn;
  if (read.dst) insn.dst = *read.dst & 0xf;
  if (read.src) insn.src = *read.src & 0xf;
  if (!read.label.empty())
    fixups_.push_back({.index = program_.size(), .label = read.label, .line_number = line_number_, .line = line_});
  program_.push_back(insn);
  if (row.code == kLddw) program_.push_back({.imm = read.high});
}

Status Assembler::raw_word(std::string_view number) {
  Scanner scanner(number);
  const std::optional<uint64_t> word = scanner.number64();
  if (!word || !scanner.at_end()) return error("expected a 64-bit number after .quad");
  program_.push_back(std::bit_cast<Insn>(*word));
  return {};
}

Status Assembler::statement(const SourceLine& line) {
  constexpr std::string_view kRawWord = ".quad ";
  if (line.statement.starts_with(kRawWord)) return raw_word(line.statement.substr(kRawWord.size()));
  Diagnosis diagnosis;
  for (const OpInfo& row : kOpTable) {
    if (row.kernel_text.empty() || line.code.value_or(row.code) != row.code) continue;
    for (std::string_view text : {row.llvm_text, row.kernel_text}) {
      const std::optional<ReadInsn> read = match(row, text, line.statement, diagnosis);
      if (!read) continue;
      append(row, *read);
      return {};
    }
  }
  return error(diagnosis.message());
}

Status Assembler::line(std::string_view text) {
  ++line_number_;
  line_ = text;
  const SourceLine line = split_line(text);
  if (!line.label.empty())
    if (Status status = define_label(line.label); !status) return status;
  program_.insert(program_.end(), line.words.begin(), line.words.end());
  return line.words.empty() && !line.statement.empty() ? statement(line) : Status();
}

Status Assembler::resolve(const Fixup& fixup) {
  const auto label = labels_.find(fixup.label);
  if (label == labels_.end())
    return error_at(fixup.line_number, fixup.line, fmt::format("label \"{}\" is not defined", fixup.label));
  Insn& insn = program_[fixup.index];
  const int64_t distance = int64_t(label->second) - int64_t(fixup.index) - 1;
  if (info(classify(insn)).off.use != Use::jump) {
    insn.imm = int32_t(distance);
    return {};
  }
  using Limits = std::numeric_limits<int16_t>;
  if (distance < Limits::min() || distance > Limits::max())
    return error_at(fixup.line_number, fixup.line,
                    fmt::format("label \"{}\" is {} instructions away, too far for this jump", fixup.label, distance));
  insn.off = int16_t(distance);
  return {};
}

Result<std::vector<Insn>> Assembler::finish() {
  for (const Fixup& fixup : fixups_)
    if (Status status = resolve(fixup); !status) return std::move(status).error();
  return std::move(program_);
}

}  // namespace

Result<std::vector<Insn>> assemble(std::string_view text, const Names& names) {
  Assembler assembler(names);
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (Status status = assembler.line(text.substr(0, end)); !status) return std::move(status).error();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return assembler.finish();
}

}  // namespace skep::isa
