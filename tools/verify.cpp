// SPDX-License-Identifier: Apache-2.0
// skep verify: a line for each entry program, judged alone.
#include <cstdio>

#include "tools/options.hpp"
#include "tools/output.hpp"

namespace skep::tools {
namespace {

void print_verdict(const std::string& object, const Verdict& v, bool json) {
  if (json) {
    print_json({{"object", object},
                {"program", v.program},
                {"section", v.section},
                {"type", v.type},
                {"verdict", v.accepted ? "accept" : "reject"},
                {"errno", v.code},
                {"message", v.message},
                {"verified_insns", v.verified_insns},
                {"time_ns", v.time_ns}});
    return;
  }
  std::printf("%s  %s: %s (%s)", v.accepted ? "accept" : "reject", object.c_str(), v.program.c_str(), v.type.c_str());
  if (v.accepted)
    std::printf(": %llu insns\n", static_cast<unsigned long long>(v.verified_insns));
  else
    std::printf(": %s (%s)\n", v.message.c_str(), errno_name(v.code).c_str());
}

}  // namespace

int verify_command(const VerifyCommandOptions& options) {
  auto vm_options = options.vm.options();
  if (!vm_options) return fail(vm_options.error());
  auto vm = Vm::create(*vm_options);
  if (!vm) return fail(options.vm.placed(vm.error()));
  bool all_accepted = true;
  for (const std::string& path : options.objects) {
    auto file = read_input(path);
    auto verdicts = file ? vm->verify(*file, {.name = path, .program = options.program, .log_level = options.log_level})
                         : std::move(file).error();
    if (!verdicts) {
      fail(verdicts.error());
      all_accepted = false;
      continue;
    }
    for (const Verdict& verdict : *verdicts) {
      if (!verdict.log.empty()) std::fputs(verdict.log.c_str(), stderr);
      print_verdict(path, verdict, options.json);
      all_accepted = all_accepted && verdict.accepted;
    }
  }
  return all_accepted ? kDone : kFailed;
}

}  // namespace skep::tools
