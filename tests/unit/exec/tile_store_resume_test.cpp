// What TileStore saves, and what another one makes of it.
#include <gtest/gtest.h>

#include <atomic>

#include "unit/exec/store_fixture.hpp"

namespace cubemill::testing_store {
namespace {

using TileStoreResumeIn = TileStoreIn;
using spill_test::flip_byte;

Results only(const Results& all, const std::vector<std::uint32_t>& tiles) {
  Results some;
  for (const std::uint32_t tile : tiles) some[tile] = all.at(tile);
  return some;
}

/// Goes on from a state to the end, in a process of its own.
class Resumed {
 public:
  Resumed(Work& work, const Tiers& tiers, const SpillOptions& spill, const RunState& state)
      : run_(work, tiers, spill), state_(state), chunks_(work.chunks()) {
    damaged = run_.store().resume(state);
    for (std::uint32_t c = 0; c < chunks_; ++c) folded += run_.store().folded(c);
  }
  /// What both have finished; `earlier`: what the sink has from the interrupted one.
  Results end(const Results& earlier) {
    for (const std::uint32_t tile : run_.store().unfinished_complete_tiles()) run_.finish(tile);
    for (std::uint32_t c = 0; c < chunks_; ++c)
      if (!run_.store().folded(c)) run_.fold(c);
    Results all = only(earlier, state_.finished);
    for (auto& [tile, result] : run_.results()) {
      EXPECT_FALSE(all.contains(tile)) << "tile " << tile << " was made twice";
      all[tile] = result;
    }
    run_.store().forget_disk();
    return all;
  }
  StoreRun& run() { return run_; }

  std::size_t damaged = 0, folded = 0;

