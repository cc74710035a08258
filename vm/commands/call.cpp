// SPDX-License-Identifier: Apache-2.0
#include "vm/commands/call.hpp"

#include <fcntl.h>

#include <algorithm>

#include "maps/flags.hpp"
#include "vm/load_observer.hpp"

namespace skep::vm::commands {
namespace {

constexpr size_t kPage = 4096;

}  // namespace

long Call::refuse(const Error& error) const {
  if (auto* observer = LoadObserver::current()) observer->refusal(error);
  if (vm.wants(LogLevel::debug)) vm.log(LogLevel::debug, "skep: " + error.text() + "\n");
  return -error.code;
}

int check_tail_zero(uint64_t address, size_t known, size_t size) {
  if (size > kPage) return -E2BIG;
  if (size <= known) return 0;
  std::byte tail[kPage];
  const size_t length = size - known;
  if (!copy_from_user(tail, address + known, length)) return -EFAULT;
  return std::all_of(tail, tail + length, [](std::byte b) { return b == std::byte{0}; }) ? 0 : -E2BIG;
}

int access_of_flags(uint32_t flags) {
  const bool read_only = (flags & maps::kFlagRdonly) != 0;
  const bool write_only = (flags & maps::kFlagWronly) != 0;
  if (read_only && write_only) return -EINVAL;
  if (read_only) return O_RDONLY;
  return write_only ? O_WRONLY : O_RDWR;
}

std::string text_of(const ObjectName& name) { return {name.begin(), std::find(name.begin(), name.end(), '\0')}; }

int refuse_token(Vm& vm, int32_t fd) {
  const int error = vm.descriptors().resolve(fd).error;
  return error != 0 ? error : -EINVAL;
}

}  // namespace skep::vm::commands
