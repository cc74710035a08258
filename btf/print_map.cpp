// SPDX-License-Identifier: Apache-2.0
// The forms are those of bpftool's map.c.
#include "btf/print_map.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <system_error>

#include "btf/print.hpp"

namespace skep::btf {
namespace {

using Bytes = std::span<const std::byte>;

Status check_sizes(const MapShape& shape, Bytes key, Bytes value) {
  if (key.size() != shape.key_size)
    return Error{EINVAL, fmt::format("a key of {} bytes, not of {}", key.size(), shape.key_size)};
  if (value.size() != shape.all_values_size())
    return Error{EINVAL, fmt::format("a value of {} bytes, not of {}", value.size(), shape.all_values_size())};
  return {};
}

Bytes value_of_cpu(const MapShape& shape, Bytes values, uint32_t cpu) {
  return values.subspan(shape.value_step() * cpu, shape.value_size);
}

uint32_t id_in(Bytes value) {
  uint32_t id = 0;
  std::memcpy(&id, value.data(), std::min(sizeof id, value.size()));
  return id;
}

/// "value": or, for each CPU, "values":, with `print_one` writing a single value.
template <class PrintOne>
Status print_values(Writer& out, const MapShape& shape, Bytes value, PrintOne print_one) {
  if (!shape.is_per_cpu()) {
    out.name("value");
    return print_one(value);
  }
  out.name("values");
  out.begin_array();
  for (uint32_t cpu = 0; cpu < shape.cpus; ++cpu) {
    out.begin_object();
    out.name("cpu");
    out.unsigned_integer(cpu);
    out.name("value");
    if (Status status = print_one(value_of_cpu(shape, value, cpu)); !status) return status;
    out.end_object();
  }
  out.end_array();
  return {};
}

Status print_bytes(Writer& out, Bytes bytes) {
  out.begin_array();
  for (std::byte b : bytes) out.string(fmt::format("0x{:02x}", std::to_integer<unsigned>(b)));
  out.end_array();
  return {};
}

/// Bytes in lines of 16, in two halves.
std::string hex_columns(Bytes bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i != 0) text += i % 16 == 0 ? "\n" : i % 8 == 0 ? "  " : " ";
    fmt::format_to(std::back_inserter(text), "{:02x}", std::to_integer<unsigned>(bytes[i]));
  }
  return text;
}

/// Key and value stand in one line if short, and below their names if long.
struct Columns {
  bool names_have_lines;
  bool one_line;

  Columns(size_t key_size, size_t value_size)
      : names_have_lines(key_size > 16 || value_size > 16),
        one_line(!names_have_lines && key_size + value_size <= 24) {}

  [[nodiscard]] std::string field(std::string_view name, std::string_view text) const {
    return fmt::format("{}:{}{}", name, names_have_lines ? '\n' : ' ', text);
  }
  [[nodiscard]] std::string_view gap() const { return one_line ? "  " : "\n"; }
};

void append_single_columns(std::string& out, const MapShape& shape, Bytes key, Bytes value) {
  const Columns columns(key.size(), value.size());
  if (!key.empty()) out.append(columns.field("key", hex_columns(key))).append(columns.gap());
  if (!value.empty()) {
    out += shape.holds == MapShape::Holds::maps ? columns.field("inner_map_id", fmt::format("{} ", id_in(value)))
                                                : columns.field("value", hex_columns(value));
  }
  out += '\n';
}

void append_per_cpu_columns(std::string& out, const MapShape& shape, Bytes key, Bytes values) {
  if (!key.empty()) out += fmt::format("key:\n{}\n", hex_columns(key));
  if (shape.value_size == 0) return;
  const char gap = shape.value_size > 16 ? '\n' : ' ';
  for (uint32_t cpu = 0; cpu < shape.cpus; ++cpu)
    out += fmt::format("value (CPU {:02}):{}{}\n", cpu, gap, hex_columns(value_of_cpu(shape, values, cpu)));
}

std::string reason_text(int error) { return std::system_category().message(error); }

std::unique_ptr<Writer> make_writer(std::string& out, const MapShape& shape, MapPrinter::Format format) {
  if (format != MapPrinter::Format::text)
    return std::make_unique<JsonWriter>(out, format == MapPrinter::Format::json_pretty);
  if (shape.has_types()) return std::make_unique<TextWriter>(out);
  return nullptr;
}

}  // namespace

Status print_entry(Writer& out, const MapShape& shape, Bytes key, Bytes value) {
  if (Status status = check_sizes(shape, key, value); !status) return status;
  out.begin_object();
  if (shape.key_type != 0) {
    out.name("key");
    if (Status status = print_value(out, *shape.types, shape.key_type, key); !status) return status;
  }
  const auto print_one = [&](Bytes one) { return print_value(out, *shape.types, shape.value_type, one); };
  if (Status status = print_values(out, shape, value, print_one); !status) return status;
  out.end_object();
  return {};
}

Status print_entry_bytes(Writer& out, const MapShape& shape, Bytes key, Bytes value) {
  if (Status status = check_sizes(shape, key, value); !status) return status;
  out.begin_object();
  out.name("key");
  if (Status status = print_bytes(out, key); !status) return status;
  const auto print_one = [&](Bytes one) { return print_bytes(out, one); };
  if (Status status = print_values(out, shape, value, print_one); !status) return status;
  if (shape.holds == MapShape::Holds::maps) {
    out.name("inner_map_id");
    out.unsigned_integer(id_in(value));
  }
  if (shape.has_types()) {
    out.name("formatted");
    if (Status status = print_entry(out, shape, key, value); !status) return status;
  }
  out.end_object();
  return {};
}

MapPrinter::MapPrinter(std::string& out, MapShape shape, Format format)
    : out_(out), shape_(std::move(shape)), format_(format), writer_(make_writer(out, shape_, format)) {
  if (writer_) writer_->begin_array();
}

Status MapPrinter::entry(Bytes key, Bytes value) {
  ++entries_;
  if (format_ != Format::text) return print_entry_bytes(*writer_, shape_, key, value);
  if (writer_) return print_entry(*writer_, shape_, key, value);
  if (Status status = check_sizes(shape_, key, value); !status) return status;
  auto* append = shape_.is_per_cpu() ? append_per_cpu_columns : append_single_columns;
  append(out_, shape_, key, value);
  return {};
}

void MapPrinter::missing(Bytes key, int error) {
  if (shape_.holds != MapShape::Holds::values && error == ENOENT) return;
  if (writer_) {
    writer_->begin_object();
    writer_->name("key");
    (void)print_bytes(*writer_, key);
    writer_->name("value");
    writer_->begin_object();
    writer_->name("error");
    writer_->string(reason_text(error));
    writer_->end_object();
    writer_->end_object();
    return;
  }
  const std::string reason = error == ENOENT ? "<no entry>" : reason_text(error);
  const Columns columns(key.size(), reason.size());
  out_ += columns.field("key", hex_columns(key)).append(columns.gap()) + columns.field("value", reason) + '\n';
}

void MapPrinter::finish() {
  if (writer_) {
    writer_->end_array();
    out_ += '\n';
  } else {
    out_ += fmt::format("Found {} element{}\n", entries_, entries_ == 1 ? "" : "s");
  }
}

}  // namespace skep::btf
