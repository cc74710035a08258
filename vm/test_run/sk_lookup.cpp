// SPDX-License-Identifier: Apache-2.0
// Programs that choose a socket (net/bpf/test_run.c, bpf_prog_test_run_sk_lookup).
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <limits>

#include "vm/test_run/kind.hpp"

namespace skep::vm::test_run_kinds {

Status begin_sk_lookup(Session& session) {
  const TestRunInput& input = *session.input;
  if (auto status = refuse_flags(input); !status) return status;
  if (auto status = refuse_data(input); !status) return status;
  if (input.context.empty()) return Error{.code = EINVAL, .message = "a look-up needs a context that says of what"};
  bpf_sk_lookup given{};
  if (auto status = read_context(input, &given, sizeof given); !status) return status;
  constexpr size_t kEndOfGivable = offsetof(bpf_sk_lookup, local_port) + sizeof given.local_port;
  if (given.cookie != 0 || !is_zero(&given, kEndOfGivable, sizeof given))
    return Error{.code = EINVAL, .message = "the context has a field set that a test run does not take"};
  if (given.local_port > std::numeric_limits<uint16_t>::max())
    return Error{.code = ERANGE, .message = "local_port is more than 65535"};
  const auto family = static_cast<uint16_t>(given.family);
  if (family != AF_INET && family != AF_INET6)
    return Error{.code = EAFNOSUPPORT, .message = "the family is neither IPv4 nor IPv6"};
  session.new_context(sizeof given).set(0, given);
  return {};
}

/// Nothing is ever chosen here, so the verdict is the program's: pass or drop.
uint32_t verdict_of_sk_lookup(Session&, uint32_t retval) { return retval == SK_PASS ? SK_PASS : SK_DROP; }

}  // namespace skep::vm::test_run_kinds
