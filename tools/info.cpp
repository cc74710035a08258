// SPDX-License-Identifier: Apache-2.0
// skep info: what an object file holds.
#include <cstdio>

#include "tools/options.hpp"
#include "tools/output.hpp"

namespace skep::tools {
namespace {

constexpr const char* kKconfig = ".kconfig";  // section of the externs that the kernel's configuration sets

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
  Json externs = Json::array();
  for (const GlobalInfo& g : object.globals()) {
    if (g.section == kKconfig)
      externs.push_back({{"name", g.name}, {"type", g.type}, {"size", g.size}});
    else
      globals.push_back(
          {{"name", g.name}, {"section", g.section}, {"type", g.type}, {"offset", g.offset}, {"size", g.size}});
  }
  return {{"object", path}, {"programs", programs}, {"maps", maps}, {"globals", globals}, {"kconfig", externs}};
}

template <class T, class Print>
void print_list(const char* title, const std::vector<T>& list, Print print) {
  std::printf("%s:%s\n", title, list.empty() ? " none" : "");
  for (const T& element : list) print(element);
}

/// What max_entries counts: bytes of a ring, CPUs where it is left to the loader.
std::string capacity(const Map& map) {
  const std::string type = map.type();
  const std::string number = std::to_string(map.max_entries());
  if (type == "ringbuf" || type == "user_ringbuf") return number + " B";
  if (type == "perf_event_array" && map.max_entries() == 0) return "an entry for each CPU";
  return number + (map.max_entries() == 1 ? " entry" : " entries");
}

void print_program(const Program& p) {
  std::printf("  %-32s %-16s %6zu insns  SEC(\"%s\")\n", p.name().c_str(), p.type().c_str(), p.insn_count(),
              p.section().c_str());
}

void print_map(const Map& m) {
  std::printf("  %-32s %-16s key %u B, value %u B, %s\n", m.name().c_str(), m.type().c_str(), m.key_size(),
              m.value_size(), capacity(m).c_str());
}

void print_global(const GlobalInfo& g) {
  std::printf("  %-32s %-16s %6u B  %s\n", g.name.c_str(), g.section.c_str(), g.size, g.type.c_str());
}

void print_text(const Object& object) {
  std::vector<GlobalInfo> globals;
  std::vector<GlobalInfo> kconfig;
  for (const GlobalInfo& global : object.globals()) (global.section == kKconfig ? kconfig : globals).push_back(global);
  print_list("programs", object.programs(), print_program);
  print_list("maps", object.maps(), print_map);
  print_list("globals", globals, print_global);
  print_list("kconfig externs", kconfig, print_global);
}

}  // namespace

int info_command(const InfoOptions& options) {
  auto vm = Vm::create();
  if (!vm) return fail(vm.error());
  auto file = read_input(options.object);
  if (!file) return fail(file.error());
  auto object = vm->open(*file, {.name = options.object, .program = {}, .type = {}});
  if (!object) return fail(object.error());
  if (options.json)
    print_json(to_json(options.object, *object));
  else
    print_text(*object);
  return kDone;
}

}  // namespace skep::tools
