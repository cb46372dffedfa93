// Running a plan whose blocks come from a network (exec/runner.hpp, read_queue.hpp,
// block_supply.hpp): a source answers from a thread of its own, late and out of order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <random>
#include <thread>

#include "runner_fixture.hpp"

namespace cubemill {
namespace {

using namespace testing_plan;

constexpr std::uint64_t block_size = 100;

/// What a file has at a place.
std::byte byte_at(std::uint64_t position) { return std::byte(position * 7 % 251); }

/// A remote raster of one value, which decodes only bytes of the right place.
class RemoteBand : public RasterBand {
 public:
  RemoteBand(const std::string& href, const RasterInfo& info, std::uint16_t value)
      : RasterBand(href, info), value_(value) {}

  void read_block(std::int64_t, std::int64_t, std::byte*, std::ptrdiff_t, ReadScratch&,
                  ReadCost&) const override {
    throw IoError(path(), "was read, not supplied");
  }
  std::optional<BlockPlace> block_place(std::int64_t x, std::int64_t y) const override {
    return BlockPlace{std::uint64_t(y * info().blocks_across() + x) * block_size, block_size};
  }
  void decode_block(std::int64_t x, std::int64_t y, std::span<const std::byte> bytes,
                    std::byte* out, std::ptrdiff_t stride, ReadScratch&, ReadCost&) const override {
    const BlockPlace place = *block_place(x, y);
    if (bytes.size() != place.size) throw IoError(path(), "block is cut");
    for (std::size_t i = 0; i < bytes.size(); ++i)
      if (bytes[i] != byte_at(place.offset + i)) throw IoError(path(), "block is damaged");
    for (std::int32_t r = 0; r < info().block_height; ++r)
      std::fill_n(reinterpret_cast<std::uint16_t*>(out + r * stride), info().block_width, value_);
  }

 private:
  std::uint16_t value_;
};

/// Answers one of the ranges that are asked for, chosen at random, again and again.
class RandomSource : public RangeSource {
 public:
  explicit RandomSource(unsigned seed)
      : random_(seed), thread_([this](auto stop) { work(stop); }) {}
  ~RandomSource() override {
    thread_.request_stop();
    changed_.notify_all();
  }

  void ask(RangeRequest request, RangeClient::Done done) override {
    const std::lock_guard lock(mutex_);
    asked_.emplace_back(std::move(request), std::move(done));
    ++ranges;
    most_ = std::max(most_, asked_.size());
    changed_.notify_all();
  }
  RangeAnswer fetch(RangeRequest request) override {
    const std::lock_guard lock(mutex_);
    ++fetched;
    return answer_to(request);
  }
  int room() const override {
    const std::lock_guard lock(mutex_);
    return slots - int(asked_.size());
  }
  double usual_seconds() const override { return 0.01; }

  int slots = 8;
  int damage_first = 0;    ///< so many answers have a wrong byte in each block
  std::string unreadable;  ///< an href that is refused
  int ranges = 0, fetched = 0;

 private:
  RangeAnswer answer_to(const RangeRequest& r) {
    if (r.href == unreadable)
      throw RangeFailure(r.href, "not there", RangeFailure::Kind::missing, 404, 1);
    auto bytes = std::make_shared<std::byte[]>(r.size);
    for (std::size_t i = 0; i < r.size; ++i) bytes[i] = byte_at(r.offset + i);
    if (damage_first > 0) {
      --damage_first;
      for (std::size_t i = 0; i < r.size; i += block_size) bytes[i] ^= std::byte(1);
    }
    RangeAnswer answer;
    answer.bytes = bytes, answer.size = r.size;
    return answer;
  }

