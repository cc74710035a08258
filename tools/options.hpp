// SPDX-License-Identifier: Apache-2.0
// Options that several commands have, and the commands.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "skep/skep.hpp"

namespace skep::tools {

/// Options of every command that makes a VM.
struct VmChoice {
  std::string kconfig;  ///< file
  std::string btf;      ///< file; "none"; empty: the running kernel's, where there is one
  std::optional<uint64_t> clock_ns;
  std::optional<uint64_t> seed;
  unsigned cpus = 4;
  bool unprivileged = false;
  int verbosity = 0;

  /// The library's options: reads the kconfig file, finds the kernel's BTF.
  [[nodiscard]] Result<VmOptions> options() const;
  /// An error of loading with the place in the kconfig file that it is about, if it is about one.
  [[nodiscard]] Error placed(Error error) const;
};

struct RunOptions {
  std::string object, program, type;
  std::string engine = "interp";
  bool trust = false;
  std::string data_in, pcap, data_out, pcap_out, ctx_in, ctx_out;
  uint32_t repeat = 1;
  bool maps = false;
  std::vector<std::string> fill;  ///< NAME=FILE
  std::vector<std::string> set;   ///< VAR=VALUE
  uint64_t fuel = RunInput{}.fuel;
  std::optional<uint32_t> expect;
  bool json = false;
  VmChoice vm;
};
int run_command(const RunOptions& options);

struct DumpOptions {
  std::string object, program, type;
  VmChoice vm;
};
int dump_command(const DumpOptions& options);

struct InfoOptions {
  std::string object;
  bool json = false;
};
int info_command(const InfoOptions& options);

struct VerifyCommandOptions {
  std::vector<std::string> objects;
  std::string program;
  int log_level = 0;
  bool json = false;
  VmChoice vm;
};
int verify_command(const VerifyCommandOptions& options);

/// Opens an object with one entry program chosen: `program`, or the only one. Reports what is wrong itself; the exit code
/// in `exit` where there is no object.
std::optional<Object> open_one(Vm& vm, const std::string& path, const std::string& program, const std::string& type,
                               int& exit);

}  // namespace skep::tools
