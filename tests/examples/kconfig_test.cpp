// SPDX-License-Identifier: Apache-2.0
// examples/kconfig: the configuration is the VM's.
#include "tests/examples/support.hpp"

namespace skep::tests {
namespace {

constexpr uint32_t kBuiltIn = 10000;
constexpr uint32_t kNamedWithS = 100000;

uint32_t configured(const std::string& kconfig, const std::string& release = "6.18.0") {
  VmOptions options;
  options.kconfig = kconfig;
  options.kernel_release = release;
  const Object object = load_example(take(Vm::create(options)), "kconfig");
  return retval(take(object.program("read_configuration")), {.data = zeroes(64)});
}

}  // namespace

TEST_CASE("numbers, tristates and strings come from the VM's configuration") {
  CHECK(configured("CONFIG_HZ=250\nCONFIG_BPF_SYSCALL=y\n") == 250 + kBuiltIn);
  CHECK(configured("CONFIG_HZ=300\nCONFIG_BPF_SYSCALL=n\n") == 300);
  CHECK(configured("CONFIG_HZ=100\nCONFIG_BPF_SYSCALL=y\nCONFIG_DEFAULT_HOSTNAME=\"skep\"\n") ==
        100 + kBuiltIn + kNamedWithS);
}

TEST_CASE("the kernel's version is the VM's") {
  CHECK(configured("CONFIG_HZ=250\nCONFIG_BPF_SYSCALL=y\n", "4.19.0") == 0);
  CHECK(configured("CONFIG_HZ=250\nCONFIG_BPF_SYSCALL=y\n", "5.0.0") == 250 + kBuiltIn);
}

TEST_CASE("an option that is not weak must be there") {
  VmOptions options;
  options.kconfig = "CONFIG_BPF_SYSCALL=y\n";
  Vm vm = take(Vm::create(options));
  Object object = take(vm.open(example("kconfig")));
  const Status status = object.load();
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().message.find("CONFIG_HZ") != std::string::npos);
}

TEST_CASE("the built-in configuration serves the example") {
  const Object object = load_example("kconfig");
  CHECK(retval(take(object.program("read_configuration")), {.data = zeroes(64)}) >= kBuiltIn);
}

}  // namespace skep::tests
