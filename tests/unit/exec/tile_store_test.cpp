#include "exec/tile_store.hpp"

#include <gtest/gtest.h>

#include <set>

#include "unit/exec/store_fixture.hpp"

namespace cubemill::testing_store {
namespace {

TEST_F(TileStoreIn, GivesTheSameWithRoomForFewAsForAll) {
  for (const Kinds& kinds : {Kinds{packed, wide}, Kinds{wide, packed}}) {
    Work work(scene_after_scene(5, 4), kinds);
    for (const bool far : {false, true})
      for (const std::size_t states : {1, 2, 3, 5}) {
        SCOPED_TRACE(testing::Message() << states << (far ? " far" : " near") << " states");
        StoreRun run(work, {states, far, 2}, spill());
        for (const std::uint32_t chunk : any_order(work, unsigned(states))) run.fold(chunk);
        expect_equal(run.results(), work.expected);
        EXPECT_EQ(run.store().values_beyond(), work.expected_beyond);
        EXPECT_EQ(run.store().tiers().backend + run.store().tiers().host, 0u);
        EXPECT_EQ(run.store().tiers().disk, 0u);
        EXPECT_EQ(run.store().tally().bytes_written > 0, states < (far ? 4 : 5));
      }
  }
  EXPECT_EQ(files_in(folder()), 0u);
}

TEST_F(TileStoreIn, GivesTheSameOnSeveralThreads) {
  Work work(shuffled(scene_after_scene(6, 5), 1));
  ASSERT_GT(work.expected_beyond, 0u);
  for (const bool checkpoints : {false, true})
    for (const bool far : {false, true})
      for (const std::size_t states : {1, 2, 3}) {
        SCOPED_TRACE(testing::Message() << states << (far ? " far" : " near") << " states");
        StoreRun run(work, {states, far, 4}, spill(checkpoints));
        run.fold_on(3, any_order(work, unsigned(states)));
        expect_equal(run.results(), work.expected);
        EXPECT_EQ(run.store().values_beyond(), work.expected_beyond);
      }
}

/// How often sums leave and come back when what is needed last makes room (Belady 1966).
struct Moves {
  std::uint64_t out = 0, back = 0;
};

Moves belady(const Chunks& order, std::size_t room) {
  const auto next = [&](std::uint32_t tile, std::size_t from) {
    return std::find(order.begin() + std::ptrdiff_t(from), order.end(), tile) - order.begin();
  };
  std::set<std::uint32_t> held, away;
  Moves moves;
  for (std::size_t c = 0; c < order.size(); ++c) {
    if (!held.contains(order[c]) && held.size() == room) {
      const std::uint32_t last =
          *std::ranges::max_element(held, {}, [&](std::uint32_t tile) { return next(tile, c); });
      held.erase(last);
      ++moves.out;
      moves.back += !away.insert(last).second;  // joined with what is there
    }
    held.insert(order[c]);
    if (next(order[c], c + 1) < std::ptrdiff_t(order.size())) continue;
    held.erase(order[c]);
    moves.back += away.erase(order[c]);
  }
  return moves;
}

TEST_F(TileStoreIn, MovesWhatIsNeededLast) {
  for (unsigned seed = 0; seed < 3; ++seed) {
    const Chunks order = shuffled(scene_after_scene(6, 4), seed);
    Work work(order);
    for (const std::size_t room : {1, 2, 3, 4, 5, 6}) {
      SCOPED_TRACE(testing::Message() << "order " << seed << ", room for " << room);
      const Moves moves = belady(order, room);
      StoreRun near(work, {room}, spill()), far(work, {room, true, 8}, spill());
      for (std::uint32_t c = 0; c < work.chunks(); ++c) near.fold(c), far.fold(c);
      EXPECT_EQ(near.store().tally().bytes_written, moves.out * work.bytes_of_a_tile());
      EXPECT_EQ(near.store().tally().bytes_read, moves.back * work.bytes_of_a_tile());
      EXPECT_EQ(near.store().tally().moved_to_host, 0u);
      EXPECT_EQ(far.store().tally().moved_to_host, moves.out * work.bytes_of_a_tile());
      EXPECT_EQ(far.store().tally().bytes_written, 0u) << "there is room on the host";
    }
  }
}

TEST_F(TileStoreIn, SaysWhereSumsAre) {
  Work work(scene_after_scene(3, 2));
  const std::uint64_t bytes = work.bytes_of_a_tile();
  StoreRun run(work, {1, true, 1}, spill());
  for (std::uint32_t c = 0; c < 3; ++c) run.fold(c);
  EXPECT_EQ(run.store().tiers().backend, bytes);
  EXPECT_EQ(run.store().tiers().host, bytes);
  EXPECT_GE(run.store().tiers().disk, bytes);
  EXPECT_EQ(run.store().tally().moved_to_host, 2 * bytes);
  EXPECT_EQ(run.store().tally().peak_bytes, run.store().tiers().disk);
}

TEST_F(TileStoreIn, ClaimsATileOnceUntilItIsReleased) {
  Work work(scene_after_scene(2, 1));
  StoreRun run(work, {}, spill());
  EXPECT_TRUE(run.store().try_claim(0));
  EXPECT_FALSE(run.store().try_claim(0));
  EXPECT_TRUE(run.store().try_claim(1));
  run.store().release(0);
  EXPECT_TRUE(run.store().try_claim(0));
}

TEST_F(TileStoreIn, KnowsWhichChunksAreFolded) {
  Work work(scene_after_scene(2, 3));
  StoreRun run(work, {}, spill());
  for (const std::uint32_t chunk : {4u, 1u, 0u}) run.fold(chunk);
  for (std::uint32_t c = 0; c < work.chunks(); ++c)
    EXPECT_EQ(run.store().folded(c), c == 0 || c == 1 || c == 4) << c;
  EXPECT_FALSE(run.store().complete(0));
  run.fold(2);
  EXPECT_TRUE(run.store().complete(0));
}

TEST(FoldedChunks, HasWhatWasAddedInAnyOrder) {
  Chunks places(40);
  for (std::uint32_t i = 0; i < places.size(); ++i) places[i] = i;
  for (unsigned seed = 0; seed < 20; ++seed) {
    FoldedChunks folded;
    std::set<std::uint32_t> added;
    for (const std::uint32_t place : shuffled(places, seed)) {
      folded.add(place);
      added.insert(place);
      for (const std::uint32_t p : places) ASSERT_EQ(folded.has(p), added.contains(p)) << p;
      ASSERT_FALSE(added.contains(folded.first)) << "it is the first that is missing";
      ASSERT_EQ(folded.first + folded.more.size(), added.size());
    }
    EXPECT_EQ(folded.first, 40u);
    EXPECT_TRUE(folded.more.empty());
  }
}

}  // namespace
}  // namespace cubemill::testing_store
