// SPDX-License-Identifier: Apache-2.0
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/check.hpp"
#include "tests/fuzz/targets.hpp"
#include "tools/capture.hpp"

namespace skep::fuzz {

void read_capture(Input input) {
  const int fd = ::memfd_create("capture", MFD_CLOEXEC);
  demand(fd >= 0 && ::write(fd, input.data(), input.size()) == static_cast<ssize_t>(input.size()),
         "a file can be written");
  auto reader = tools::CaptureReader::open("/proc/self/fd/" + std::to_string(fd));
  while (ok_or_error(reader)) {
    const auto packet = reader->next();
    if (!ok_or_error(packet) || !*packet) break;
    demand((*packet)->bytes.size() <= input.size(), "a packet is part of its file");
    demand(reader->position() <= reader->size(), "a position is within the file");
  }
  ::close(fd);
}

}  // namespace skep::fuzz
