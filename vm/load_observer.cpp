// SPDX-License-Identifier: Apache-2.0
#include "vm/load_observer.hpp"

namespace skep::vm {

std::optional<ProgramReport> LoadObserver::next_report(std::string_view name) {
  constexpr size_t kNameLimit = 15;  // BPF_OBJ_NAME_LEN without the NUL
  const std::string_view seen = name.substr(0, kNameLimit);
  for (size_t i = asked_; i < reports_.size(); ++i) {
    if (reports_[i].name != seen) continue;
    size_t last = i;
    while (!reports_[last].accepted && last + 1 < reports_.size() && reports_[last + 1].name == seen) ++last;
    asked_ = last + 1;
    return reports_[last];
  }
  return std::nullopt;
}

}  // namespace skep::vm
