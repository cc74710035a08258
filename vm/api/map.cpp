// SPDX-License-Identifier: Apache-2.0
#include <linux/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>

#include "btf/parse_value.hpp"
#include "btf/print_map.hpp"
#include "maps/perf_event_array.hpp"
#include "maps/ringbuf.hpp"
#include "vm/api/handles.hpp"

namespace skep {
namespace {

using Bytes = std::span<const std::byte>;

Error in_map(const Map::Impl& map, int code, std::string message) {
  return {
      .code = code, .message = std::move(message), .object = map.object->object->name(), .program = map.entry().name};
}

/// The loaded map, or why there is none.
Result<std::shared_ptr<maps::Map>> loaded(const Map::Impl& map) {
  auto found = map.loaded();
  if (!found) return in_map(map, EINVAL, "the map is not loaded");
  return found;
}

Status check_size(const Map::Impl& map, const char* what, size_t got, size_t wanted) {
  if (got == wanted) return {};
  return in_map(map, EINVAL,
                std::string("a ") + what + " of " + std::to_string(got) + " bytes, expected " + std::to_string(wanted));
}

/// An operation's negative errno as an error; 0 as success.
Status status_of(const Map::Impl& map, const char* what, int code) {
  if (code >= 0) return {};
  return in_map(map, -code, std::string(what) + " failed: " + errno_name(-code));
}

/// A frozen map takes no writes of the host (Linux: BPF_MAP_FREEZE); constants are frozen once they are loaded.
Error frozen(const Map::Impl& impl) { return in_map(impl, EPERM, "the map is frozen: the host cannot write to it"); }

bool per_cpu(maps::MapType type) {
  using maps::MapType;
  return type == MapType::percpu_array || type == MapType::percpu_hash || type == MapType::lru_percpu_hash ||
         type == MapType::percpu_cgroup_storage;
}

btf::MapShape shape_of(const maps::Map& map, unsigned cpus) {
  using maps::MapType;
  const maps::Attributes& attributes = map.attributes();
  btf::MapShape shape;
  shape.key_size = attributes.key_size;
  shape.value_size = attributes.value_size;
  shape.cpus = per_cpu(map.type()) ? cpus : 0;
  shape.types = attributes.btf;
  shape.key_type = attributes.btf_key_type;
  shape.value_type = attributes.btf_value_type;
  if (map.type() == MapType::array_of_maps || map.type() == MapType::hash_of_maps)
    shape.holds = btf::MapShape::Holds::maps;
  if (map.type() == MapType::prog_array) shape.holds = btf::MapShape::Holds::programs;
  return shape;
}

unsigned cpus_of(const Map::Impl& map) { return map.object->owner->vm->config().cpus; }

/// Calls `visit` for every key; stops when the map has no more, or more than it can hold (others write to it).
void for_each_key(maps::Map& map, const std::function<void(const std::vector<std::byte>&)>& visit) {
  std::vector<std::byte> key(map.key_size());
  std::vector<std::byte> next(map.key_size());
  const void* from = nullptr;
  for (uint64_t seen = 0; seen < map.max_entries() && map.next_key(from, next.data()) == 0; ++seen) {
    key = next;
    from = key.data();
    visit(key);
  }
}

Result<std::string> dump(const Map::Impl& impl, btf::MapPrinter::Format format) {
  auto map = loaded(impl);
  if (!map) return std::move(map).error();
  std::string text;
  btf::MapPrinter printer(text, shape_of(**map, cpus_of(impl)), format);
  Status status;
  std::vector<std::byte> value((*map)->host_value_size());
  for_each_key(**map, [&](const std::vector<std::byte>& key) {
    const int code = (*map)->host_lookup(key.data(), value.data(), 0);
    if (code != 0) return printer.missing(key, -code);
    if (auto entry = printer.entry(key, value); !entry && status) status = std::move(entry);
  });
  printer.finish();
  if (!status) return in_map(impl, status.error().code, status.error().message);
  return text;
}

bool holds(maps::Map& map, const btf::MapEntry& entry) {
  std::vector<std::byte> value(map.host_value_size());
  return map.host_lookup(entry.key.data(), value.data(), 0) == 0 && value == entry.value;
}

/// Map and program ids are printed; an update takes a descriptor, as in Linux. The caller closes it.
Result<int> descriptor_of(const Map::Impl& impl, bool of_map, std::span<const std::byte> id) {
  bpf_attr attr{};
  std::memcpy(&attr.map_id, id.data(), std::min(id.size(), sizeof attr.map_id));  // prog_id has the same place
  const long fd =
      impl.object->owner->vm->bpf(of_map ? BPF_MAP_GET_FD_BY_ID : BPF_PROG_GET_FD_BY_ID, &attr, sizeof attr);
  if (fd >= 0) return static_cast<int>(fd);
  return in_map(impl, static_cast<int>(-fd),
                std::string("there is no ") + (of_map ? "map" : "program") + " of id " + std::to_string(attr.map_id));
}

/// Hands samples of one CPU to the host's function.
class Receiver final : public maps::PerfBuffer {
 public:
  using Receive = std::function<void(unsigned, Bytes)>;
  Receiver(unsigned cpu, Receive receive) : cpu_(cpu), receive_(std::move(receive)) {}
  int output(Bytes first, Bytes second) override {
    std::vector<std::byte> sample(first.begin(), first.end());
    sample.insert(sample.end(), second.begin(), second.end());
    receive_(cpu_, sample);
    return 0;
  }

