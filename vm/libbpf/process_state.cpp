// SPDX-License-Identifier: Apache-2.0
#include "vm/libbpf/process_state.hpp"

#include <private_libbpf.hpp>  // before libbpf's own header

#include <bpf/libbpf.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <string>

#include "vm/libbpf/redirect.hpp"
#include "vm/libbpf/system.hpp"

extern "C" {
// libbpf's own, under their names in the private copy (symbols.txt: wrap, expose).
bool skep_libbpf_feat_supported(void* cache, int feature);
extern int skep_libbpf_cpus;
}

namespace skep::vm {
namespace {

int print_message(libbpf_print_level level, const char* format, va_list arguments) {
  System* system = CurrentSystem::get();
  const auto log_level = static_cast<LogLevel>(level);
  if (system == nullptr || !system->wants(log_level)) return 0;

  va_list again;
  va_copy(again, arguments);
  const int length = std::vsnprintf(nullptr, 0, format, arguments);
  if (length > 0) {
    std::string text(static_cast<size_t>(length), '\0');
    std::vsnprintf(text.data(), text.size() + 1, format, again);
    system->log(log_level, text);
  }
  va_end(again);
  return length;
}

}  // namespace

std::unique_ptr<std::byte[]> make_feature_cache() {
  return std::make_unique<std::byte[]>(SKEP_LIBBPF_FEATURE_CACHE_SIZE);
}

void set_possible_cpus(int count) { std::atomic_ref(skep_libbpf_cpus).store(count, std::memory_order_relaxed); }

void route_messages() {
  static const libbpf_print_fn_t previous = libbpf_set_print(print_message);
  (void)previous;
}

}  // namespace skep::vm

// libbpf asks for a feature; a cache of its own it has only with a BPF token.
extern "C" bool skep_sys_feat_supported(void* cache, int feature) {
  skep::vm::System* system = skep::vm::CurrentSystem::get();
  if (cache == nullptr && system != nullptr) cache = system->feature_cache();
  return skep_libbpf_feat_supported(cache, feature);
}
