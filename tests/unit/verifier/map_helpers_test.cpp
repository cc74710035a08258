// SPDX-License-Identifier: Apache-2.0
#include "verifier/map_helpers.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace skep::verifier;
using skep::maps::MapType;

namespace {

bool goes(HelperId helper, MapType type, ProgramType program = ProgramType::xdp) {
  return goes_with({.type = program}, helper, type);
}

}  // namespace

TEST_CASE("maps for one purpose go with the helpers of that purpose only") {
  CHECK(goes(HelperId::tail_call, MapType::prog_array));
  CHECK_FALSE(goes(HelperId::map_lookup_elem, MapType::prog_array));
  CHECK(goes(HelperId::map_lookup_elem, MapType::array_of_maps));
  CHECK_FALSE(goes(HelperId::sk_storage_get, MapType::array_of_maps));
  CHECK_FALSE(goes(HelperId::for_each_map_elem, MapType::array_of_maps));
  CHECK_FALSE(goes(HelperId::map_update_elem, MapType::ringbuf));
  CHECK(goes(HelperId::map_peek_elem, MapType::bloom_filter));
  CHECK_FALSE(goes(HelperId::map_pop_elem, MapType::bloom_filter));
}

TEST_CASE("helpers for one purpose go with the maps of that purpose only") {
  CHECK_FALSE(goes(HelperId::tail_call, MapType::array));
  CHECK_FALSE(goes(HelperId::sk_storage_get, MapType::hash));
  CHECK_FALSE(goes(HelperId::ringbuf_output, MapType::user_ringbuf));
  CHECK_FALSE(goes(HelperId::redirect_map, MapType::hash));
  CHECK(goes(HelperId::redirect_map, MapType::devmap_hash));
  CHECK(goes(HelperId::map_lookup_percpu_elem, MapType::lru_percpu_hash));
  CHECK_FALSE(goes(HelperId::map_lookup_percpu_elem, MapType::lru_hash));
}

TEST_CASE("ordinary maps go with what is for all maps") {
  for (const MapType type : {MapType::hash, MapType::array, MapType::percpu_array, MapType::lpm_trie})
    for (const HelperId helper : {HelperId::map_lookup_elem, HelperId::map_update_elem, HelperId::map_delete_elem,
                                  HelperId::for_each_map_elem, HelperId::timer_init})
      CHECK(goes(helper, type));
}

TEST_CASE("some program types may update maps of sockets") {
  CHECK(goes(HelperId::map_update_elem, MapType::sockmap, ProgramType::sched_cls));
  CHECK_FALSE(goes(HelperId::map_update_elem, MapType::sockmap, ProgramType::sock_ops));
  CHECK(goes(HelperId::map_delete_elem, MapType::sockhash, ProgramType::sock_ops));
  CHECK_FALSE(goes(HelperId::map_update_elem, MapType::sockmap, ProgramType::kprobe));
  CHECK_FALSE(goes(HelperId::map_push_elem, MapType::sockmap, ProgramType::sched_cls));
}
