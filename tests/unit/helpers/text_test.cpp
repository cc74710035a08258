// SPDX-License-Identifier: Apache-2.0
// Strings, formats and what is printed.
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/helpers/support.hpp"
#include "vm/helpers/format.hpp"

namespace skep::vm::test {

namespace {

struct Formatted {
  int error;
  std::string text;
};
Formatted format(std::string_view text, std::vector<uint64_t> arguments = {}) {
  Formatted result;
  result.error = helpers::format_text(result.text, text, arguments);
  return result;
}
uint64_t address(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

}  // namespace

TEST_CASE("numbers are formatted in their width") {
  CHECK(format("%d %i %u", {uint64_t(-1), 2, uint64_t(-1)}).text == "-1 2 4294967295");
  CHECK(format("%ld %llu %lx %llX", {uint64_t(-1), uint64_t(-1), 255, 255}).text == "-1 18446744073709551615 ff FF");
  CHECK(format("[%5d|%-5d|%05d|%+d|% d]", {7, 7, 7, 7, 7}).text == "[    7|7    |00007|+7| 7]");
  CHECK(format("100%% %c%c", {'o', 'k'}).text == "100% ok");
  CHECK(format("[%3c|%-3c]", {'x', 'y'}).text == "[  x|y  ]");
}

TEST_CASE("strings and addresses are read safely") {
  const char hello[] = "hello";
  const uint8_t ip4[] = {10, 0, 0, 7};
  const uint8_t ip6[16] = {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  CHECK(format("%s, %pks %pus.", {address(hello), address(hello), address(hello)}).text == "hello, hello hello.");
  CHECK(format("[%8s|%-8s]", {address(hello), address(hello)}).text == "[   hello|hello   ]");
  CHECK(format("[%s]", {8}).text == "[]");
  CHECK(format("%pI4 %pi4", {address(ip4), address(ip4)}).text == "10.0.0.7 010.000.000.007");
  CHECK(format("%pI6", {address(ip6)}).text == "2001:0db8:0000:0000:0000:0000:0000:0001");
  CHECK(format("%pi6", {address(ip6)}).text == "20010db8000000000000000000000001");
  CHECK(format("%pI4", {8}).text == "0.0.0.0");
  CHECK(format("%p|%px|%pK|%20px", {0xabc, 0xabc, 0xabc, 0xabc}).text ==
        "0000000000000abc|0000000000000abc|0000000000000abc|                 abc");
  CHECK(format("%ps %pS %pB", {0xabc, 0xabc, 0xabc}).text == "0xabc 0xabc 0xabc");
}

TEST_CASE("pointers' conversions take their suffix with them, and those of strings no width") {
  const char hello[] = "hello";
  const uint8_t ip4[] = {10, 0, 0, 7};
  CHECK(format("[%10pks|%-10pus]", {address(hello), address(hello)}).text == "[hello|hello]");
  CHECK(format("[%20pI4]", {address(ip4)}).text == "[10.0.0.7]");
  CHECK(format("%pI4abc9 %pi48.", {address(ip4), address(ip4)}).text == "10.0.0.7 010.000.000.007.");
  CHECK(format("%pI4%d", {address(ip4), 5}).text == "10.0.0.75");
  CHECK(format("%pxy %pKz %psRb", {0xabc, 0xabc, 0xabc}).text == "0000000000000abc 0000000000000abc 0xabc");
  CHECK(format("[%7ps|%-7pS|%7pB]", {0xabc, 0xabc, 0xabc}).text == "[  0xabc|0xabc  |0xabc]");
}

TEST_CASE("formats that Linux refuses are refused") {
  for (const char* text :
       {"%", "%y", "%lld %d", "%f", "%5", "%lp", "%pZ", "%pI5", "%pi", "%sx", "%p%", "\x01", "%n", "%hd"}) {
    INFO(text);
    CHECK(format(text, {1}).error == -EINVAL);
  }
  CHECK(format("%d").error == -EINVAL);
  CHECK(format("more arguments than conversions", {1, 2}).error == 0);
  CHECK(format("\xc3\xa4 is \ttext\n").error == 0);
}

TEST_CASE("arguments have 512 bytes of room") {
  const std::string text(600, 'a');
  const auto one = format("%s", {address(text.c_str())});
  CHECK(one.text.size() == 511);
  CHECK(format("%s%s", {address(text.c_str()), address(text.c_str())}).error == -ENOSPC);
  CHECK(format("%s %d", {address(text.c_str()), 1}).error == -ENOSPC);
}

TEST_CASE("trace_printk hands out a line and tells its length") {
  HelperTest t(verifier::ProgramType::kprobe);
  const char text[] = "value %d\n";
  CHECK(t.call(HelperId::trace_printk, text, sizeof text, 42) == 9);
  CHECK(t.lines == std::vector<std::string>{"value 42"});
  CHECK(t.call(HelperId::trace_printk, text, sizeof text - 1, 42) == -EINVAL);  // no NUL
  CHECK(t.lines.size() == 1);
}

TEST_CASE("trace_vprintk takes its arguments from an array") {
  HelperTest t(verifier::ProgramType::kprobe);
  const char text[] = "%d %d %d %d";
  const uint64_t arguments[13] = {1, 2, 3, 4};
  CHECK(t.call(HelperId::trace_vprintk, text, sizeof text, arguments, 32) == 7);
  CHECK(t.lines.back() == "1 2 3 4");
  CHECK(t.call(HelperId::trace_vprintk, text, sizeof text, arguments, 31) == -EINVAL);
  CHECK(t.call(HelperId::trace_vprintk, text, sizeof text, arguments, 13 * 8) == -EINVAL);
  CHECK(t.call(HelperId::trace_vprintk, text, sizeof text, nullptr, 8) == -EINVAL);
}

TEST_CASE("snprintf writes what fits and tells what it would take") {
  HelperTest t;
  char to[6] = "xxxxx";
  const uint64_t arguments[] = {123456};
  CHECK(t.call(HelperId::snprintf, to, sizeof to, "n=%d", arguments, 8) == 9);
  CHECK(std::string(to) == "n=123");
  CHECK(t.call(HelperId::snprintf, to, 0, "n=%d", arguments, 8) == 9);
  CHECK(t.call(HelperId::snprintf, to, sizeof to, "%d", arguments, 4) == -EINVAL);
}

TEST_CASE("strtol and strtoul read numbers as Linux does") {
  HelperTest t;
  const auto strtol = [&](std::string_view text, uint64_t flags, int64_t& to) {
    return t.call(HelperId::strtol, text.data(), text.size(), flags, &to);
  };
  int64_t n = 99;
  CHECK((strtol("  -12x", 0, n) == 5 && n == -12));
  CHECK((strtol("\xa0\t1", 0, n) == 3 && n == 1));
  CHECK((strtol("0x1f", 0, n) == 4 && n == 31));
  CHECK((strtol("0X1f", 16, n) == 4 && n == 31));
  CHECK((strtol("017", 0, n) == 3 && n == 15));
  CHECK((strtol("09", 0, n) == 1 && n == 0));
  CHECK((strtol("0x", 0, n) == 1 && n == 0));
  CHECK((strtol("-9223372036854775808", 10, n) == 20 && n == INT64_MIN));
  CHECK((strtol("9223372036854775808", 10, n) == -ERANGE && n == 0));
  CHECK(strtol("99999999999999999999", 10, n) == -ERANGE);
  CHECK(strtol("", 0, n) == -EINVAL);
  CHECK(strtol("  ", 0, n) == -EINVAL);
  CHECK(strtol("x", 0, n) == -EINVAL);
  CHECK(strtol("1", 7, n) == -EINVAL);
  CHECK(strtol("1", 32, n) == -EINVAL);
  uint64_t u = 99;
  CHECK((t.call(HelperId::strtoul, "18446744073709551615", 20, 10, &u) == 20 && u == UINT64_MAX));
  CHECK((t.call(HelperId::strtoul, "-1", 2, 10, &u) == -EINVAL && u == 0));
}

TEST_CASE("strncmp orders") {
  HelperTest t;
  CHECK(t.call(HelperId::strncmp, "abc", 3, "abd") == -1);
  CHECK(t.call(HelperId::strncmp, "abc", 2, "abd") == 0);
  CHECK(t.call(HelperId::strncmp, "abd", 3, "abc") == 1);
}

TEST_CASE("probe reads of bad addresses fail and zero the destination") {
  HelperTest t(verifier::ProgramType::kprobe);
  uint64_t value = 5;
  uint64_t to = 9;
  CHECK(t.call(HelperId::probe_read_kernel, &to, 8, &value) == 0);
  CHECK(to == 5);
  CHECK(t.call(HelperId::probe_read_user, &to, 8, 16) == -EFAULT);
  CHECK(to == 0);
  CHECK(t.call(HelperId::probe_read, &to, 8, 0xffff'8000'0000'0000) == -EFAULT);
  CHECK(t.call(HelperId::probe_read, &to, 0, 16) == 0);
}

TEST_CASE("probe reads of strings end at the NUL, at the size, or at a page that is not there") {
  HelperTest t(verifier::ProgramType::kprobe);
  char to[6] = "zzzzz";
  CHECK(t.call(HelperId::probe_read_kernel_str, to, 6, "abc") == 4);
  CHECK(std::string(to) == "abc");
  CHECK(t.call(HelperId::probe_read_kernel_str, to, 3, "abcdef") == 3);
  CHECK(std::string(to) == "ab");
  CHECK(t.call(HelperId::probe_read_user_str, to, 6, 16) == -EFAULT);
  CHECK(to[0] == 0);
  CHECK(t.call(HelperId::probe_read_user_str, to, 0, 16) == 0);

  auto* pages = static_cast<char*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  REQUIRE(munmap(pages + 4096, 4096) == 0);
  std::memcpy(pages + 4093, "ok", 3);
  CHECK(t.call(HelperId::probe_read_user_str, to, 6, pages + 4093) == 3);
  pages[4095] = 'x';
  CHECK(t.call(HelperId::probe_read_user_str, to, 6, pages + 4093) == -EFAULT);
  munmap(pages, 4096);
}

TEST_CASE("the task is the host's thread") {
  HelperTest t(verifier::ProgramType::kprobe);
  CHECK(t.call(HelperId::get_current_pid_tgid) >> 32 == getpid());
  CHECK(static_cast<uint32_t>(t.call(HelperId::get_current_uid_gid)) == getuid());
  char name[16] = {};
  CHECK(t.call(HelperId::get_current_comm, name, sizeof name) == 0);
  CHECK(name[0] != 0);
  char tiny[2] = {9, 9};
  CHECK(t.call(HelperId::get_current_comm, tiny, sizeof tiny) == 0);
  CHECK((tiny[0] == name[0] && tiny[1] == 0));
  CHECK(t.call(HelperId::get_smp_processor_id) == t.run.cpu);
  CHECK(t.call(HelperId::get_current_cgroup_id) == 1);
  bpf_pidns_info info{1, 1};
  CHECK(t.call(HelperId::get_ns_current_pid_tgid, 1, 1, &info, sizeof info) == -EINVAL);
  CHECK(info.pid == 0);
}

TEST_CASE("clock and random numbers are the VM's") {
  HelperTest t;
  HelperTest same;
  CHECK(t.call(HelperId::ktime_get_ns) == 1'000'000'000);
  CHECK(t.call(HelperId::ktime_get_boot_ns) == 1'000'000'000);
  CHECK(t.call(HelperId::get_prandom_u32) == same.call(HelperId::get_prandom_u32));
  CHECK(t.call(HelperId::get_prandom_u32) != t.call(HelperId::get_prandom_u32));
}

}  // namespace skep::vm::test
