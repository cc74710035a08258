// SPDX-License-Identifier: Apache-2.0
// skep run: a program on a packet, a capture or a context.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "tools/capture.hpp"
#include "tools/events.hpp"
#include "tools/maps.hpp"
#include "tools/options.hpp"
#include "tools/output.hpp"
#include "tools/progress.hpp"

namespace skep::tools {
namespace {

constexpr size_t kDefaultPacket = 64;
constexpr size_t kEthernetHeader = 14;  // Linux runs nothing on less

Engine engine_of(const std::string& name) {
  if (name == "jit") return Engine::jit;
  return name == "checked" ? Engine::checked : Engine::interp;
}

/// Name of a result for people: "XDP_PASS", or the number where it has no name.
std::string result_name(const Program& program, uint32_t retval) {
  std::string name = program.verdict_name(retval);
  return name.empty() ? std::to_string(retval) : name;
}

bool is_drop(const std::string& verdict) {
  return verdict == "XDP_DROP" || verdict == "XDP_ABORTED" || verdict == "TC_ACT_SHOT" || verdict == "BPF_DROP" ||
         verdict == "DROP" || verdict == "NF_DROP";
}

Json redirect_json(const Redirect& redirect) {
  Json json{{"kind", redirect.kind}, {"target", redirect.target}};
  if (!redirect.map.empty()) json["map"] = redirect.map;
  return json;
}

/// One `skep run`, from the opened object to the exit code.
class Session {
 public:
  Session(const RunOptions& options, Program program, Events& events)
      : options_(options), program_(std::move(program)), events_(events) {}

  /// What the runs have in common.
  Status prepare();
  Result<Json> run_once();
  Result<Json> run_capture();
  [[nodiscard]] uint32_t last_retval() const { return last_retval_; }

 private:
  struct Count {
    uint64_t packets = 0;
    uint64_t bytes = 0;
  };
  Status run_packets(CaptureReader& reader, CaptureWriter* writer);
  void print_table() const;
  [[nodiscard]] double mean_ns() const { return total_ns_ / std::max<uint64_t>(packets_ - too_short_, 1); }

