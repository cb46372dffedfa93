// Ranges of an object by RangeClient, against the rival: a bare loop (BareRanges) that fetches the
// same ranges over as many connections and writes into memory that is there.
// Both in turns, from the stand of tests/tools/s3_stand on this machine, which waits 0, 30 or 80 ms
// before it answers. Answers are checked. `wall` and `cpu` are ours over the rival's.
#include <benchmark/benchmark.h>

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "bare_ranges.hpp"
#include "cubemill/net/range_client.hpp"
#include "in_turns.hpp"
#include "tools/s3_stand/s3_stand.hpp"

namespace {

using namespace cubemill;
using test::S3Stand;

constexpr int range_count = 512, connections = 64;

struct Range {
  std::size_t offset = 0, size = 0;
};

std::vector<Range> ranges_of(std::size_t size) {
  std::vector<Range> all;
  for (int i = 0; i < range_count; ++i)
    all.push_back({(std::size_t(i) * 7919 * 97) % (S3Stand::object_bytes - size), size});
  return all;
}

bool is_right(const S3Stand& stand, const Range& range, const std::byte* bytes) {
  return std::memcmp(stand.content().data() + range.offset, bytes, range.size) == 0;
}

struct Cost {
  double wall = 0, cpu = 0;
  bool right = true;
};

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Cost by_client(RangeClient& client, const S3Stand& stand, const std::vector<Range>& all) {
  Cost cost;
  std::mutex mutex;
  std::condition_variable done;
  std::vector<RangeAnswer> answers(all.size());
  std::size_t left = all.size();
  const double begin = wall_seconds();
  const auto cpu = client.tally().nanoseconds_cpu;
  for (std::size_t i = 0; i < all.size(); ++i)
    client.ask({.href = "s3://bucket/a.tif", .offset = all[i].offset, .size = all[i].size},
               [&, i](RangeAnswer&& answer, std::exception_ptr) {
                 const std::lock_guard lock(mutex);
                 answers[i] = std::move(answer);
                 if (--left == 0) done.notify_one();
               });
  {
    std::unique_lock lock(mutex);
    done.wait(lock, [&] { return left == 0; });
  }
  cost.wall = wall_seconds() - begin;
  cost.cpu = 1e-9 * double(client.tally().nanoseconds_cpu - cpu);
  for (std::size_t i = 0; i < all.size(); ++i)
    cost.right = cost.right && answers[i].bytes && is_right(stand, all[i], answers[i].bytes.get());
  return cost;
}

std::vector<bench::BareRange> bare_ranges(const S3Stand& stand, const std::vector<Range>& all) {
  std::vector<bench::BareRange> ranges;
  for (const Range& r : all) ranges.push_back({stand.url("bucket/a.tif"), r.offset, r.size});
  return ranges;
}

// Into the memory of `ranges`, which stays, unlike ours.
Cost by_bare_loop(bench::BareRanges& loop, const S3Stand& stand, const std::vector<Range>& all,
                  std::vector<bench::BareRange>& ranges) {
  Cost cost;
  std::vector<bench::BareRange*> asked;
  for (bench::BareRange& range : ranges) asked.push_back(&range);
  const double begin = wall_seconds(), cpu = bench::thread_seconds();
  loop.fetch(asked, [](bench::BareRange&) {});
  cost.wall = wall_seconds() - begin;
  cost.cpu = bench::thread_seconds() - cpu;
  for (std::size_t i = 0; i < all.size(); ++i)
    cost.right = cost.right && ranges[i].bytes.size() == all[i].size &&
                 is_right(stand, all[i], ranges[i].bytes.data());
  return cost;
}

void range_client_over_bare_loop(benchmark::State& state) {
  const S3Stand stand({"--ttfb", std::to_string(state.range(0))});
  const std::vector<Range> all = ranges_of(std::size_t(state.range(1)) * 1000);
  RangeClient client(NetOptions{.connections = connections});
  bench::BareRanges loop(connections);
  std::vector<bench::BareRange> ranges_of_rival = bare_ranges(stand, all);
  by_client(client, stand, all);  // connections are there, and the limit has grown
  by_bare_loop(loop, stand, all, ranges_of_rival);
  Cost ours, rivals;
  for (auto _ : state) {
    const Cost our = by_client(client, stand, all),
               rival = by_bare_loop(loop, stand, all, ranges_of_rival);
    if (!our.right || !rival.right) return state.SkipWithError("wrong bytes");
    state.SetIterationTime(our.wall);
    ours.wall += our.wall, ours.cpu += our.cpu;
    rivals.wall += rival.wall, rivals.cpu += rival.cpu;
  }
  const double calls = double(state.iterations()) * range_count;
  state.SetBytesProcessed(state.iterations() * range_count * state.range(1) * 1000);
  state.counters["wall"] = ours.wall / rivals.wall;
  state.counters["cpu"] = ours.cpu / rivals.cpu;
  state.counters["our_cpu_us"] = 1e6 * ours.cpu / calls;
  state.counters["rival_cpu_us"] = 1e6 * rivals.cpu / calls;
  state.counters["hedges"] = double(client.tally().hedges) / calls;
}

BENCHMARK(range_client_over_bare_loop)
    ->ArgsProduct({{0, 30, 80}, {20, 500}})
    ->ArgNames({"ms", "kB"})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
