// SPDX-License-Identifier: Apache-2.0
// Writes the seeds of every target, each into a directory of its name.
//   make_seeds EXAMPLES OUT
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/fuzz/targets.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return (std::fputs("usage: make_seeds EXAMPLES OUT\n", stderr), 2);
  for (const skep::fuzz::Target& target : skep::fuzz::targets()) {
    const std::filesystem::path directory = std::filesystem::path(argv[2]) / target.name;
    std::filesystem::create_directories(directory);
    unsigned number = 0;
    for (const auto& seed : target.seeds(argv[1])) {
      std::ofstream file(directory / ("seed-" + std::to_string(number++)), std::ios::binary);
      file.write(reinterpret_cast<const char*>(seed.data()), static_cast<std::streamsize>(seed.size()));
      if (!file.flush()) return (std::perror(directory.c_str()), 1);
    }
  }
  return 0;
}
