// SPDX-License-Identifier: Apache-2.0
#include "maps/memory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <limits>
#include <string>

#include "maps/map.hpp"

namespace skep::maps {

Charge::~Charge() {
  if (environment_ && bytes_ > 0) environment_->charge(-bytes_);
}

bool Charge::add(Environment& environment, uint64_t bytes) {
  constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max() / 2);
  if (bytes > kMost || !environment.charge(static_cast<int64_t>(bytes))) return false;
  environment_ = &environment;
  bytes_ += static_cast<int64_t>(bytes);
  return true;
}

Memory::Memory(Memory&& other) noexcept
    : address_(std::exchange(other.address_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      charge_(std::move(other.charge_)) {}

Memory& Memory::operator=(Memory&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(size_, other.size_);
  charge_ = std::move(other.charge_);
  return *this;
}

Memory::~Memory() {
  if (address_) munmap(address_, size_);
}

Memory Memory::zeroed(Environment& environment, uint64_t bytes) {
  const uint64_t size = round_up(bytes, kPage);
  Charge charge;
  if (!charge.add(environment, size)) return {};
  void* address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) return {};
  return {static_cast<std::byte*>(address), size, std::move(charge)};
}

Memory Memory::reserved(uint64_t bytes) {
  const uint64_t size = round_up(bytes, kPage);
  void* address = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) return {};
  return {static_cast<std::byte*>(address), size, Charge()};
}

MemoryFile::MemoryFile(MemoryFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      read_only_(std::exchange(other.read_only_, -1)),
      charge_(std::move(other.charge_)) {}

MemoryFile& MemoryFile::operator=(MemoryFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(read_only_, other.read_only_);
  charge_ = std::move(other.charge_);
  return *this;
}

MemoryFile::~MemoryFile() {
  for (const int descriptor : {descriptor_, read_only_})
    if (descriptor >= 0) close(descriptor);
}

MemoryFile MemoryFile::create(Environment& environment, const char* name, uint64_t bytes) {
  MemoryFile file;
  if (!file.charge_.add(environment, bytes)) return {};
  file.descriptor_ = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file.descriptor_ < 0) return {};
  // Whoever holds the descriptor could otherwise cut off pages under the programs' feet.
  if (ftruncate(file.descriptor_, static_cast<off_t>(bytes)) != 0 ||
      fcntl(file.descriptor_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0)
    return {};
  const std::string path = fmt::format("/proc/self/fd/{}", file.descriptor_);
  file.read_only_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  return file;
}

bool MemoryFile::map_at(std::byte* address, uint64_t bytes, uint64_t offset) const {
  return mmap(address, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, descriptor_,
              static_cast<off_t>(offset)) != MAP_FAILED;
}

void* MemoryFile::map_for_host(void* address, uint64_t bytes, int protection, int flags, uint64_t offset) const {
  const bool writes = (protection & PROT_WRITE) != 0;
  return mmap(address, bytes, protection, flags, writes ? descriptor_ : read_only_descriptor(),
              static_cast<off_t>(offset));
}

bool MemoryFile::forbid_writes() const { return fcntl(descriptor_, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) == 0; }

bool MemoryFile::is_mapped_writable_outside(const std::byte* own, uint64_t own_size) const {
  struct stat file{};
  if (fstat(descriptor_, &file) != 0) return false;
  const auto begin = reinterpret_cast<uint64_t>(own);
  // A line: "begin-end perms offset major:minor inode path".
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    unsigned long from = 0, to = 0, inode = 0;
    char permissions[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s %*x %*x:%*x %lu", &from, &to, permissions, &inode) != 4) continue;
    if (inode == file.st_ino && permissions[1] == 'w' && permissions[3] == 's' &&
        line.find("/memfd:") != std::string::npos && (from < begin || from >= begin + own_size))
      return true;
  }
  return false;
}

}  // namespace skep::maps
