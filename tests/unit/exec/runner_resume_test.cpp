// Runs that keep how far they have come, fail, and are gone on with.
#include <gmock/gmock.h>

#include <atomic>

#include "unit/exec/runner_fixture.hpp"
#include "unit/io/spill_fixture.hpp"

namespace cubemill::testing_plan {
namespace {

using spill_test::SpillIn;

/// Means and counts by tile, over several runs.
class KeepingSink : public TileSink {
 public:
  void put(std::size_t, const Tile& tile, const std::vector<float>& means,
           const std::vector<std::uint32_t>& counts, bool) override {
    const std::lock_guard lock(mutex_);
    const auto [at, fresh] =
        tiles_.emplace(std::pair(tile.window.x, tile.window.y), std::pair(means, counts));
    EXPECT_TRUE(fresh || again) << "a tile was put twice";
    at->second = {means, counts};
  }
  void put_empty(const Tile&) override { ADD_FAILURE() << "all tiles have scenes"; }

  /// How many pixels are NDVI 0.5 of three scenes.
  std::size_t right() const {
    std::size_t n = 0;
    for (const auto& [at, tile] : tiles_)
      for (std::size_t i = 0; i < tile.first.size(); ++i)
        n += tile.first[i] == 0.5f && tile.second[i] == 3;
    return n;
  }
  bool again = false;  // tiles that were finished after the last checkpoint

 private:
  std::mutex mutex_;
  std::map<std::pair<std::int64_t, std::int64_t>,
           std::pair<std::vector<float>, std::vector<std::uint32_t>>>
      tiles_;
};

struct Interrupt {};

class RunnerResumeIn : public SpillIn {
 protected:
  RunnerResumeIn() {
    job.options.spill = {folder(), path("owner"), 0, true};
    job.options.checkpoint_interval = std::chrono::nanoseconds(1);
  }

  /// Keeps states, up to the one at which the run is interrupted.
  void interrupt_at(int number) {
    job.options.checkpoint = [this, number, calls = 0](const SaveState& save) mutable {
      if (++calls == number) throw Interrupt();
      if (auto state = save()) kept = std::move(*state);
      return true;
    };
  }
  std::size_t chunks_kept() const {
    std::size_t chunks = 0;
    for (const std::uint32_t tile : kept.finished) chunks += job.plan.tiles[tile].chunks;
    for (const SavedSums& s : kept.sums) chunks += s.chunks.first + s.chunks.more.size();
    return chunks;
  }

