// SPDX-License-Identifier: Apache-2.0
// Each folder includes only itself and those that docs/architecture.md puts below it.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

namespace {

namespace fs = std::filesystem;

/// What the folders may include beside themselves and the public headers.
const std::map<std::string, std::set<std::string>> kBelow = {
    {"isa", {}},
    {"btf", {"isa"}},
    {"maps", {"isa", "btf"}},
    {"verifier", {"isa", "btf", "maps"}},
    {"jit", {"isa", "btf", "maps", "verifier"}},
    {"vm", {"isa", "btf", "maps", "verifier", "jit"}},
    {"tools", {}},
    {"include", {}},
};

bool is_source(const fs::path& path) {
  const std::string ending = path.extension().string();
  return ending == ".cpp" || ending == ".hpp" || ending == ".def" || ending == ".h";
}

/// The project's folder that an include line names; empty: none of ours.
std::string folder_of(const std::string& line) {
  static const std::regex include(R"(^\s*#\s*include\s+["<]([a-z_]+)/)");
  std::smatch match;
  if (!std::regex_search(line, match, include)) return "";
  const std::string folder = match[1];
  return kBelow.contains(folder) ? folder : "";
}

}  // namespace

TEST_CASE("folders include only what stands below them") {
  size_t includes = 0;
  for (const auto& [folder, below] : kBelow) {
    const fs::path root = fs::path(SKEP_SOURCE) / folder;
    if (!fs::exists(root)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (!entry.is_regular_file() || !is_source(entry.path())) continue;
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        const std::string included = folder_of(line);
        if (included.empty() || included == folder) continue;
        ++includes;
        INFO(entry.path().string() << ": " << line);
        CHECK(below.contains(included));
      }
    }
  }
  CHECK(includes > 20);  // else the pattern above no longer finds them
}
