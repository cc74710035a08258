// SPDX-License-Identifier: Apache-2.0
// Events for the host: records in a ring buffer, samples in a perf event array, and lines of bpf_printk.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct event {
  __u32 size;
  __u8 first_bytes[8];
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} events SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
  __uint(key_size, sizeof(int));
  __uint(value_size, sizeof(int));
} samples SEC(".maps");

SEC("tc")
int observe(struct __sk_buff* skb) {
  struct event* event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) return 2;
  event->size = skb->len;
  if (bpf_skb_load_bytes(skb, 0, event->first_bytes, sizeof(event->first_bytes)) < 0) {
    bpf_ringbuf_discard(event, 0);
    return 1;
  }
  bpf_ringbuf_submit(event, 0);

  __u64 sample = skb->len;
  bpf_perf_event_output(skb, &samples, BPF_F_CURRENT_CPU, &sample, sizeof(sample));
  bpf_printk("packet of %d bytes", skb->len);
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