  Job job;
  RunState kept;
};

TEST_F(RunnerResumeIn, GoesOnWhereItWasInterrupted) {
  job.threads = 1;
  for (const Order order : {Order::tile, Order::scene})
    for (const int number : {2, 3, 5, 8}) {
      SCOPED_TRACE(testing::Message() << "interrupted at checkpoint " << number);
      KeepingSink sink;
      sink.again = true;
      job.options.resume = kept = {};
      interrupt_at(number);
      EXPECT_THROW(job.run(sink, 512 * MiB, order), Interrupt);
      const std::size_t before = chunks_kept();
      EXPECT_EQ(before, std::size_t(number - 1)) << "a checkpoint a chunk";

      job.options.resume = kept;
      job.options.checkpoint = nullptr;
      std::size_t first = 0;
      job.options.progress = [&](std::size_t done, std::size_t, const SumsByTier&) {
        if (first == 0) first = done;
      };
      const RunTally tally = job.run(sink, 512 * MiB, order);
      job.options.progress = nullptr;
      EXPECT_EQ(tally.chunks_resumed, before);
      EXPECT_EQ(first, before + 1);
      EXPECT_EQ(tally.tiles_damaged, 0u);
      EXPECT_EQ(sink.right(), 700u * 600);
      EXPECT_LT(tally.read.flags_seen, 3u * 700 * 600) << "what is folded is not read again";
    }
}

TEST_F(RunnerResumeIn, GoesOnAndOn) {
  for (const int threads : {1, 4}) {
    KeepingSink sink;
    sink.again = true;
    job.threads = threads;
    kept = {};
    int interrupts = 0;
    for (bool done = false; !done;) {
      job.options.resume = kept;
      interrupt_at(3);
      try {
        job.run(sink);
        done = true;
      } catch (const Interrupt&) {
        ASSERT_LT(++interrupts, 30) << "no run came any further";
      }
    }
    EXPECT_GT(interrupts, threads == 1 ? 1 : -1);
    EXPECT_EQ(sink.right(), 700u * 600);
  }
}

TEST_F(RunnerResumeIn, DoesNothingButFinishWhenAllIsFolded) {
  KeepingSink sink;
  interrupt_at(1000);
  job.run(sink);
  EXPECT_EQ(kept.finished.size(), 4u);
  EXPECT_TRUE(kept.sums.empty());
  kept.spill_path.clear();  // the file went with the run
  job.options.resume = kept;
  KeepingSink none;
  const RunTally tally = job.run(none);
  EXPECT_EQ(tally.chunks_resumed, job.plan.chunks.size());
  EXPECT_EQ(tally.read.blocks_decoded, 0u);
  EXPECT_EQ(none.right(), 0u);
}

TEST_F(RunnerResumeIn, FinishesATileThatWasFoldedAndNotFinished) {
  KeepingSink sink;
  {
    MemorySink ignored;
    job.run(ignored);  // for the plan
    ASSERT_EQ(job.plan.accumulators, std::vector{AccumulatorKind::packed});
  }
  TileSums sums(job.plan.accumulators, tile_size);
  auto* const pixels = static_cast<PackedSum*>(sums.views(0, 0)[0].data);
  for (std::int64_t i = 0; i < tile_size * tile_size; ++i)
    for (int scene = 0; scene < 3; ++scene) pixels[i].bits += PackedSum::term(0.5);
  SpillFile::Options file{folder(), path("owner"), {}};
  file.parts = {{sums.bytes()[0].size(), bytes_per_run(AccumulatorKind::packed)}};
  {
    SpillFile spill(file);
    const std::uint32_t chunks = job.plan.tiles[0].chunks;
    job.options.resume = {{}, {{0, spill.write(sums.bytes()), {chunks, {}}}}, spill.path(), 0};
    spill.keep(true);
  }
  const RunTally tally = job.run(sink);
  EXPECT_EQ(tally.chunks_resumed, job.plan.tiles[0].chunks);
  const Tile& first = job.plan.tiles[0];
  EXPECT_EQ(sink.right(),
            700u * 600 - std::size_t(first.window.width * first.window.height) + 512u * 512);
}

TEST_F(RunnerResumeIn, BeginsATileAnewWhoseSumsAreDamaged) {
  job.threads = 1;
  KeepingSink sink;
  sink.again = true;
  interrupt_at(2);
  EXPECT_THROW(job.run(sink, 512 * MiB, Order::scene), Interrupt);
  ASSERT_FALSE(kept.sums.empty());
  const std::size_t before = chunks_kept();
  spill_test::flip_byte(kept.spill_path, 4096 + kept.sums[0].slot.number * (2u << 20));
  job.options.resume = kept;
  job.options.checkpoint = nullptr;
  const RunTally tally = job.run(sink, 512 * MiB, Order::scene);
  EXPECT_EQ(tally.tiles_damaged, 1u);
  EXPECT_LT(tally.chunks_resumed, before);
  EXPECT_EQ(sink.right(), 700u * 600);
}

TEST_F(RunnerResumeIn, KeepsByOneThreadAtATime) {
  std::atomic<int> inside = 0, calls = 0;
  job.options.checkpoint = [&](const SaveState& save) {
    EXPECT_EQ(++inside, 1);
    ++calls;
    EXPECT_TRUE(save());
    --inside;
    return true;
  };
  KeepingSink sink;
  const RunTally tally = job.run(sink, 512 * MiB, Order::scene);
  EXPECT_GT(tally.checkpoints, 0u);
  EXPECT_EQ(std::uint64_t(calls), tally.checkpoints + 1) << "and once more at the end";
  EXPECT_EQ(sink.right(), 700u * 600);
  EXPECT_EQ(files_in(folder()), 0u) << "nothing on the disk is needed after a run";
}

TEST_F(RunnerResumeIn, EndsHoweverOftenItIsToKeep) {
  job.threads = 1;
  int calls = 0;
  job.options.checkpoint = [&](const SaveState& save) { return ++calls, save().has_value(); };
  KeepingSink sink;
  const RunTally tally = job.run(sink);
  EXPECT_EQ(sink.right(), 700u * 600);
  EXPECT_LE(tally.checkpoints, job.plan.chunks.size()) << "nothing new, nothing to keep";
}

TEST_F(RunnerResumeIn, GoesOnWhenNothingCanBeKept) {
  std::atomic<int> calls = 0;
  job.options.checkpoint = [&](const SaveState& save) {
    if (++calls % 2) save();
    return false;
  };
  KeepingSink sink;
  const RunTally tally = job.run(sink, 512 * MiB, Order::scene);
  EXPECT_GT(calls, 0);
  EXPECT_EQ(tally.checkpoints, 0u);
  EXPECT_EQ(sink.right(), 700u * 600);
  EXPECT_EQ(files_in(folder()), 0u);
}

TEST_F(RunnerResumeIn, KeepsNothingOnceASceneWasLeftOut) {
  job.options.skip_unreadable = true;
  job.band(1, 2).bad_x = job.band(1, 2).bad_y = 2;
  std::atomic<int> calls = 0;
  job.options.checkpoint = [&](const SaveState& save) {
    ++calls;
    while (save()) {  // until another thread has met the scene
    }
    return false;
  };
  MemorySink sink;
  const RunTally tally = job.run(sink);
  EXPECT_EQ(tally.left_out.size(), 1u);
  EXPECT_LE(calls, 1);
  EXPECT_EQ(tally.checkpoints, 0u);
}

}  // namespace
}  // namespace cubemill::testing_plan
