// SPDX-License-Identifier: Apache-2.0
#include "sampling.hpp"

#include <sched.h>

namespace skep::bench {

namespace {

/// A chain of dependent multiplications: its time depends on nothing but the processor's.
double calibration_ns() {
  constexpr int kSteps = 50'000;
  const Clock::time_point start = Clock::now();
  volatile uint64_t seed = 3;
  uint64_t value = seed;
  for (int i = 0; i < kSteps; ++i) value = value * 0x9e3779b97f4a7c15 + 1;
  seed = value;
  return nanoseconds_since(start);
}

constexpr double kTolerance = 1.10;  // of the fastest calibration so far
constexpr size_t kPatience = 20;     // attempts a wanted sample

struct Series {
  const Subject* subject;
  uint64_t count = 1;  // runs a sample
  std::vector<double> kept;
  std::vector<double> dropped;
};

uint64_t runs_for(const Subject& subject, double sample_ns) {
  subject.run(1);
  const double once = std::max(subject.run(3), 1.0);
  return std::max<uint64_t>(1, static_cast<uint64_t>(sample_ns / once));
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

}  // namespace

void pin_to_one_cpu() {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(sched_getcpu()), &set);
  sched_setaffinity(0, sizeof set, &set);
}

std::vector<Measured> measure(const std::vector<Subject>& subjects, size_t samples, double sample_ns) {
  std::vector<Series> all;
  for (const Subject& subject : subjects)
    all.push_back({.subject = &subject, .count = runs_for(subject, sample_ns), .kept = {}, .dropped = {}});
  double fastest = calibration_ns();
  const auto lacks_samples = [&](const Series& series) { return series.kept.size() < samples; };
  for (size_t round = 0; round < samples * kPatience && std::ranges::any_of(all, lacks_samples); ++round)
    for (Series& series : all) {
      const double before = calibration_ns();
      const double ns = series.subject->run(series.count);
      const double after = calibration_ns();
      fastest = std::min({fastest, before, after});
      const bool is_clean = std::max(before, after) <= fastest * kTolerance;
      (is_clean ? series.kept : series.dropped).push_back(ns);
    }
  std::vector<Measured> result;
  for (const Series& series : all) {
    const std::vector<double>& used =
        series.kept.empty() ? series.dropped : series.kept;  // never quiet: better than none
    result.push_back({.median_ns = median(used), .samples = series.kept.size(), .dropped = series.dropped.size()});
  }
  return result;
}

}  // namespace skep::bench
