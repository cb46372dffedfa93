// Ranges of an object by RangeClient, against the rival: a bare loop over libcurl's multi interface
// that fetches the same ranges over as many connections, tries nothing again, checks nothing and
// writes into memory that is there.
// Both in turns, from the stand of tests/tools/s3_stand on this machine, which waits 0, 30 or 80 ms
// before it answers. Answers are checked. `wall` and `cpu` are ours over the rival's.
#include <benchmark/benchmark.h>
#include <curl/curl.h>

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "cubemill/net/range_client.hpp"
#include "in_turns.hpp"
#include "tools/s3_stand/s3_stand.hpp"

namespace {

using namespace cubemill;
using test::S3Stand;

constexpr int ranges = 512, connections = 64;

struct Range {
  std::size_t offset = 0, size = 0;
};

std::vector<Range> ranges_of(std::size_t size) {
  std::vector<Range> all;
  for (int i = 0; i < ranges; ++i)
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

// The rival.
class BareLoop {
 public:
  explicit BareLoop(const S3Stand& stand) : multi_(curl_multi_init()), slots_(connections) {
    for (Slot& slot : slots_) {
      slot.easy = curl_easy_init();
      curl_easy_setopt(slot.easy, CURLOPT_URL, stand.url("bucket/a.tif").c_str());
      curl_easy_setopt(slot.easy, CURLOPT_NOSIGNAL, 1L);
      curl_easy_setopt(slot.easy, CURLOPT_BUFFERSIZE, 131072L);
      curl_easy_setopt(slot.easy, CURLOPT_PRIVATE, &slot);
      curl_easy_setopt(slot.easy, CURLOPT_WRITEDATA, &slot);
      curl_easy_setopt(slot.easy, CURLOPT_WRITEFUNCTION, &BareLoop::on_body);
    }
  }
  ~BareLoop() {
    for (Slot& slot : slots_) curl_easy_cleanup(slot.easy);
    curl_multi_cleanup(multi_);
  }
  BareLoop(const BareLoop&) = delete;
  BareLoop& operator=(const BareLoop&) = delete;

  Cost fetch(const S3Stand& stand, const std::vector<Range>& all) {
    Cost cost;
    answers_.resize(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) answers_[i].resize(all[i].size);
    const double begin = wall_seconds(), cpu = bench::thread_seconds();
    std::size_t next = 0, left = all.size();
    const auto start = [&](Slot& slot) {
      if (next == all.size()) return;
      const Range& range = all[next];
      slot.to = answers_[next++].data();
      const std::string text =
          std::to_string(range.offset) + "-" + std::to_string(range.offset + range.size - 1);
      curl_easy_setopt(slot.easy, CURLOPT_RANGE, text.c_str());
      curl_multi_add_handle(multi_, slot.easy);
    };
    for (Slot& slot : slots_) start(slot);
    while (left > 0) {
      int running = 0, queued = 0;
      curl_multi_perform(multi_, &running);
      while (const CURLMsg* message = curl_multi_info_read(multi_, &queued)) {
        Slot* slot = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
        cost.right = cost.right && message->data.result == CURLE_OK;
        curl_multi_remove_handle(multi_, slot->easy);
        --left;
        start(*slot);
      }
      if (left > 0) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
    cost.wall = wall_seconds() - begin;
    cost.cpu = bench::thread_seconds() - cpu;
    for (std::size_t i = 0; i < all.size(); ++i)
      cost.right = cost.right && is_right(stand, all[i], answers_[i].data());
    return cost;
  }

 private:
  struct Slot {
    CURL* easy = nullptr;
    std::byte* to = nullptr;
  };
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* slot) {
    std::byte*& to = static_cast<Slot*>(slot)->to;
    std::memcpy(to, data, size);
    to += size;
    return size;
  }

  CURLM* multi_;
  std::vector<Slot> slots_;
  std::vector<std::vector<std::byte>> answers_;  // memory that is there already, unlike ours
};

void range_client_over_bare_loop(benchmark::State& state) {
  const S3Stand stand({"--ttfb", std::to_string(state.range(0))});
  const std::vector<Range> all = ranges_of(std::size_t(state.range(1)) * 1000);
  RangeClient client(NetOptions{.connections = connections});
  BareLoop bare(stand);
  by_client(client, stand, all);  // connections are there, and the limit has grown
  bare.fetch(stand, all);
  Cost ours, rivals;
  for (auto _ : state) {
    const Cost our = by_client(client, stand, all), rival = bare.fetch(stand, all);
    if (!our.right || !rival.right) return state.SkipWithError("wrong bytes");
    state.SetIterationTime(our.wall);
    ours.wall += our.wall, ours.cpu += our.cpu;
    rivals.wall += rival.wall, rivals.cpu += rival.cpu;
  }
  const double calls = double(state.iterations()) * ranges;
  state.SetBytesProcessed(state.iterations() * ranges * state.range(1) * 1000);
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
