// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/helpers/support.hpp"
#include "vm/helpers/internet_checksum.hpp"

namespace skep::vm::test {

namespace {
uint16_t header_sum(const SkbTest& t) { return helpers::sum_to_field(helpers::sum_bytes(t.packet.data + 14, 20, 0)); }
/// A packet with a right IPv4 header checksum.
std::vector<uint8_t> checked_frame() {
  auto bytes = ipv4_frame();
  const uint16_t field = helpers::sum_to_field(helpers::sum_bytes(bytes.data() + 14, 20, 0));
  std::memcpy(bytes.data() + 24, &field, sizeof field);
  return bytes;
}
}  // namespace

TEST_CASE("l3_csum_replace follows a change of 2 and of 4 bytes, and a difference") {
  SkbTest t(checked_frame());
  REQUIRE(header_sum(t) == 0);
  uint16_t old2, new2 = 0x1234;
  std::memcpy(&old2, t.packet.data + 18, 2);
  std::memcpy(t.packet.data + 18, &new2, 2);
  CHECK(t.on_context(HelperId::l3_csum_replace, 24, old2, new2, 2) == 0);
  CHECK(header_sum(t) == 0);
  uint32_t old4, new4 = 0x9abcdef0;
  std::memcpy(&old4, t.packet.data + 26, 4);
  std::memcpy(t.packet.data + 26, &new4, 4);
  CHECK(t.on_context(HelperId::l3_csum_replace, 24, old4, uint64_t{new4}, 4) == 0);
  CHECK(header_sum(t) == 0);
  std::memcpy(t.packet.data + 26, &old4, 4);
  const int64_t difference = t.call(HelperId::csum_diff, &new4, 4, &old4, 4, 0);
  CHECK(t.on_context(HelperId::l3_csum_replace, 24, 0, difference, 0) == 0);
  CHECK(header_sum(t) == 0);
}

TEST_CASE("l3_csum_replace refuses unknown flags, sizes and places") {
  SkbTest t;
  CHECK(t.on_context(HelperId::l3_csum_replace, 24, 0, 0, 0x10) == -EINVAL);
  CHECK(t.on_context(HelperId::l3_csum_replace, 24, 0, 0, 3) == -EINVAL);
  CHECK(t.on_context(HelperId::l3_csum_replace, 24, 1, 0, 0) == -EINVAL);
  CHECK(t.on_context(HelperId::l3_csum_replace, 25, 0, 0, 2) == -EFAULT);
  CHECK(t.on_context(HelperId::l3_csum_replace, 64, 0, 0, 2) == -EFAULT);
  CHECK(t.on_context(HelperId::l3_csum_replace, 0x10000, 0, 0, 2) == -EFAULT);
}

TEST_CASE("l4_csum_replace leaves an absent UDP checksum absent and never makes one") {
  SkbTest t;
  std::memset(t.packet.data + 50, 0, 2);
  CHECK(t.on_context(HelperId::l4_csum_replace, 50, 1, 2, BPF_F_MARK_MANGLED_0 | 2) == 0);
  CHECK(t.bytes()[50] == 0);
  CHECK(t.on_context(HelperId::l4_csum_replace, 50, 0xffff, 0, BPF_F_MARK_MANGLED_0 | BPF_F_MARK_ENFORCE | 2) == 0);
  CHECK((t.bytes()[50] != 0 || t.bytes()[51] != 0));
  CHECK(t.on_context(HelperId::l4_csum_replace, 50, 0, 0, uint64_t{1} << 9) == -EINVAL);
  CHECK(t.on_context(HelperId::l4_csum_replace, 63, 0, 0, 2) == -EFAULT);
}

TEST_CASE("csum_diff adds, takes away and folds to 16 bits") {
  HelperTest t;
  const uint32_t one[] = {0x11223344, 0x55667788};
  const uint32_t other[] = {0xffffffff, 1};
  const auto sum = [&](const void* from, uint32_t from_size, const void* to, uint32_t to_size, uint32_t seed) {
    return t.call(HelperId::csum_diff, from, from_size, to, to_size, seed);
  };
  CHECK(sum(nullptr, 0, one, 8, 0) == helpers::sum_fold16(helpers::sum_bytes(one, 8, 0)));
  CHECK(sum(nullptr, 0, nullptr, 0, 0x12345678) == 0x1234 + 0x5678);
  CHECK(helpers::sum_fold16(helpers::sum_add(static_cast<uint32_t>(sum(nullptr, 0, one, 8, 0)),
                                             static_cast<uint32_t>(sum(one, 8, nullptr, 0, 0)))) == 0xffff);
  CHECK(sum(one, 8, other, 8, 0) == sum(one, 8, nullptr, 0, static_cast<uint32_t>(sum(nullptr, 0, other, 8, 0))));
  CHECK(sum(nullptr, 0, one, 3, 0) == sum(nullptr, 0, &one[0], 2, 0) + 0x22);
}

TEST_CASE("csum_level counts what was checked") {
  SkbTest t;
  const auto level = [&](uint64_t what) { return t.on_context(HelperId::csum_level, what); };
  CHECK(level(BPF_CSUM_LEVEL_QUERY) == -EACCES);
  CHECK(level(BPF_CSUM_LEVEL_INC) == 0);
  CHECK(level(BPF_CSUM_LEVEL_QUERY) == 0);
  for (int i = 0; i < 5; ++i) CHECK(level(BPF_CSUM_LEVEL_INC) == 0);
  CHECK(level(BPF_CSUM_LEVEL_QUERY) == 3);
  CHECK(level(BPF_CSUM_LEVEL_DEC) == 0);
  CHECK(level(BPF_CSUM_LEVEL_QUERY) == 2);
  CHECK(level(BPF_CSUM_LEVEL_RESET) == 0);
  CHECK(level(BPF_CSUM_LEVEL_QUERY) == -EACCES);
  CHECK(level(4) == -EINVAL);
}

TEST_CASE("csum_update is for complete checksums") {
  SkbTest t;
  CHECK(t.on_context(HelperId::csum_update, 5) == -kENOTSUPP);
  t.packet.skb.checksum_state = ChecksumState::complete;
  t.packet.skb.checksum = 0xffffffff;
  CHECK(t.on_context(HelperId::csum_update, 5) == 5);
}

TEST_CASE("sums of bytes do not depend on how they are cut") {
  std::vector<uint8_t> bytes(37);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = uint8_t(i * 37 + 200);
  const uint16_t whole = helpers::sum_fold16(helpers::sum_bytes(bytes.data(), bytes.size(), 0));
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    const uint32_t front = helpers::sum_bytes(bytes.data(), cut, 0);
    const uint32_t back = helpers::sum_bytes(bytes.data() + cut, bytes.size() - cut, 0);
    CHECK(helpers::sum_fold16(helpers::sum_add(front, helpers::sum_at_offset(back, cut))) == whole);
  }
}

}  // namespace skep::vm::test
