// SPDX-License-Identifier: Apache-2.0
#include "compiled.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>

#include <fmt/format.h>

#include "isa/decode.hpp"

namespace skep::bench {

namespace fs = std::filesystem;

namespace {

/// A folder that goes with its object.
struct TemporaryFolder {
  fs::path path;
  TemporaryFolder() {
    std::string name = fs::temp_directory_path() / "skep-bench-XXXXXX";
    if (mkdtemp(name.data()) != nullptr) path = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path.empty()) fs::remove_all(path, ignored);
  }
};

std::vector<std::byte> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Status compile(const std::string& flags, const fs::path& source, const fs::path& output) {
  const std::string command = fmt::format("{} {} -O2 -w -I'{}' '{}' -o '{}'", SKEP_BENCH_CLANG, flags,
                                          SKEP_BENCH_INCLUDE, source.string(), output.string());
  if (std::system(command.c_str()) == 0) return {};
  return Error{EINVAL, fmt::format("cannot compile {}: {}", source.string(), command)};
}

/// Bytes of the section "xdp" of an object file.
std::vector<std::byte> xdp_section(const fs::path& object) {
  std::vector<std::byte> found;
  const int fd = ::open(object.c_str(), O_RDONLY | O_CLOEXEC);
  elf_version(EV_CURRENT);
  Elf* elf = elf_begin(fd, ELF_C_READ, nullptr);
  size_t names = 0;
  if (elf != nullptr && elf_getshdrstrndx(elf, &names) == 0)
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
      GElf_Shdr header;
      if (gelf_getshdr(section, &header) == nullptr) continue;
      const char* name = elf_strptr(elf, names, header.sh_name);
      const Elf_Data* data = elf_getdata(section, nullptr);
      if (name == nullptr || std::strcmp(name, "xdp") != 0 || data == nullptr) continue;
      const auto* bytes = static_cast<const std::byte*>(data->d_buf);
      found.assign(bytes, bytes + data->d_size);
    }
  elf_end(elf);
  ::close(fd);
  return found;
}

std::vector<std::byte> numbers(size_t size) {
  std::vector<std::byte> bytes(size);
  uint64_t state = 1;
  for (std::byte& byte : bytes) byte = std::byte((state = state * 6364136223846793005 + 1442695040888963407) >> 56);
  return bytes;
}

std::vector<std::byte> packet_for(const fs::path& folder, const std::string& name) {
  constexpr size_t kDefaultPacket = 2048;  // bytes
  const fs::path input = folder / "inputs" / (name + ".bin");
  return fs::exists(input) ? read_file(input) : numbers(kDefaultPacket);
}

Result<Compiled> compile_one(const fs::path& folder, const fs::path& source, const fs::path& scratch) {
  Compiled compiled{.name = source.stem()};
  const fs::path object = scratch / (compiled.name + ".o");
  const fs::path library = scratch / (compiled.name + ".so");
  // What the kernel's headers include lies in the host's own folder, which clang does not search for BPF.
  if (Status s = compile("--target=bpf -mcpu=v3 -idirafter /usr/include/x86_64-linux-gnu -c", source, object); !s)
    return s.error();
  if (Status s = compile("-march=native -shared -fPIC", source, library); !s) return s.error();
  Result<std::vector<isa::Insn>> insns = isa::decode(xdp_section(object));
  if (!insns) return insns.error();
  compiled.insns = std::move(*insns);
  compiled.library.reset(dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL), [](void* handle) {
    if (handle != nullptr) dlclose(handle);
  });
  if (compiled.library != nullptr)
    compiled.native = reinterpret_cast<NativeFunction>(dlsym(compiled.library.get(), compiled.name.c_str()));
  if (compiled.native == nullptr)
    return Error{EINVAL, fmt::format("{} does not define a function {}", source.string(), compiled.name)};
  compiled.packet = packet_for(folder, compiled.name);
  return compiled;
}

}  // namespace

Result<std::vector<Compiled>> compile_folder(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> sources;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder / "programs", error))
    if (entry.path().extension() == ".c") sources.push_back(entry.path());
  if (sources.empty()) return Error{ENOENT, fmt::format("{}: no programs/*.c", folder.string())};
  std::ranges::sort(sources);
  const TemporaryFolder scratch;
  std::vector<Compiled> all;
  for (const fs::path& source : sources) {
    Result<Compiled> one = compile_one(folder, source, scratch.path);
    if (!one) return std::move(one).error();
    all.push_back(std::move(*one));
  }
  return all;
}

}  // namespace skep::bench
