// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "tests/unit/helpers/support.hpp"
#include "verifier/helpers.hpp"

namespace skep::vm::test {

TEST_CASE("ids that no helper has find no function") {
  CHECK(helper_function(0) == nullptr);
  CHECK(helper_function(verifier::kHelperCount + 1) == nullptr);
  CHECK(helper_function(UINT32_MAX) == nullptr);
}

TEST_CASE("helpers that only a kernel can have are not there") {
  for (const HelperId id : {HelperId::override_return, HelperId::probe_write_user, HelperId::send_signal})
    CHECK(helper_function(static_cast<uint32_t>(id)) == nullptr);
}

TEST_CASE("every helper that a packet program may change packets with is there") {
  for (const verifier::HelperProto& proto : verifier::helpers()) {
    const auto id = static_cast<uint32_t>(proto.id);
    const bool is_tail_call = proto.id == HelperId::tail_call;  // the engines' own
    const bool is_for_packets =
        verifier::allowed(verifier::ProgramType::xdp, id) || verifier::allowed(verifier::ProgramType::sched_cls, id);
    if (!proto.has(verifier::kChangesPacket) || !is_for_packets || is_tail_call) continue;
    INFO(proto.name);
    CHECK(helper_function(id) != nullptr);
  }
}

TEST_CASE("a packet helper in a run without a packet is refused, not run") {
  HelperTest t;
  CHECK(t.call(HelperId::skb_pull_data, 0, 14) == -EINVAL);
  CHECK(t.call(HelperId::xdp_adjust_head, 0, 4) == -EINVAL);
}

TEST_CASE("an XDP helper does not take a socket buffer, nor the reverse") {
  SkbTest skb;
  CHECK(skb.on_context(HelperId::xdp_adjust_head, 4) == -EINVAL);
  XdpTest xdp;
  CHECK(xdp.on_context(HelperId::skb_change_tail, 20, 0) == -EINVAL);
}

}  // namespace skep::vm::test
