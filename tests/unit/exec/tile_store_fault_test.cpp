// TileStore on full devices, full disks, and disks that lie.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <latch>

#include "unit/exec/store_fixture.hpp"

namespace cubemill::testing_store {
namespace {

using TileStoreFaultIn = TileStoreIn;
using spill_test::flip_byte;
using spill_test::OtherRun;

TEST_F(TileStoreFaultIn, FoldsOnADeviceThatIsFullOfStates) {
  Work work(shuffled(scene_after_scene(6, 5), 6));
  for (const int threads : {1, 2, 3})
    for (const std::size_t room : {1, 2}) {
      SCOPED_TRACE(testing::Message() << threads << " threads, room for " << room);
      StoreRun run(work, {4, true, 5, room}, spill());
      run.fold_on(threads, any_order(work, unsigned(threads)));
      expect_equal(run.results(), work.expected);
      EXPECT_EQ(run.store().values_beyond(), work.expected_beyond);
    }
}

TEST_F(TileStoreFaultIn, LetsOneFoldWhenAllWaitForEachOthersRoom) {
  for (const int threads : {2, 3}) {
    Work work(scene_after_scene(std::uint32_t(threads), 2));
    StoreRun run(work, {std::size_t(threads), true, 8, 1}, spill());
    std::latch all_hold_states(threads);
    std::atomic<int> folds = 0;
    run.far_backend().before_fold = [&] {
      if (folds++ < threads) all_hold_states.arrive_and_wait();
    };
    run.fold_on(threads, any_order(work, 9));
    expect_equal(run.results(), work.expected);
  }
}

TEST_F(TileStoreFaultIn, SavesWhileADeviceIsFullOfStates) {
  Work work(shuffled(scene_after_scene(6, 5), 7));
  StoreRun run(work, {4, true, 6, 1}, spill(true));
  {
    std::atomic<bool> done = false;
    const std::jthread saver([&] {
      while (!done) {
        (void)run.store().save();
        run.store().kept();
      }
    });
    run.fold_on(3, any_order(work, 8));
    done = true;
  }
  run.store().forget_disk();
  expect_equal(run.results(), work.expected);
}

TEST_F(TileStoreFaultIn, FailsWhenNotEvenOneTileCanBeFolded) {
  Work work(scene_after_scene(3, 2));
  StoreRun run(work, {2, true, 8, 0}, spill());
  EXPECT_THROW(run.fold(0), OutOfMemory);
  EXPECT_THROW(run.fold(1), OutOfMemory) << "what others hold makes room, and it is not enough";
  EXPECT_FALSE(run.store().folded(0));
}

TEST_F(TileStoreFaultIn, LosesNothingWhenTheDiskIsFull) {
  Work work({0, 1, 2, 1, 0, 2});
  StoreRun run(work, {1}, spill(false, work.bytes_of_a_tile() + 8192));  // one tile
  for (std::uint32_t c = 0; c < 2; ++c) run.fold(c);
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(spill_test::failure_of([&] { run.fold(2); }),
                testing::HasSubstr("--spill-limit is too small"));
  EXPECT_FALSE(run.store().folded(2));
  for (const std::uint32_t chunk : {3u, 4u, 2u, 5u}) run.fold(chunk);
  expect_equal(run.results(), work.expected);
  EXPECT_EQ(run.store().tiers().disk, 0u);
}

TEST_F(TileStoreFaultIn, LosesNothingWhenAWriteFails) {
  Work work({0, 1, 2, 1, 0, 2});
  const OtherRun other([&](int pipe) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlim_t one_slot = 4096 + work.bytes_of_a_tile() + 4096;
    const rlimit limit{one_slot, one_slot};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    StoreRun run(work, {1}, spill());
    for (std::uint32_t c = 0; c < 2; ++c) run.fold(c);
    std::string said = spill_test::failure_of([&] { run.fold(2); });
    for (const std::uint32_t chunk : {3u, 4u, 2u, 5u}) run.fold(chunk);
    const Results got = run.results();
    bool same = got.size() == 3;
    for (const auto& [tile, indices] : work.expected)
      for (std::size_t i = 0; i < indices.size(); ++i)
        same = same && got.at(tile)[i].counts == indices[i].counts &&
               std::memcmp(got.at(tile)[i].means.data(), indices[i].means.data(),
                           indices[i].means.size() * sizeof(float)) == 0;
    if (same) said += "; nothing is lost";
    (void)!::write(pipe, said.data(), said.size());
  });
  EXPECT_THAT(other.said_text(), testing::AllOf(testing::HasSubstr("File too large"),
                                                testing::HasSubstr("; nothing is lost")));
}

TEST_F(TileStoreFaultIn, GoesOnWhenASaveFails) {
  Work work(scene_after_scene(3, 3));
  for (const bool far : {false, true}) {
    StoreRun run(work, {3, far}, spill(true, work.bytes_of_a_tile() + 8192));
    for (std::uint32_t c = 0; c < work.chunks(); ++c) {
      run.fold(c);
      if (c % 3 == 2 && c < 8) {
        EXPECT_THROW((void)run.store().save(), OutOfMemory);
      }
    }
    expect_equal(run.results(), work.expected);
  }
}

TEST_F(TileStoreFaultIn, GoesOnWhenSomebodyRemovedTheFile) {
  Work work(scene_after_scene(3, 3));
  StoreRun run(work, {1}, spill(true));
  for (std::uint32_t c = 0; c < 4; ++c) run.fold(c);
  std::filesystem::remove_all(folder());
  EXPECT_THROW((void)run.store().save(), IoError);
  for (std::uint32_t c = 4; c < work.chunks(); ++c) run.fold(c);
  expect_equal(run.results(), work.expected);
}

TEST_F(TileStoreFaultIn, FailsWhenSumsThatCameBackAreDamaged) {
  Work work(scene_after_scene(2, 2));
  StoreRun run(work, {1}, spill());
  for (std::uint32_t c = 0; c < 2; ++c) run.fold(c);
  for (const auto& file : std::filesystem::directory_iterator(folder()))
    flip_byte(file.path().string(), 4096);
  EXPECT_THROW(run.fold(2), IoError);
}

// A save that fails does not end a run, but what it began to add cannot be taken away again.
TEST_F(TileStoreFaultIn, NeverUsesSumsThatWereAddedInPart) {
  Work work({0, 1, 0, 1, 0, 1});
  StoreRun run(work, {1}, spill(true));
  for (std::uint32_t c = 0; c < 2; ++c) run.fold(c);
  const std::string file = std::filesystem::directory_iterator(folder())->path().string();
  run.fold(2);  // tile 0 is on the disk, and more of it in memory
  flip_byte(file, 4096 + work.bytes_of_a_tile() - 1);
  EXPECT_THROW((void)run.store().save(), IoError);
  flip_byte(file, 4096 + work.bytes_of_a_tile() - 1);  // it was a passing fault
  EXPECT_THROW((void)run.store().save(), IoError);
  EXPECT_THROW(run.fold(4), IoError);
  EXPECT_TRUE(run.results().empty());
}

TEST_F(TileStoreFaultIn, WakesThoseThatWaitWhenTheRunHasFailed) {
  for (const bool far : {false, true})
    for (const std::size_t room : {std::size_t(1), SIZE_MAX}) {
      Work work(scene_after_scene(3, 2));
      StoreRun run(work, {far && room == 1 ? 2ul : 1ul, far, 3, room}, spill(true));
      ASSERT_TRUE(run.store().try_claim(0));
      run.fold_only(0);  // and does not release it
      std::atomic<int> thrown = 0;
      {
        const auto waits = [&](const auto& call) {
          return std::jthread([&, call] {
            try {
              call();
            } catch (...) {
              ++thrown;
            }
          });
        };
        const std::jthread folder = waits([&] { run.fold(1); });
        const std::jthread saver = waits([&] { (void)run.store().save(); });
        run.store().stop();
      }
      EXPECT_EQ(thrown, 2);
    }
}

}  // namespace
}  // namespace cubemill::testing_store
