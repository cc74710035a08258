// SPDX-License-Identifier: Apache-2.0
// Arrays and hashes of maps. Source: kernel/bpf/map_in_map.c, arraymap.c, hashtab.c.
#pragma once

#include "maps/hash.hpp"
#include "maps/reference_array.hpp"

namespace skep::maps {

/// Attributes of hashes of maps.
Status check_hash_of_maps(const Attributes& attributes);

class ArrayOfMaps final : public ReferenceArray<Map> {
 public:
  static Result<std::shared_ptr<Map>> make(Attributes attributes, Environment& environment);

  void* lookup(const void* key, unsigned cpu) override;
  int host_lookup(const void* key, void* value, uint64_t flags) override;
  int host_lookup_batch(const void* in, void* out, void* keys, void* values, uint32_t& count, uint64_t flags) override;
  int host_update_batch(const void* keys, const void* values, uint32_t& count, uint64_t flags) override;
  [[nodiscard]] int check_btf() const override { return -kENOTSUPP; }

 protected:
  [[nodiscard]] bool key_type_optional() const override { return true; }
  std::shared_ptr<Map> accept(int descriptor, int& error) override;
  void changed() override;

 private:
  using ReferenceArray::ReferenceArray;
};

/// An element's value is a std::shared_ptr<Map>.
class HashOfMaps final : public HashBase {
 public:
  static Result<std::shared_ptr<Map>> make(Attributes attributes, Environment& environment);

  void* lookup(const void* key, unsigned cpu) override;
  int64_t for_each(const std::function<int64_t(void*, void*)>& visit, unsigned cpu) override;
  int host_update(const void* key, const void* value, uint64_t flags) override;
  int host_erase(const void* key) override;
  [[nodiscard]] int check_btf() const override { return -kENOTSUPP; }

 protected:
  [[nodiscard]] bool key_type_optional() const override { return true; }
  [[nodiscard]] void* program_value(Element* element, unsigned cpu) const override;
  int copy_out(void* value, Element* element, uint64_t flags) const override;

 private:
  using HashBase::HashBase;
};

}  // namespace skep::maps
