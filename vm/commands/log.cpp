// SPDX-License-Identifier: Apache-2.0
#include "vm/commands/log.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>

#include "vm/user_memory.hpp"

namespace skep::vm::commands {

bool Log::valid() const {
  constexpr uint32_t kKnown = kLevel1 | kLevel2 | kStats | kFixed;
  if ((buffer_ != 0) != (size_ != 0)) return false;
  if (buffer_ != 0 && level_ == 0) return false;
  return (level_ & ~kKnown) == 0 && size_ <= std::numeric_limits<uint32_t>::max() / 4;
}

int Log::finish(uint32_t& true_size) const {
  true_size = 0;
  if (level_ == 0 || text_.empty()) return 0;
  true_size = static_cast<uint32_t>(std::min<size_t>(text_.size() + 1, std::numeric_limits<uint32_t>::max()));
  if (buffer_ == 0) return 0;

  const size_t room = size_ - 1;
  const size_t length = std::min(room, text_.size());
  std::string part = (level_ & kFixed) != 0 ? text_.substr(0, length) : text_.substr(text_.size() - length);
  if (!copy_to_user(buffer_, part.c_str(), part.size() + 1)) return -EFAULT;
  return true_size > size_ ? -ENOSPC : 0;
}

}  // namespace skep::vm::commands
