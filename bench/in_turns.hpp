// How benchmarks are timed here: ours and its rival in turns on the same data, by CPU time of the
// thread, so that others on the machine hit both alike. Counters: the rival's time over ours,
// bytes, and the share of the memory bandwidth of one thread, which is measured once a program
// (more than 1 where the data fit the caches, as the sums of a tile do).
#pragma once
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace cubemill::bench {

inline double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

template <class Action>
double seconds(Action&& action) {
  const double start = thread_seconds();
  action();
  return thread_seconds() - start;
}

/// Bytes per second of a[i] = b[i] + s·c[i] over arrays of 128 MiB (STREAM's triad, three transfers
/// an element), the best of five.
inline double memory_bandwidth() {
  static const double measured = [] {
    const std::size_t n = (std::size_t(128) << 20) / sizeof(double);
    std::vector<double> a(n, 0.0), b(n, 1.0), c(n, 2.0);
    double best = 1e9;
    for (int turn = 0; turn < 5; ++turn) {
      best = std::min(best, seconds([&] {
                        for (std::size_t i = 0; i < n; ++i) a[i] = b[i] + 3.0 * c[i];
                        benchmark::DoNotOptimize(a.data());
                        benchmark::ClobberMemory();
                      }));
    }
    return 3.0 * double(n * sizeof(double)) / best;
  }();
  return measured;
}

/// What one call of either side does: output pixels, and bytes that it has to read and write.
struct Work {
  std::int64_t pixels = 0;
  double bytes = 0;
};

/// Runs both in turns for as long as the benchmark lasts, the rival only until it has had as much
/// time as ours; needs UseManualTime.
template <class Ours, class Rival>
void in_turns(benchmark::State& state, const Work& work, Ours&& ours, Rival&& rival) {
  double our_time = 0, rival_time = 0, rival_calls = 0;
  for (auto _ : state) {
    const double time = seconds(ours);
    state.SetIterationTime(time);
    our_time += time;
    if (rival_time <= our_time) rival_time += seconds(rival), ++rival_calls;
  }
  const double calls = double(state.iterations());
  state.SetItemsProcessed(state.iterations() * work.pixels);
  state.SetBytesProcessed(std::int64_t(calls * work.bytes));
  state.counters["ratio"] = rival_time / rival_calls / (our_time / calls);
  state.counters["of_bandwidth"] = calls * work.bytes / our_time / memory_bandwidth();
}

}  // namespace cubemill::bench