 private:
  unsigned cpu_;
  Receive receive_;
};

}  // namespace

const std::string& Map::name() const { return impl_->entry().name; }
std::string Map::type() const { return std::string(maps::map_type_name(impl_->entry().type)); }
uint32_t Map::key_size() const { return impl_->entry().key_size; }
uint32_t Map::value_size() const { return impl_->entry().value_size; }
uint32_t Map::max_entries() const { return impl_->entry().max_entries; }
bool Map::is_per_cpu() const { return per_cpu(impl_->entry().type); }
bool Map::is_loaded() const { return impl_->loaded() != nullptr; }
bool Map::is_global_data() const { return impl_->entry().global_data; }

size_t Map::host_value_size() const {
  const auto map = impl_->loaded();
  return map ? map->host_value_size() : 0;
}

Result<std::vector<std::byte>> Map::lookup(Bytes key) const {
  auto map = loaded(*impl_);
  if (!map) return std::move(map).error();
  if (auto size = check_size(*impl_, "key", key.size(), key_size()); !size) return std::move(size).error();
  std::vector<std::byte> value((*map)->host_value_size());
  auto status = status_of(*impl_, "look-up", (*map)->host_lookup(key.data(), value.data(), 0));
  if (!status) return std::move(status).error();
  return value;
}

Status Map::update(Bytes key, Bytes value, uint64_t flags) {
  auto map = loaded(*impl_);
  if (!map) return std::move(map).error();
  if (auto size = check_size(*impl_, "key", key.size(), key_size()); !size) return size;
  if (auto size = check_size(*impl_, "value", value.size(), (*map)->host_value_size()); !size) return size;
  const maps::HostWrite write(**map);
  if (!write.allowed()) return frozen(*impl_);
  return status_of(*impl_, "update", (*map)->host_update(key.data(), value.data(), flags));
}

Status Map::erase(Bytes key) {
  auto map = loaded(*impl_);
  if (!map) return std::move(map).error();
  if (auto size = check_size(*impl_, "key", key.size(), key_size()); !size) return size;
  const maps::HostWrite write(**map);
  if (!write.allowed()) return frozen(*impl_);
  return status_of(*impl_, "deletion", (*map)->host_erase(key.data()));
}

Result<std::vector<std::byte>> Map::next_key(Bytes key) const {
  auto map = loaded(*impl_);
  if (!map) return std::move(map).error();
  if (!key.empty())
    if (auto size = check_size(*impl_, "key", key.size(), key_size()); !size) return std::move(size).error();
  std::vector<std::byte> next(key_size());
  auto status = status_of(*impl_, "next key", (*map)->next_key(key.empty() ? nullptr : key.data(), next.data()));
  if (!status) return std::move(status).error();
  return next;
}

Result<std::string> Map::dump_text() const { return dump(*impl_, btf::MapPrinter::Format::text); }

Result<std::string> Map::dump_json() const { return dump(*impl_, btf::MapPrinter::Format::json); }

Status Map::fill_json(std::string_view json) {
  auto map = loaded(*impl_);
  if (!map) return std::move(map).error();
  auto entries = btf::parse_map(shape_of(**map, cpus_of(*impl_)), json);
  if (!entries) return in_map(*impl_, entries.error().code, entries.error().message);
  const btf::MapShape::Holds held = shape_of(**map, cpus_of(*impl_)).holds;
  const auto put = [&](const btf::MapEntry& entry) -> Status {
    if (held == btf::MapShape::Holds::values) return update(entry.key, entry.value);
    auto fd = descriptor_of(*impl_, held == btf::MapShape::Holds::maps, entry.value);
    if (!fd) return std::move(fd).error();
    auto status = update(entry.key, std::as_bytes(std::span(&*fd, 1)));
    close(*fd);
    return status;
  };
  for (size_t i = 0; i < entries->size(); ++i) {
    const btf::MapEntry& entry = (*entries)[i];
    if ((*map)->frozen() && holds(**map, entry)) continue;  // constants can be read back as they were printed
    auto status = put(entry);
    if (status) continue;
    Error error = std::move(status).error();
    error.message = "entry [" + std::to_string(i) + "]: " + error.message;
    if (error.code == E2BIG) error.message += ": the map has at most " + std::to_string(max_entries()) + " entries";
    return error;
  }
  return {};
}

Status Map::on_event(std::function<void(unsigned cpu, Bytes)> receive) {
  auto map = loaded(*impl_);
  if (!map) return std::move(map).error();
  if (dynamic_cast<maps::Ringbuf*>(map->get()) != nullptr) {
    impl_->receive = std::move(receive);
    return {};
  }
  auto* array = dynamic_cast<maps::PerfEventArray*>(map->get());
  if (array == nullptr) return in_map(*impl_, EINVAL, "maps of type " + type() + " have no events");
  for (unsigned cpu = 0; cpu < cpus_of(*impl_) && cpu < array->max_entries(); ++cpu)
    array->put(cpu, std::make_shared<Receiver>(cpu, receive));
  return {};
}

Result<size_t> Map::consume() {
  auto map = loaded(*impl_);
  if (!map) return std::move(map).error();
  auto* ring = dynamic_cast<maps::Ringbuf*>(map->get());
  if (ring == nullptr) return in_map(*impl_, EINVAL, "maps of type " + type() + " have no records to consume");
  if (!impl_->receive) return in_map(*impl_, EINVAL, "nobody receives the records: call on_event first");
  return ring->consume([this](Bytes record) { impl_->receive(0, record); });
}

}  // namespace skep
