// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "btf/layout.hpp"
#include "btf/print.hpp"
#include "btf/types.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/targets.hpp"

namespace skep::fuzz {
namespace {

constexpr uint32_t kTypesToPrint = 200;
constexpr uint32_t kBytesToPrint = 1024;

void print_type(const btf::Types& types, btf::TypeId id, Input bytes) {
  const auto layout = types.layout(id);
  demand(layout.align != 0, "an alignment is not 0");
  (void)btf::type_text(types, id, "name");
  std::string text, json;
  btf::TextWriter text_writer(text);
  btf::JsonWriter json_writer(json);
  const auto value = bytes.first(std::min<size_t>(bytes.size(), layout.size));
  const bool as_text = ok_or_error(btf::print_value(text_writer, types, id, value));
  const bool as_json = ok_or_error(btf::print_value(json_writer, types, id, value));
  demand(as_text == as_json, "a value can be printed in both forms or in none");
  demand(!as_text || value.size() == layout.size, "a value that is too short is not printed");
}

}  // namespace

void read_btf(Input input) {
  using btf::Origin;
  static constexpr std::array kOrigins{Origin::load, Origin::object, Origin::kernel};
  if (input.empty()) return;
  const auto origin = kOrigins[static_cast<size_t>(input[0]) % kOrigins.size()];
  const auto types = btf::Types::parse(input.subspan(1), {}, origin);
  if (!ok_or_error(types)) return;
  std::array<std::byte, kBytesToPrint> bytes;
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37);
  const uint32_t count = (*types)->count();
  for (btf::TypeId id = 0; id < std::min(count, kTypesToPrint); ++id) print_type(**types, id, bytes);
  demand((*types)->type(count).is_void(), "an id that does not exist is void");
}

}  // namespace skep::fuzz
