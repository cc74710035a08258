// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>

#include <numeric>

#include "tests/unit/test_run/support.hpp"

namespace skep::vm::test {

namespace {
constexpr std::string_view kLinearLength = R"(
    r0 = *(u32 *)(r1 + 4)
    r2 = *(u32 *)(r1 + 0)
    r0 -= r2
    exit)";
constexpr std::string_view kMetaLength = R"(
    r0 = *(u32 *)(r1 + 0)
    r2 = *(u32 *)(r1 + 8)
    r0 -= r2
    exit)";
}  // namespace

TEST_CASE_METHOD(TestRunTest, "an XDP packet has 14 bytes at least and goes on in fragments behind 3520") {
  const auto linear = [&](size_t size) {
    const Bytes data = frame(size);
    const auto output = run(ProgramType::xdp, kLinearLength, {.data = data});
    if (!output) return -output.error().code;
    CHECK(output->data == data);
    return static_cast<int>(output->retval);
  };
  CHECK(linear(0) == -EINVAL);
  CHECK(linear(13) == -EINVAL);
  CHECK(linear(14) == 14);
  CHECK(linear(3520) == 3520);
  CHECK(linear(3521) == 3520);
  CHECK(linear(73152) == 3520);
  CHECK(linear(73153) == -ENOMEM);
}

TEST_CASE_METHOD(TestRunTest, "the context lays out metadata and frame") {
  Bytes data(64);
  for (size_t i = 0; i < data.size(); ++i) data[i] = std::byte(i);
  const auto with = [&](xdp_md md, std::string_view text = kReturn1) {
    const Bytes context = bytes_of(md);
    return run(ProgramType::xdp, text, {.data = data, .context = context});
  };
  const auto output = with({.data = 8, .data_end = 64}, kMetaLength);
  REQUIRE(output);
  CHECK(output->retval == 8);
  CHECK(output->data == data);
  const auto after = read_as<xdp_md>(output->context);
  CHECK((after.data == 8 && after.data_end == 64 && after.data_meta == 0));
  CHECK(with({.data = 0, .data_end = 30}, kLinearLength)->retval == 30);
  CHECK(with({.data = 0, .data_end = 0}, kLinearLength)->retval == 0);

  const auto code = [&](xdp_md md) {
    const auto result = with(md);
    return result ? 0 : result.error().code;
  };
  CHECK(code({.data = 5, .data_end = 64}) == EINVAL);
  CHECK(code({.data = 52, .data_end = 64}) == EINVAL);
  CHECK(code({.data = 0, .data_end = 65}) == EINVAL);
  CHECK(code({.data = 8, .data_end = 4}) == EINVAL);
  CHECK(code({.data_end = 64, .data_meta = 4}) == EINVAL);
  CHECK(code({.data_end = 64, .ingress_ifindex = 1}) == 0);
  CHECK(code({.data_end = 64, .ingress_ifindex = 99}) == ENODEV);
  CHECK(code({.data_end = 64, .ingress_ifindex = 1, .rx_queue_index = 1}) == EINVAL);
  CHECK(code({.data_end = 64, .rx_queue_index = 1}) == EINVAL);
  CHECK(code({.data_end = 64, .egress_ifindex = 1}) == EINVAL);
}

TEST_CASE_METHOD(TestRunTest, "metadata has 216 bytes at most") {
  const Bytes data = frame(400);
  for (const auto& [size, expected] : {std::pair{216U, 0}, std::pair{220U, EINVAL}, std::pair{252U, EINVAL}}) {
    const Bytes context = bytes_of(xdp_md{.data = size, .data_end = 400});
    CHECK(error(ProgramType::xdp, kReturn1, {.data = data, .context = context}) == expected);
  }
}

TEST_CASE_METHOD(TestRunTest, "without a context a packet comes in over the loopback device") {
  const Bytes data = frame(64);
  CHECK(good(ProgramType::xdp, "r0 = *(u32 *)(r1 + 12)\nexit", {.data = data}).retval == 1);
}

TEST_CASE_METHOD(TestRunTest, "a moved head shows in data and context") {
  const Bytes data = frame(64, 0x0800);
  const auto output = good(ProgramType::xdp, "r2 = 4\ncall 44\nexit", {.data = data});
  CHECK(output.data.size() == 60);
  CHECK(output.data[8] == std::byte{8});
  CHECK(read_as<xdp_md>(output.context).data_end == 60);
}

TEST_CASE_METHOD(TestRunTest, "the target of a redirect is told, of the last run only") {
  const Bytes data = frame(64);
  const auto output = good(ProgramType::xdp, "r1 = 5\nr2 = 0\ncall 23\nexit", {.data = data});
  CHECK(output.retval == XDP_REDIRECT);
  CHECK((output.redirect.kind == Redirect::Kind::interface && output.redirect.target == 5));
  CHECK(good(ProgramType::xdp, kReturn1, {.data = data}).redirect.kind == Redirect::Kind::none);
}

TEST_CASE_METHOD(TestRunTest, "XDP knows one flag, which has no device here") {
  const Bytes data = frame(64);
  CHECK(error(ProgramType::xdp, kReturn1, {.data = data, .flags = kTestXdpLiveFrames}) == kENOTSUPP);
  CHECK(error(ProgramType::xdp, kReturn1, {.data = data, .flags = kTestSkbChecksumComplete}) == EINVAL);
}

}  // namespace skep::vm::test