  void work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, stop, [&] { return !asked_.empty(); });
      if (stop.stop_requested()) return;
      const std::size_t i = random_() % asked_.size();
      auto [request, done] = std::move(asked_[i]);
      asked_.erase(asked_.begin() + std::ptrdiff_t(i));
      RangeAnswer answer;
      std::exception_ptr failure;
      try {
        answer = answer_to(request);
      } catch (...) {
        failure = std::current_exception();
      }
      lock.unlock();
      done(std::move(answer), failure);
      lock.lock();
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::pair<RangeRequest, RangeClient::Done>> asked_;
  std::size_t most_ = 0;
  std::mt19937 random_;
  std::jthread thread_;
};

/// The three scenes of Job, on a network.
struct RemoteJob : Job {
  explicit RemoteJob(unsigned seed) : source(seed) {
    for (std::size_t s = 0; s < bands.size(); ++s)
      for (std::size_t i = 0; i < bands[s].size(); ++i) {
        SceneInput& in = survey.surveyed[s].inputs[i];
        in.href = "s3://bucket/" + std::to_string(s) + in.asset + ".tif";
        in.remote = true;
        in.info.stored_bytes =
            block_size * std::uint64_t(in.info.blocks_across() * in.info.blocks_down());
        bands[s][i] = std::make_unique<RemoteBand>(in.href, in.info,
                                                   std::uint16_t(in.asset == "qa"    ? 64
                                                                 : in.asset == "red" ? 10000
                                                                                     : 30000));
      }
    options.ranges = &source;
  }
  RandomSource source;
};

class RunnerNetwork : public testing::TestWithParam<unsigned> {};

TEST_P(RunnerNetwork, FoldsEveryPixelOnceHoweverAnswersCome) {
  for (const Order order : {Order::tile, Order::scene})
    for (const std::uint64_t memory : {512 * MiB, 110 * MiB}) {
      RemoteJob job(GetParam());
      job.source.slots = int(GetParam() % 3 * 4 + 1);
      MemorySink sink;
      const RunTally tally = job.run(sink, memory, order);
      EXPECT_EQ(sink.most, 3u);
      EXPECT_EQ(sink.least, 3u);
      EXPECT_EQ(sink.pixels, 700u * 600u);
      EXPECT_NEAR(sink.sum / double(sink.pixels), 0.5, 1e-6);
      EXPECT_EQ(tally.supply.late, 0u);
      EXPECT_EQ(tally.read.blocks_decoded, job.plan.blocks);
    }
}

TEST_P(RunnerNetwork, FetchesBlocksAgainThatComeDamaged) {
  RemoteJob job(GetParam());
  job.source.damage_first = 2;
  MemorySink sink;
  const RunTally tally = job.run(sink);
  EXPECT_EQ(sink.least, 3u);
  EXPECT_GT(tally.read.blocks_refetched, 0u);
}

TEST_P(RunnerNetwork, EndsWithTheFailureOfARange) {
  for (const std::size_t input : {0, 1}) {
    RemoteJob job(GetParam());
    job.source.unreadable = job.survey.surveyed[1].inputs[input].href;
    MemorySink sink;
    try {
      job.run(sink);
      FAIL() << "a range that is not there went unnoticed";
    } catch (const SceneError& error) {
      EXPECT_EQ(error.scene(), 1u);
      EXPECT_EQ(error.failure().status, 404);
    }
  }
}

TEST_P(RunnerNetwork, LeavesOutASceneThatCannotBeFetchedWhenAllowed) {
  RemoteJob job(GetParam());
  job.options.skip_unreadable = true;
  job.source.unreadable = job.survey.surveyed[1].inputs[2].href;
  MemorySink sink;
  const RunTally tally = job.run(sink);
  ASSERT_EQ(tally.left_out.size(), 1u);
  EXPECT_EQ(tally.left_out[0].scene, 1u);
}

TEST_P(RunnerNetwork, AsksForFewRanges) {
  RemoteJob job(GetParam());
  MemorySink sink;
  job.run(sink);
  // Nine files of 30 blocks, in a few pieces each while flags are still on their way.
  EXPECT_LE(job.source.ranges, 9 * 8);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RunnerNetwork, testing::Values(1u, 2u, 3u, 4u, 5u));

}  // namespace
}  // namespace cubemill
