// SPDX-License-Identifier: Apache-2.0
#include "vm/interpreter/legacy_packet.hpp"

#include "vm/context.hpp"
#include "vm/program.hpp"
#include "vm/run.hpp"

namespace skep::vm::interpreter {

namespace {

constexpr int32_t kNetworkHeader = -0x100000;  // SKF_NET_OFF
constexpr int32_t kLinkHeader = -0x200000;     // SKF_LL_OFF
constexpr int64_t kEthernetHeader = 14;        // bytes

/// Whether programs of this type see the packet from its link header on.
bool starts_at_link_header(verifier::ProgramType type) {
  return type == verifier::ProgramType::sched_cls || type == verifier::ProgramType::sched_act;
}

}  // namespace

bool load_packet(const Run& run, int32_t offset, int size, uint64_t& value) {
  if (run.packet == nullptr) return false;
  const Packet& packet = *run.packet;
  const int64_t link = starts_at_link_header(run.program->spec().type) ? 0 : -kEthernetHeader;
  const uint8_t* lowest = packet.data;
  int64_t start = offset;  // from packet.data
  if (offset < kLinkHeader) return false;
  if (offset < kNetworkHeader)
    start = link + (offset - kLinkHeader);
  else if (offset < 0)
    start = link + kEthernetHeader + (offset - kNetworkHeader);
  if (offset < 0) lowest = packet.begin();
  if (start < lowest - packet.data || start + size > packet.data_end - packet.data) return false;
  value = 0;
  for (int i = 0; i < size; ++i) value = value << 8 | packet.data[start + i];
  return true;
}

}  // namespace skep::vm::interpreter
