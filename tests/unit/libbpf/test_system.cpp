// SPDX-License-Identifier: Apache-2.0
#include <private_libbpf.hpp>  // before libbpf's own headers

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <thread>

#include "tests/unit/libbpf/fake_system.hpp"
#include "tests/unit/libbpf/object_file.hpp"
#include "vm/libbpf/redirect.hpp"

namespace skep::vm::test {
namespace {

struct CloseObject {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};
using ObjectPtr = std::unique_ptr<bpf_object, CloseObject>;

struct FreeBtf {
  void operator()(btf* types) const { btf__free(types); }
};
using BtfPtr = std::unique_ptr<btf, FreeBtf>;

ObjectPtr open_counter() {
  const auto bytes = read_file(COUNTER_BPF_OBJECT);
  return ObjectPtr(bpf_object__open_mem(bytes.data(), bytes.size(), nullptr));
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

// The name that a map arrives with: libbpf sends it only to kernels that it found to take names.
std::string name_of_created_map(FakeSystem& system) {
  const CurrentSystem current(system);
  const int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "a_name", 4, 4, 1, nullptr);
  REQUIRE(fd >= 0);
  REQUIRE(system.close(fd) == 0);
  return system.calls.back().attr.map_name;
}

int refuse_names(int command, const bpf_attr& attr) {
  return command == BPF_PROG_LOAD && attr.prog_name[0] != '\0' ? -EINVAL : 0;
}

}  // namespace

TEST_CASE("an object loads through the current System's bpf") {
  FakeSystem system;
  const CurrentSystem current(system);
  const ObjectPtr object = open_counter();
  REQUIRE(object);
  system.files["/boot/config-6.12.0-fake"] = "CONFIG_HZ=250\n";

  CHECK(bpf_object__load(object.get()) == 0);

  const auto is_counter = [](const FakeSystem::Call& call) {
    return call.command == BPF_PROG_LOAD && std::string_view(call.attr.prog_name) == "counter";
  };
  CHECK(std::count_if(system.calls.begin(), system.calls.end(), is_counter) == 1);
  const auto is_map = [](std::string_view name) {
    return [name](const FakeSystem::Call& call) {
      return call.command == BPF_MAP_CREATE && std::string_view(call.attr.map_name) == name;
    };
  };
  CHECK(std::count_if(system.calls.begin(), system.calls.end(), is_map("counters")) == 1);
  const auto events = std::find_if(system.calls.begin(), system.calls.end(), is_map("events"));
  REQUIRE(events != system.calls.end());
  CHECK(events->attr.max_entries == 4);  // one for each possible CPU
}

TEST_CASE("kconfig externs come from the System's files") {
  FakeSystem system;
  const CurrentSystem current(system);
  const ObjectPtr object = open_counter();
  REQUIRE(object);

  SECTION("a missing configuration fails the load") { CHECK(bpf_object__load(object.get()) < 0); }
  SECTION("/proc/config.gz serves when /boot has none") {
    system.files["/proc/config.gz"] = "CONFIG_HZ=1000\n";  // zlib reads plain text as well
    REQUIRE(bpf_object__load(object.get()) == 0);
    size_t size = 0;
    const bpf_map* kconfig = bpf_object__find_map_by_name(object.get(), ".kconfig");
    const auto* values = static_cast<const int*>(bpf_map__initial_value(const_cast<bpf_map*>(kconfig), &size));
    REQUIRE(size == 2 * sizeof(int));
    CHECK((values[0] == 1000 || values[1] == 1000));
    const int version = (6 << 16) + (12 << 8);
    CHECK((values[0] == version || values[1] == version));
  }
}

TEST_CASE("two Systems do not share what libbpf found out about their features") {
  FakeSystem with_names;
  FakeSystem without_names;
  without_names.judge = refuse_names;

  CHECK(name_of_created_map(with_names) == "a_name");
  CHECK(name_of_created_map(without_names).empty());
  CHECK(name_of_created_map(with_names) == "a_name");

  std::string from_thread;
  std::thread([&] { from_thread = name_of_created_map(without_names); }).join();
  CHECK(from_thread.empty());
}

TEST_CASE("a feature is probed once per System") {
  FakeSystem system;
  (void)name_of_created_map(system);
  const long probes = system.count(BPF_PROG_LOAD);
  REQUIRE(probes > 0);
  (void)name_of_created_map(system);
  CHECK(system.count(BPF_PROG_LOAD) == probes);
}

TEST_CASE("the number of possible CPUs is the current System's") {
  FakeSystem four;
  FakeSystem one;
  one.cpus = 1;
  const CurrentSystem outer(four);
  CHECK(libbpf_num_possible_cpus() == 4);
  {
    const CurrentSystem inner(one);
    CHECK(libbpf_num_possible_cpus() == 1);
  }
  CHECK(libbpf_num_possible_cpus() == 4);
}

TEST_CASE("the kernel's BTF is the file of the System") {
  FakeSystem system;
  const CurrentSystem current(system);
  CHECK(!BtfPtr(btf__load_vmlinux_btf()));

  const BtfPtr types(btf__new_empty());
  REQUIRE(btf__add_int(types.get(), "skep_int", 4, 0) == 1);
  uint32_t size = 0;
  const void* raw = btf__raw_data(types.get(), &size);
  system.files["/sys/kernel/btf/vmlinux"] = std::string(static_cast<const char*>(raw), size);

  const BtfPtr loaded(btf__load_vmlinux_btf());
  REQUIRE(loaded);
  CHECK(btf__find_by_name(loaded.get(), "skep_int") == 1);
}

TEST_CASE("maps are pinned on paths that the System calls bpffs, and nowhere else") {
  FakeSystem system;
  system.files["/boot/config-6.12.0-fake"] = "CONFIG_HZ=250\n";
  const CurrentSystem current(system);
  const ObjectPtr object = open_counter();
  REQUIRE(object);
  REQUIRE(bpf_object__load(object.get()) == 0);
  system.pin_directories = {"/sys/fs/bpf"};

  CHECK(bpf_map__pin(bpf_object__find_map_by_name(object.get(), "counters"), "/sys/fs/bpf/dir/counters") == 0);
  CHECK(system.pin_directories.contains("/sys/fs/bpf/dir"));
  CHECK(system.count(BPF_OBJ_PIN) == 1);

  CHECK(bpf_map__pin(bpf_object__find_map_by_name(object.get(), "events"), "/tmp/events") == -EPERM);
  CHECK(system.count(BPF_OBJ_PIN) == 1);
}

TEST_CASE("descriptors are closed through the System") {
  FakeSystem system;
  const CurrentSystem current(system);
  const ObjectPtr object = open_counter();
  REQUIRE(object);
  system.files["/proc/config.gz"] = "CONFIG_HZ=250\n";
  REQUIRE(bpf_object__load(object.get()) == 0);
  const int fd = bpf_program__fd(bpf_object__find_program_by_name(object.get(), "counter"));
  REQUIRE(is_open(fd));
  system.closed.clear();

  bpf_program__unload(bpf_object__find_program_by_name(object.get(), "counter"));
  CHECK(system.closed == std::vector<int>{fd});
  CHECK_FALSE(is_open(fd));
}

TEST_CASE("an arena's address in the object file does not replace memory of the process") {
  FakeSystem system;
  const CurrentSystem current(system);
  // Any address that a hostile object may have guessed.
  const size_t page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  void* victim = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(victim != MAP_FAILED);
  std::memset(victim, 0x5a, page);

  CHECK(skep_sys_mmap64(victim, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS, -1, 0) ==
        MAP_FAILED);
  CHECK(*static_cast<char*>(victim) == 0x5a);

  void* own = skep_sys_mmap64(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(own != MAP_FAILED);
  CHECK(skep_sys_mmap64(own, page, PROT_READ, MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS, -1, 0) == own);
  CHECK(skep_sys_munmap(own, page) == 0);
  CHECK_FALSE(system.mapped_regions().hold(own, page));
  CHECK(::munmap(victim, page) == 0);
}

TEST_CASE("without a current System nothing is done") {
  REQUIRE(CurrentSystem::get() == nullptr);
  CHECK(bpf_map_create(BPF_MAP_TYPE_ARRAY, nullptr, 4, 4, 1, nullptr) == -ENOSYS);
  CHECK(!BtfPtr(btf__load_vmlinux_btf()));
  CHECK(errno == ESRCH);
}

TEST_CASE("netlink, perf events and the host's files are refused") {
  FakeSystem system;
  const CurrentSystem current(system);
  CHECK(bpf_xdp_attach(1, -1, 0, nullptr) == -EPERM);
  CHECK(!ObjectPtr(bpf_object__open(COUNTER_BPF_OBJECT)));
  CHECK(errno == ENOENT);

  const ObjectPtr object = open_counter();
  REQUIRE(object);
  const bpf_program* program = bpf_object__find_program_by_name(object.get(), "counter");
  CHECK(bpf_program__attach_kprobe(program, false, "do_nothing") == nullptr);
}

TEST_CASE("libbpf's messages go to the System of the thread") {
  FakeSystem system;
  FakeSystem other;
  const CurrentSystem outer(other);
  {
    const CurrentSystem current(system);
    CHECK(!ObjectPtr(bpf_object__open_mem("no object", 9, nullptr)));
  }
  CHECK(std::any_of(system.messages.begin(), system.messages.end(),
                    [](const std::string& text) { return text.find("ELF") != std::string::npos; }));
  CHECK(other.messages.empty());
}

}  // namespace skep::vm::test
