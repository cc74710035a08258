// SPDX-License-Identifier: Apache-2.0
// skep info: what an object file holds.
#include <cstdio>

#include "tools/options.hpp"
#include "tools/output.hpp"

namespace skep::tools {
namespace {

Json to_json(const std::string& path, const Object& object) {
  Json programs = Json::array();
  for (const Program& p : object.programs())
    programs.push_back(
        {{"program", p.name()}, {"section", p.section()}, {"type", p.type()}, {"insns", p.insn_count()}});
  Json maps = Json::array();
  for (const Map& m : object.maps())
    maps.push_back({{"map", m.name()},
                    {"type", m.type()},
                    {"key_size", m.key_size()},
                    {"value_size", m.value_size()},
                    {"max_entries", m.max_entries()}});
  Json globals = Json::array();
  for (const GlobalInfo& g : object.globals())
    globals.push_back(
        {{"name", g.name}, {"section", g.section}, {"type", g.type}, {"offset", g.offset}, {"size", g.size}});
  return {{"object", path}, {"programs", programs}, {"maps", maps}, {"globals", globals}};
}

void print_text(const Object& object) {
  std::printf("programs:\n");
  for (const Program& p : object.programs())
    std::printf("  %-32s %-16s %6zu insns  SEC(\"%s\")\n", p.name().c_str(), p.type().c_str(), p.insn_count(),
                p.section().c_str());
  std::printf("maps:\n");
  for (const Map& m : object.maps())
    std::printf("  %-32s %-16s key %u B, value %u B, %u entries\n", m.name().c_str(), m.type().c_str(), m.key_size(),
                m.value_size(), m.max_entries());
  std::printf("globals:\n");
  for (const GlobalInfo& g : object.globals())
    std::printf("  %-32s %-16s %6u B  %s\n", g.name.c_str(), g.section.c_str(), g.size, g.type.c_str());
}

}  // namespace

int info_command(const InfoOptions& options) {
  auto vm = Vm::create();
  if (!vm) return fail(vm.error());
  auto object = vm->open(options.object);
  if (!object) return fail(object.error());
  if (options.json)
    print_json(to_json(options.object, *object));
  else
    print_text(*object);
  return kDone;
}

}  // namespace skep::tools
