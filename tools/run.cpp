// SPDX-License-Identifier: Apache-2.0
// skep run: a program on a packet, a capture or a context.
#include <algorithm>
#include <cerrno>
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

Engine engine_of(const std::string& name) {
  if (name == "jit") return Engine::jit;
  return name == "checked" ? Engine::checked : Engine::interp;
}

/// Name of a result: "XDP_PASS", or the number where it has no name.
std::string result_name(const Program& program, uint32_t retval) {
  std::string name = program.verdict_name(retval);
  return name.empty() ? std::to_string(retval) : name;
}

/// A result for people: "XDP_PASS (2)", "TC_ACT_UNSPEC (-1)", "4294967274 (-22)", "7".
std::string result_text(const Program& program, uint32_t retval) {
  const auto number = static_cast<int32_t>(retval);
  std::string text = result_name(program, retval);
  if (number >= 0 && program.verdict_name(retval).empty()) return text;
  return text + " (" + std::to_string(number) + ")";
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

/// Whether Linux refused the packet (or its memory) before the program began: the next one may do.
bool is_refusal(const Error& error) { return error.insn < 0 && (error.code == EINVAL || error.code == ENOMEM); }

std::vector<std::byte> bytes_of(const std::optional<VlanTag>& tag) {
  if (!tag) return {};
  const auto byte = [](unsigned value) { return static_cast<std::byte>(value & 0xff); };
  return {byte(tag->protocol >> 8U), byte(tag->protocol), byte(tag->tci >> 8U), byte(tag->tci)};
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
  /// Of the last run; none: nothing ran.
  [[nodiscard]] std::optional<uint32_t> last_retval() const { return last_retval_; }

 private:
  struct Count {
    uint64_t packets = 0;
    uint64_t bytes = 0;
    void add(const CapturedPacket& packet) {
      ++packets;
      bytes += packet.bytes.size();
    }
  };
  Result<RunResult> run();
  Status read_packet();
  Status write_outputs(const RunResult& result) const;
  [[nodiscard]] Json json_of(const RunResult& result) const;
  Status run_packets(CaptureReader& reader, CaptureWriter* writer);
  Status run_packet(const CapturedPacket& packet, CaptureWriter* writer);
  void print_table() const;
  [[nodiscard]] Json table_json() const;
  [[nodiscard]] double mean_ns() const { return total_ns_ / std::max<uint64_t>(packets_ - not_run_, 1); }

  const RunOptions& options_;
  Program program_;
  Events& events_;
  RunInput input_;
  std::vector<std::byte> data_, context_;
  std::map<uint32_t, Count> counts_;       // by result
  std::map<std::string, Count> refusals_;  // by reason
  uint64_t packets_ = 0;                   // read
  uint64_t not_run_ = 0;                   // read and refused
  double total_ns_ = 0;
  std::optional<uint32_t> last_retval_;
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

/// A run, with what a user can do about its error.
Result<RunResult> Session::run() {
  auto result = program_.run(input_);
  events_.drain();
  if (result) return result;
  Error error = std::move(result).error();
  if (error.code == ETIME) error.message += ": the limit is " + std::to_string(options_.fuel) + ", set by --fuel";
  if (error.code == EFAULT && !program_.has_packet()) {
    if (options_.ctx_in.empty())
      error.message += "; give the context with --ctx-in";
    else if (error.message.find("context") != std::string::npos)
      error.message += "; give the whole context with --ctx-in";
  }
  return error;
}

Status Session::read_packet() {
  if (!program_.has_packet()) {
    for (const auto& [path, option] :
         {std::pair(&options_.data_in, "--data-in"), std::pair(&options_.data_out, "--data-out")})
      if (!path->empty()) warn("programs of type " + program_.type() + " have no packet: " + option + " is ignored");
  } else if (options_.data_in.empty()) {
    data_.resize(kDefaultPacket);
  } else {
    auto bytes = read_input(options_.data_in);
    if (!bytes) return std::move(bytes).error();
    data_ = std::move(*bytes);
  }
  input_.data = data_;
  return {};
}

Status Session::write_outputs(const RunResult& result) const {
  if (!options_.data_out.empty() && program_.has_packet())
    if (auto status = write_output(options_.data_out, result.data); !status) return status;
  return options_.ctx_out.empty() ? Status() : write_output(options_.ctx_out, result.context);
}

Json Session::json_of(const RunResult& result) const {
  Json json{{"program", program_.name()},
            {"retval", result.retval},
            {"duration_ns", result.duration_ns},
            {"data_size_out", result.data.size()}};
  if (const std::string name = program_.verdict_name(result.retval); !name.empty()) json["verdict"] = name;
  if (!result.redirect.kind.empty()) json["redirect"] = redirect_json(result.redirect);
  if (result.vlan) json["vlan"] = {{"protocol", result.vlan->protocol}, {"tci", result.vlan->tci}};
  return json;
}

Result<Json> Session::run_once() {
  if (auto status = read_packet(); !status) return std::move(status).error();
  auto result = run();
  if (!result) return std::move(result).error();
  last_retval_ = result->retval;
  if (auto status = write_outputs(*result); !status) return std::move(status).error();
  if (!options_.json)
    std::printf("%s: %s, %zu bytes out, %.1f ns a run\n", program_.name().c_str(),
                result_text(program_, result->retval).c_str(), result->data.size(), result->duration_ns);
  return json_of(*result);
}

Status Session::run_packets(CaptureReader& reader, CaptureWriter* writer) {
  Progress progress;
  for (;;) {
    auto packet = reader.next();
    if (!packet) return std::move(packet).error();
    if (!*packet) return {};
    ++packets_;
    progress.update(reader.position(), reader.size(), packets_);
    if (auto status = run_packet(**packet, writer); !status) return status;
  }
}

Status Session::run_packet(const CapturedPacket& packet, CaptureWriter* writer) {
  input_.data = packet.bytes;
  auto result = run();
  if (!result) {
    Error error = std::move(result).error();
    if (!is_refusal(error)) {
      error.message = "packet " + std::to_string(packets_) + ": " + error.message;
      return error;
    }
    ++not_run_;
    refusals_[error.message].add(packet);
    if (writer != nullptr) writer->write(packet, packet.bytes);
    return {};
  }
  counts_[result->retval].add(packet);
  total_ns_ += result->duration_ns;
  last_retval_ = result->retval;
  last_size_ = result->data.size();
  if (writer != nullptr && !is_drop(program_.verdict_name(result->retval)))
    writer->write(packet, result->data, bytes_of(result->vlan));
  return {};
}

void Session::print_table() const {
  const auto print_row = [this](const std::string& name, const Count& count, const std::string& remark) {
    std::printf("%-20s %10llu %7.1f%% %14llu%s\n", name.c_str(), static_cast<unsigned long long>(count.packets),
                100.0 * count.packets / packets_, static_cast<unsigned long long>(count.bytes), remark.c_str());
  };
  std::printf("%-20s %10s %8s %14s\n", "verdict", "packets", "share", "bytes");
  for (const auto& [retval, count] : counts_) print_row(result_name(program_, retval), count, "");
  for (const auto& [reason, count] : refusals_) print_row("not run", count, "  (" + reason + ")");
  const double mean = mean_ns();
  std::printf("%s: %llu packets, %.1f ns a packet, %.2f million packets a second\n", program_.name().c_str(),
              static_cast<unsigned long long>(packets_), mean, mean > 0 ? 1000 / mean : 0);
}

Json Session::table_json() const {
  Json verdicts = Json::object();
  for (const auto& [retval, count] : counts_) verdicts[result_name(program_, retval)] = count.packets;
  Json reasons = Json::object();
  for (const auto& [reason, count] : refusals_) reasons[reason] = count.packets;
  return Json{{"program", program_.name()}, {"retval", last_retval_ ? Json(*last_retval_) : Json()},
              {"duration_ns", mean_ns()},   {"data_size_out", last_size_},
              {"packets", packets_},        {"verdicts", verdicts},
              {"not_run", not_run_},        {"not_run_reasons", reasons}};
}

Result<Json> Session::run_capture() {
  if (!program_.has_packet())
    return Error{.code = EINVAL,
                 .message = "programs of type " + program_.type() + " do not run on packets",
                 .object = options_.object,
                 .program = program_.name()};
  auto reader = CaptureReader::open(options_.pcap);
  if (!reader) return std::move(reader).error();
  std::optional<CaptureWriter> writer;
  if (!options_.pcap_out.empty()) {
    auto created = CaptureWriter::create(options_.pcap_out, *reader);
    if (!created) return std::move(created).error();
    writer = std::move(*created);
  }
  auto ran = run_packets(*reader, writer ? &*writer : nullptr);
  // What was done before an error is not lost.
  if (writer)
    if (auto status = writer->finish(); !status && ran) ran = std::move(status);
  if (!options_.json && (ran || !counts_.empty() || !refusals_.empty())) print_table();
  if (!ran) return std::move(ran).error();
  if (packets_ > 0 && packets_ == not_run_) warn("no packet of the capture was run");
  return table_json();
}

bool is_stdio(const std::string& path) { return path == "-"; }

Status check_stdio(const RunOptions& options) {
  const auto outputs = {options.data_out, options.pcap_out, options.ctx_out};
  if (std::ranges::count_if(outputs, is_stdio) + (options.json ? 1 : 0) > 1)
    return Error{.code = EINVAL, .message = "only one of --json and the outputs to '-' can have standard output"};
  const auto inputs = {options.object, options.data_in,    options.pcap,
                       options.ctx_in, options.vm.kconfig, options.vm.btf};
  const auto is_map = [](const std::string& assignment) { return assignment.ends_with("=-"); };
  if (std::ranges::count_if(inputs, is_stdio) + std::ranges::count_if(options.fill, is_map) > 1)
    return Error{.code = EINVAL, .message = "only one input can be standard input"};
  return {};
}

Status check_expectation(const RunOptions& options, std::optional<uint32_t> retval) {
  if (!options.expect || options.expect == retval) return {};
  const std::string expected = ", expected " + std::to_string(*options.expect);
  return Error{.code = 0,
               .message = retval ? "the program returned " + std::to_string(*retval) + expected
                                 : "the program did not run" + expected,
               .object = options.object};
}

/// The object with its globals set, loaded and its maps filled.
Status load(const RunOptions& options, Object& object) {
  if (auto status = set_globals(object, options.set); !status) return status;
  if (auto status = object.load(); !status) return options.vm.placed(std::move(status).error());
  return fill_maps(object, options.fill);
}

}  // namespace

int run_command(const RunOptions& options) {
  if (auto status = check_stdio(options); !status) return usage_error(status.error().message);
  if (is_stdio(options.data_out) || is_stdio(options.pcap_out) || is_stdio(options.ctx_out)) claim_stdout();
  auto vm_options = options.vm.options();
  if (!vm_options) return fail(vm_options.error());
  Events events(options.json);
  vm_options->trace = [&events](std::string_view line) { events.trace_line(line); };
  auto vm = Vm::create(*vm_options);
  if (!vm) return fail(options.vm.placed(vm.error()));
  int exit = kDone;
  auto object = open_one(*vm, options.object, options.program, options.type, exit);
  if (!object) return exit;
  if (auto status = load(options, *object); !status) return fail(status.error());
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
  if (auto status = check_expectation(options, session.last_retval()); !status) return fail(status.error());
  return kDone;
}

}  // namespace skep::tools
