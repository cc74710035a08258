// SPDX-License-Identifier: Apache-2.0
// Counts packets by protocol and drops what is malformed or goes to a blocked port. Each drop is reported.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum protocol { OTHER, IPV4_TCP, IPV4_UDP, IPV4_ICMP, IPV6_TCP, IPV6_UDP, IPV6_ICMP, ARP, MALFORMED, PROTOCOLS };

struct counters {
  __u64 packets;
  __u64 bytes;
};

// One value a CPU, so that no CPU waits for another.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, PROTOCOLS);
  __type(key, __u32);  // enum protocol
  __type(value, struct counters);
} by_protocol SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, __u16);  // destination port
  __type(value, struct counters);
} by_port SEC(".maps");

enum reason { SHORT_HEADER, BAD_LENGTH, BLOCKED_PORT };

struct drop {
  enum reason reason;
  __u32 packet_size;
  __u16 port;
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 64 * 1024);
} drops SEC(".maps");

const volatile __u16 blocked_port = 23;  // skep run --set blocked_port=80
__u64 packets_seen;

static void report(enum reason reason, __u32 size, __u16 port) {
  struct drop* drop = bpf_ringbuf_reserve(&drops, sizeof(*drop), 0);
  if (!drop) return;
  drop->reason = reason;
  drop->packet_size = size;
  drop->port = port;
  bpf_ringbuf_submit(drop, 0);
}

static void count(struct counters* counters, __u32 size) {
  counters->packets++;
  counters->bytes += size;
}

static void count_protocol(enum protocol protocol, __u32 size) {
  __u32 key = protocol;
  struct counters* counters = bpf_map_lookup_elem(&by_protocol, &key);
  if (counters) count(counters, size);
}

static int malformed(enum reason reason, __u32 size) {
  count_protocol(MALFORMED, size);
  report(reason, size, 0);
  return XDP_DROP;
}

// Judges the ports, which TCP and UDP have at the same place.
static int transport(void* header, void* end, __u32 size) {
  struct udphdr* ports = header;
  if ((void*)&ports->len > end) return malformed(SHORT_HEADER, size);
  __u16 port = bpf_ntohs(ports->dest);
  struct counters* counters = bpf_map_lookup_elem(&by_port, &port);
  if (counters) {
    count(counters, size);
  } else {
    struct counters first = {1, size};
    bpf_map_update_elem(&by_port, &port, &first, BPF_NOEXIST);
  }
  if (port != blocked_port) return XDP_PASS;
  report(BLOCKED_PORT, size, port);
  return XDP_DROP;
}

static int ipv4(struct iphdr* ip, void* end, __u32 size) {
  if ((void*)(ip + 1) > end) return malformed(SHORT_HEADER, size);
  __u32 header = ip->ihl * 4;
  __u32 total = bpf_ntohs(ip->tot_len);
  if (ip->version != 4 || header < sizeof(*ip) || total < header) return malformed(BAD_LENGTH, size);
  if ((void*)ip + total > end) return malformed(BAD_LENGTH, size);
  void* next = (void*)ip + header;
  switch (ip->protocol) {
    case IPPROTO_TCP: count_protocol(IPV4_TCP, size); return transport(next, end, size);
    case IPPROTO_UDP: count_protocol(IPV4_UDP, size); return transport(next, end, size);
    case IPPROTO_ICMP: count_protocol(IPV4_ICMP, size); return XDP_PASS;
    default: count_protocol(OTHER, size); return XDP_PASS;
  }
}

static int ipv6(struct ipv6hdr* ip, void* end, __u32 size) {
  if ((void*)(ip + 1) > end) return malformed(SHORT_HEADER, size);
  if (ip->version != 6) return malformed(BAD_LENGTH, size);
  switch (ip->nexthdr) {
    case IPPROTO_TCP: count_protocol(IPV6_TCP, size); return transport(ip + 1, end, size);
    case IPPROTO_UDP: count_protocol(IPV6_UDP, size); return transport(ip + 1, end, size);
    case IPPROTO_ICMPV6: count_protocol(IPV6_ICMP, size); return XDP_PASS;
    default: count_protocol(OTHER, size); return XDP_PASS;
  }
}

SEC("xdp")
int packet_counter(struct xdp_md* ctx) {
  void* data = (void*)(long)ctx->data;
  void* end = (void*)(long)ctx->data_end;
  __u32 size = end - data;
  packets_seen++;

  struct ethhdr* ethernet = data;
  if ((void*)(ethernet + 1) > end) return malformed(SHORT_HEADER, size);
  __u16 type = bpf_ntohs(ethernet->h_proto);
  void* next = ethernet + 1;
  for (int tags = 0; tags < 2 && (type == ETH_P_8021Q || type == ETH_P_8021AD); tags++) {
    __be16* tag = next;  // priority and VLAN, then the type of what follows
    if ((void*)(tag + 2) > end) return malformed(SHORT_HEADER, size);
    type = bpf_ntohs(tag[1]);
    next = tag + 2;
  }
  switch (type) {
    case ETH_P_IP: return ipv4(next, end, size);
    case ETH_P_IPV6: return ipv6(next, end, size);
    case ETH_P_ARP: count_protocol(ARP, size); return XDP_PASS;
    default: count_protocol(OTHER, size); return XDP_PASS;
  }
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