  const RunOptions& options_;
  Program program_;
  Events& events_;
  RunInput input_;
  std::vector<std::byte> data_, context_;
  std::map<uint32_t, Count> counts_;  // by result
  uint64_t packets_ = 0;              // read
  uint64_t too_short_ = 0;            // read and not run
  double total_ns_ = 0;
  uint32_t last_retval_ = 0;
  size_t last_size_ = 0;
};

Status Session::prepare() {
  input_.engine = engine_of(options_.engine);
  input_.trust = options_.trust;
  input_.repeat = options_.repeat;
  input_.fuel = options_.fuel;
  if (!options_.ctx_in.empty()) {
    auto bytes = read_input(options_.ctx_in);
    if (!bytes) return std::move(bytes).error();
    context_ = std::move(*bytes);
    input_.context = context_;
  }
  return {};
}

Result<Json> Session::run_once() {
  if (!program_.has_packet()) {
    if (!options_.data_in.empty())
      warn("programs of type " + program_.type() + " have no packet: --data-in is ignored");
  } else if (options_.data_in.empty()) {
    data_.resize(kDefaultPacket);
  } else {
    auto bytes = read_input(options_.data_in);
    if (!bytes) return std::move(bytes).error();
    data_ = std::move(*bytes);
  }
  input_.data = data_;
  auto result = program_.run(input_);
  events_.drain();
  if (!result) return std::move(result).error();
  last_retval_ = result->retval;
  for (const auto& [path, bytes] :
       {std::pair(&options_.data_out, &result->data), std::pair(&options_.ctx_out, &result->context)})
    if (!path->empty())
      if (auto status = write_output(*path, *bytes); !status) return std::move(status).error();
  if (!options_.json)
    std::printf("%s: %s, %zu bytes out, %.1f ns a run\n", program_.name().c_str(),
                result_name(program_, result->retval).c_str(), result->data.size(), result->duration_ns);
  Json json{{"program", program_.name()},
            {"retval", result->retval},
            {"duration_ns", result->duration_ns},
            {"data_size_out", result->data.size()}};
  if (const std::string name = program_.verdict_name(result->retval); !name.empty()) json["verdict"] = name;
  if (!result->redirect.kind.empty()) json["redirect"] = redirect_json(result->redirect);
  return json;
}

Status Session::run_packets(CaptureReader& reader, CaptureWriter* writer) {
  Progress progress;
  for (;;) {
    auto packet = reader.next();
    if (!packet) return std::move(packet).error();
    if (!*packet) return {};
    ++packets_;
    progress.update(reader.position(), reader.size(), packets_);
    if ((*packet)->bytes.size() < kEthernetHeader) {
      ++too_short_;
      continue;
    }
    input_.data = (*packet)->bytes;
    auto result = program_.run(input_);
    events_.drain();
    if (!result) {
      Error error = std::move(result).error();
      error.message = "packet " + std::to_string(packets_) + ": " + error.message;
      return error;
    }
    Count& count = counts_[result->retval];
    ++count.packets;
    count.bytes += (*packet)->bytes.size();
    total_ns_ += result->duration_ns;
    last_retval_ = result->retval;
    last_size_ = result->data.size();
    if (writer != nullptr && !is_drop(program_.verdict_name(result->retval))) writer->write(**packet, result->data);
  }
}

void Session::print_table() const {
  std::printf("%-20s %10s %8s %14s\n", "verdict", "packets", "share", "bytes");
  for (const auto& [retval, count] : counts_)
    std::printf("%-20s %10llu %7.1f%% %14llu\n", result_name(program_, retval).c_str(),
                static_cast<unsigned long long>(count.packets), 100.0 * count.packets / packets_,
                static_cast<unsigned long long>(count.bytes));
  if (too_short_ > 0)
    std::printf("%-20s %10llu %7.1f%%   (shorter than an Ethernet header)\n", "not run",
                static_cast<unsigned long long>(too_short_), 100.0 * too_short_ / packets_);
  const double mean = mean_ns();
  std::printf("%s: %llu packets, %.1f ns a packet, %.2f million packets a second\n", program_.name().c_str(),
              static_cast<unsigned long long>(packets_), mean, mean > 0 ? 1000 / mean : 0);
}

Result<Json> Session::run_capture() {
  if (!program_.has_packet())
    return Error{.code = EINVAL, .message = "programs of type " + program_.type() + " do not run on packets"};
  auto reader = CaptureReader::open(options_.pcap);
  if (!reader) return std::move(reader).error();
  std::optional<CaptureWriter> writer;
  if (!options_.pcap_out.empty()) {
    auto created = CaptureWriter::create(options_.pcap_out);
    if (!created) return std::move(created).error();
    writer = std::move(*created);
  }
  auto ran = run_packets(*reader, writer ? &*writer : nullptr);
  // What was done before an error is not lost.
  if (writer)
    if (auto status = writer->finish(); !status && ran) ran = std::move(status);
  if (!options_.json && packets_ > 0) print_table();
  if (!ran) return std::move(ran).error();
  Json verdicts = Json::object();
  for (const auto& [retval, count] : counts_) verdicts[result_name(program_, retval)] = count.packets;
  return Json{{"program", program_.name()},  {"retval", last_retval_}, {"duration_ns", mean_ns()},
              {"data_size_out", last_size_}, {"packets", packets_},    {"too_short", too_short_},
              {"verdicts", verdicts}};
}

/// Gives standard output to the data where an output's path is "-": text goes to standard error from now on.
void claim_stdout(RunOptions& options) {
  for (std::string* path : {&options.data_out, &options.pcap_out, &options.ctx_out}) {
    if (*path != "-") continue;
    std::fflush(stdout);
    *path = "/dev/fd/" + std::to_string(dup(STDOUT_FILENO));
    dup2(STDERR_FILENO, STDOUT_FILENO);
  }
}

}  // namespace

int run_command(RunOptions options) {
  if ((options.data_out == "-") + (options.pcap_out == "-") + (options.ctx_out == "-") + (options.json ? 1 : 0) > 1)
    return usage_error("only one of --json and the outputs to '-' can have standard output");
  claim_stdout(options);
  auto vm_options = options.vm.options();
  if (!vm_options) return fail(vm_options.error());
  Events events(options.json);
  vm_options->trace = [&events](std::string_view line) { events.trace_line(line); };
  auto vm = Vm::create(*vm_options);
  if (!vm) return fail(vm.error());
  int exit = kDone;
  auto object = open_one(*vm, options.object, options.program, options.type, exit);
  if (!object) return exit;
  if (auto status = set_globals(*object, options.set); !status) return fail(status.error());
  if (auto status = object->load(); !status) return fail(status.error());
  if (auto status = fill_maps(*object, options.fill); !status) return fail(status.error());
  if (auto status = events.listen(*object); !status) return fail(status.error());

  const auto programs = object->programs();
  const auto chosen = options.program.empty() ? programs.begin()
                                              : std::find_if(programs.begin(), programs.end(), [&](const Program& p) {
                                                  return p.name() == options.program;
                                                });
  Session session(options, *chosen, events);
  if (auto status = session.prepare(); !status) return fail(status.error());
  auto result = options.pcap.empty() ? session.run_once() : session.run_capture();
  if (options.maps) print_maps(*object, options.json);
  if (!result) return fail(result.error());
  if (options.json) print_json(*result);
  if (options.expect && *options.expect != session.last_retval())
    return fail({.code = EINVAL,
                 .message = "the program returned " + std::to_string(session.last_retval()) + ", expected " +
                            std::to_string(*options.expect),
                 .object = options.object});
  return kDone;
}

}  // namespace skep::tools