 private:
  StoreRun run_;
  const RunState state_;
  const std::uint32_t chunks_;
};

std::size_t chunks_in(const Work& work, const RunState& state) {
  std::size_t chunks = 0;
  for (const std::uint32_t tile : state.finished) chunks += work.plan.tiles[tile].chunks;
  for (const SavedSums& s : state.sums) chunks += s.chunks.first + s.chunks.more.size();
  return chunks;
}

TEST_F(TileStoreResumeIn, GoesOnFromEveryPoint) {
  Work work(shuffled(scene_after_scene(4, 4), 3));
  for (const bool far : {false, true})
    for (std::uint32_t point = 0; point <= work.chunks(); ++point) {
      SCOPED_TRACE(testing::Message() << (far ? "far" : "near") << ", after " << point);
      const Chunks order = any_order(work, point);
      RunState state;
      Results results;
      {
        StoreRun run(work, {2, far, 2}, spill(true));
        for (std::uint32_t i = 0; i < point; ++i) run.fold(order[i]);
        state = run.store().save();
        run.store().kept();
        results = run.results();
        for (std::uint32_t i = point; i < std::min(point + 7, work.chunks()); ++i)
          run.fold(order[i]);  // is lost
      }
      EXPECT_EQ(chunks_in(work, state), point);
      Resumed resumed(work, {2, far, 2}, spill(true), state);
      EXPECT_EQ(resumed.damaged, 0u);
      EXPECT_EQ(resumed.folded, point);
      expect_equal(resumed.end(results), work.expected);
      EXPECT_EQ(resumed.run().store().values_beyond(), work.expected_beyond);
    }
  EXPECT_EQ(files_in(folder()), 0u);
}

TEST_F(TileStoreResumeIn, KeepsWhatTheLastKeptStateNamesUntilTheNextIsKept) {
  Work work(shuffled(scene_after_scene(4, 6), 4));
  for (const std::uint32_t point : {3u, 8u, 15u}) {
    RunState state;
    Results results;
    {
      StoreRun run(work, {1}, spill(true));
      for (std::uint32_t c = 0; c < point; ++c) run.fold(c);
      (void)run.store().save();
      run.store().kept();
      state = run.store().save();
      run.store().kept();
      results = run.results();
      for (std::uint32_t c = point; c < work.chunks() - 1; ++c) {
        run.fold(c);
        (void)run.store().save();  // whose state could not be kept
      }
    }
    Resumed resumed(work, {1}, spill(true), state);
    EXPECT_EQ(resumed.damaged, 0u) << point;
    expect_equal(resumed.end(results), work.expected);
  }
}

TEST_F(TileStoreResumeIn, GivesBackWhatNoKeptStateNames) {
  Work work(scene_after_scene(3, 8));
  StoreRun run(work, {1}, spill(true));
  std::uint64_t most = 0;
  for (std::uint32_t c = 0; c < work.chunks(); ++c) {
    run.fold(c);
    (void)run.store().save();
    run.store().kept();
    most = std::max(most, run.store().tiers().disk);
  }
  (void)run.store().save();
  run.store().kept();
  EXPECT_EQ(run.store().tiers().disk, 0u) << "all tiles are finished";
  EXPECT_LE(run.store().tally().peak_bytes, 9 * (work.bytes_of_a_tile() + 4096));
  EXPECT_GT(most, 0u);
  expect_equal(run.results(), work.expected);
}

TEST_F(TileStoreResumeIn, SavesNothingTwiceThatHasNotChanged) {
  Work work(scene_after_scene(3, 2));
  StoreRun run(work, {3}, spill(true));
  for (std::uint32_t c = 0; c < 3; ++c) run.fold(c);
  (void)run.store().save();
  run.store().kept();
  const std::uint64_t written = run.store().tally().bytes_written;
  EXPECT_EQ(written, 3 * work.bytes_of_a_tile());
  (void)run.store().save();
  EXPECT_EQ(run.store().tally().bytes_written, written);
  run.fold(3);
  (void)run.store().save();
  EXPECT_EQ(run.store().tally().bytes_written, written) << "tile 0 is finished";
}

/// What a saver found, while others folded: a state, and a copy of the file as it was then.
struct Snapshot {
  RunState state;
  Results results;
};

TEST_F(TileStoreResumeIn, SavesWhatIsOnTheDiskWhileOthersFold) {
  Work work(shuffled(scene_after_scene(6, 6), 5));
  for (const bool far : {false, true})
    for (const std::size_t states : {1, 3}) {
      SCOPED_TRACE(testing::Message() << states << (far ? " far" : " near") << " states");
      std::vector<Snapshot> snapshots;
      StoreRun run(work, {states, far, 5}, spill(true));
      {
        std::atomic<bool> done = false;
        const std::jthread saver([&] {
          while (!done) {
            RunState state = run.store().save();
            if (!state.spill_path.empty() && snapshots.size() < 10) {
              const std::string copy = path("copy" + std::to_string(snapshots.size()));
              std::filesystem::copy_file(state.spill_path, copy,
                                         std::filesystem::copy_options::overwrite_existing);
              state.spill_path = copy;
              snapshots.push_back({std::move(state), run.results()});
            }
            run.store().kept();
          }
        });
        run.fold_on(3, any_order(work, unsigned(states)));
        done = true;
      }
      run.store().forget_disk();
      expect_equal(run.results(), work.expected);
      EXPECT_EQ(run.store().values_beyond(), work.expected_beyond);
      for (const Snapshot& s : snapshots) {
        Resumed resumed(work, {2, far, 5}, spill(true), s.state);
        EXPECT_EQ(resumed.damaged, 0u);
        EXPECT_EQ(resumed.folded, chunks_in(work, s.state));
        expect_equal(resumed.end(s.results), work.expected);
        EXPECT_EQ(resumed.run().store().values_beyond(), work.expected_beyond);
      }
    }
}

TEST_F(TileStoreResumeIn, SaysOfATileWhatWasSavedOfItAndNotWhatCameSince) {
  Work work(scene_after_scene(3, 3));
  RunState state;
  {
    StoreRun run(work, {3}, spill(true));
    for (std::uint32_t c = 0; c < 3; ++c) run.fold(c);
    int releases = 0;
    run.after_release = [&] {
      if (++releases == 2) run.fold(3);  // tiles 0 and 1 are saved; tile 0 gets more
    };
    state = run.store().save();
    run.store().kept();
    EXPECT_TRUE(run.store().folded(3));
  }
  EXPECT_EQ(chunks_in(work, state), 3u);
  Resumed resumed(work, {3}, spill(true), state);
  EXPECT_FALSE(resumed.run().store().folded(3));
  expect_equal(resumed.end({}), work.expected);
}

TEST_F(TileStoreResumeIn, BeginsDamagedSumsAnew) {
  Work work(scene_after_scene(3, 3));
  RunState state;
  {
    StoreRun run(work, {1}, spill(true));
    for (std::uint32_t c = 0; c < 5; ++c) run.fold(c);
    state = run.store().save();
    run.store().kept();
  }
  ASSERT_EQ(state.sums.size(), 3u);
  const std::uint64_t stride = (work.bytes_of_a_tile() + 4095) / 4096 * 4096;
  flip_byte(state.spill_path, 4096 + state.sums[1].slot.number * stride + 100);
  Resumed resumed(work, {1}, spill(true), state);
  EXPECT_EQ(resumed.damaged, 1u);
  EXPECT_EQ(resumed.folded, 3u) << "5, less the two of tile 1";
  EXPECT_FALSE(resumed.run().store().folded(1));
  expect_equal(resumed.end({}), work.expected);
}

TEST_F(TileStoreResumeIn, FinishesWhatAnEarlierProcessFoldedAndDidNotFinish) {
  Work work(scene_after_scene(2, 2));
  for (const bool far : {false, true}) {
    RunState state;
    {
      StoreRun run(work, {2, far}, spill(true));
      for (std::uint32_t c = 0; c < 4; ++c)
        if (c != 1) run.fold_only(c);
      state = run.store().save();
      run.store().kept();
    }
    Resumed resumed(work, {1, far}, spill(true), state);
    EXPECT_EQ(resumed.run().store().unfinished_complete_tiles(), Chunks{0});
    expect_equal(resumed.end({}), work.expected);
  }
}

TEST_F(TileStoreResumeIn, KeepsTheFileOnlyOnceAStateWasKept) {
  Work work(scene_after_scene(2, 2));
  for (const bool kept : {false, true}) {
    std::string file;
    {
      StoreRun run(work, {2}, spill(true));
      run.fold(0);
      file = run.store().save().spill_path;
      EXPECT_TRUE(std::filesystem::exists(file));
      if (kept) run.store().kept();
    }
    EXPECT_EQ(std::filesystem::exists(file), kept);
  }
}

TEST_F(TileStoreResumeIn, BeginsAnewWhenTheFileIsGoneOrAnothers) {
  Work work(scene_after_scene(2, 2)), other(scene_after_scene(2, 2), {packed, packed});
  RunState state;
  {
    StoreRun run(work, {2}, spill(true));
    run.fold(0);
    state = run.store().save();
    run.store().kept();
  }
  EXPECT_EQ(StoreRun(other, {}, spill(true)).store().resume(state), state.sums.size());
  SpillOptions of_another = spill(true);
  of_another.owner = path("another");
  EXPECT_EQ(StoreRun(work, {}, of_another).store().resume(state), state.sums.size());
  std::filesystem::remove(state.spill_path);
  EXPECT_EQ(StoreRun(work, {}, spill(true)).store().resume(state), state.sums.size());
  EXPECT_GT(state.sums.size(), 0u);
}

}  // namespace
}  // namespace cubemill::testing_store
