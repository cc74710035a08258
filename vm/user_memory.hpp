// SPDX-License-Identifier: Apache-2.0
// Memory that a caller names by address: reading and writing it fails where it is not mapped, and never crashes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace skep::vm {

/// Copies `size` bytes from a caller's address; false when not all of them can be read. (Linux: copy_from_user.)
[[nodiscard]] bool copy_from_user(void* to, uint64_t from, size_t size);

/// Copies `size` bytes to a caller's address; false when not all of them can be written, and some may have been.
[[nodiscard]] bool copy_to_user(uint64_t to, const void* from, size_t size);

/// Copies a string of at most `limit` bytes up to its NUL; a longer one is cut. False: unreadable before its end.
[[nodiscard]] bool copy_string_from_user(std::string& to, uint64_t from, size_t limit);

}  // namespace skep::vm
