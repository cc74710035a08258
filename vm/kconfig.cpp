// SPDX-License-Identifier: Apache-2.0
// The configuration of the VM's kernel where its owner gives none: what programs ask for with __kconfig externs.
#include "vm/kconfig.hpp"

#include <charconv>

namespace skep::vm {

std::string_view default_kconfig() {
  return "CONFIG_64BIT=y\n"
         "CONFIG_X86_64=y\n"
         "CONFIG_SMP=y\n"
         "CONFIG_HZ=1000\n"
         "CONFIG_HZ_1000=y\n"
         "CONFIG_BPF=y\n"
         "CONFIG_BPF_SYSCALL=y\n"
         "CONFIG_BPF_JIT=y\n"
         "CONFIG_BPF_EVENTS=y\n"
         "CONFIG_CGROUP_BPF=y\n"
         "CONFIG_NET=y\n"
         "CONFIG_INET=y\n"
         "CONFIG_IPV6=y\n"
         "CONFIG_XDP_SOCKETS=y\n"
         "CONFIG_DEBUG_INFO_BTF=y\n"
         "CONFIG_DEFAULT_HOSTNAME=\"skep\"\n";
}

std::optional<std::string_view> kconfig_value(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == '=')
      return line.substr(name.size() + 1);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return std::nullopt;
}

std::optional<unsigned> kconfig_number(std::string_view text, std::string_view name) {
  const auto value = kconfig_value(text, name);
  if (!value) return std::nullopt;
  unsigned number = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error != std::errc{} || end != value->data() + value->size()) return std::nullopt;
  return number;
}

}  // namespace skep::vm
