// SPDX-License-Identifier: Apache-2.0
#include "vm/load_observer.hpp"

#include <algorithm>

namespace skep::vm {

const ProgramReport* LoadObserver::find(std::string_view name) const {
  constexpr size_t kNameLimit = 15;  // BPF_OBJ_NAME_LEN without the NUL
  const std::string_view seen = name.substr(0, kNameLimit);
  const auto found =
      std::find_if(reports_.rbegin(), reports_.rend(), [seen](const ProgramReport& r) { return r.name == seen; });
  return found == reports_.rend() ? nullptr : &*found;
}

}  // namespace skep::vm
