#include "exec/runner.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "unit/exec/runner_fixture.hpp"

namespace cubemill::testing_plan {
namespace {

TEST(Runner, FoldsEverySceneAtEveryPixel) {
  for (const Order order : {Order::tile, Order::scene}) {
    Job job;
    MemorySink sink;
    std::size_t last = 0;
    job.options.progress = [&](std::size_t done, std::size_t, const SumsByTier&) {
      EXPECT_EQ(done, last + 1);
      last = done;
    };
    const RunTally tally = job.run(sink, 512 * MiB, order);
    EXPECT_EQ(sink.tiles, 4u);
    EXPECT_EQ(sink.least, 3u);
    EXPECT_EQ(sink.most, 3u);
    EXPECT_DOUBLE_EQ(sink.sum, 0.5 * 700 * 600);
    EXPECT_EQ(last, job.plan.chunks.size());
    EXPECT_TRUE(tally.left_out.empty());
    EXPECT_EQ(tally.read.flags_seen, 3u * 700 * 600);
    EXPECT_EQ(tally.read.flags_masked, 0u);
    EXPECT_EQ(tally.read.blocks_decoded, job.plan.blocks)
        << "with room for all, a block is decoded once";
  }
}

TEST(Runner, GivesTheSameWithLittleMemory) {
  Job job;
  std::uint64_t needed = 0;
  MemorySink sink;
  try {
    job.run(sink, MiB);
  } catch (const OutOfMemory& error) {
    needed = error.needed();
  }
  job.run(sink, needed);
  EXPECT_LT(job.plan.memory.window_edge, tile_size);
  EXPECT_EQ(sink.least, 3u);
  EXPECT_DOUBLE_EQ(sink.sum, 0.5 * 700 * 600);
}

TEST(Runner, HandsTilesWithoutScenesToTheSinkAsEmpty) {
  Job job;
  job.output.width = 2000;  // the sources end at 730
  MemorySink sink;
  job.run(sink);
  EXPECT_EQ(sink.tiles, 4u);
  EXPECT_EQ(sink.untouched, 4u);
}

TEST(Runner, ReadsNoBandUnderPixelsThatAreAllMasked) {
  Job job;
  job.survey.qa.keep_mask = 64;  // bit 6 must be 0, and it is set everywhere
  MemorySink sink;
  const RunTally tally = job.run(sink);
  EXPECT_EQ(sink.most, 0u);
  EXPECT_EQ(sink.empties, 4u);
  EXPECT_EQ(tally.read.flags_masked, tally.read.flags_seen);
  EXPECT_EQ(tally.read.blocks_decoded * 3, job.plan.blocks) << "flags alone";
}

TEST(Runner, BringsAReadersFailureToItsCaller) {
  for (const std::size_t input : {0, 1, 2}) {
    Job job;
    job.band(1, input).bad_x = job.band(1, input).bad_y = 2;
    MemorySink sink;
    try {
      job.run(sink);
      FAIL() << "a damaged block went unnoticed";
    } catch (const SceneError& error) {
      EXPECT_EQ(error.scene(), 1u);
      EXPECT_EQ(error.asset(), job.survey.surveyed[1].inputs[input].asset);
      EXPECT_NE(std::string(error.what()).find("block is damaged"), std::string::npos);
      EXPECT_EQ(error.code(), ExitCode::world);
    }
  }
}

TEST(Runner, BringsTheSinksFailureToItsCaller) {
  Job job;
  MemorySink sink;
  sink.fails = true;
  EXPECT_THROW(job.run(sink), IoError);
}

TEST(Runner, LeavesOutAnUnreadableSceneWhenAllowed) {
  Job job;
  job.options.skip_unreadable = true;
  job.band(1, 2).bad_x = job.band(1, 2).bad_y = 2;
  job.band(0, 0).bad_x = 3, job.band(0, 0).bad_y = 1;
  MemorySink sink;
  const RunTally tally = job.run(sink);
  ASSERT_EQ(tally.left_out.size(), 2u);
  for (const LeftOutScene& s : tally.left_out) {
    EXPECT_EQ(s.asset, s.scene == 1 ? "nir" : "qa");
    EXPECT_NE(s.reason.find("block is damaged"), std::string::npos);
    EXPECT_EQ(s.href, "/data/" + s.asset + ".tif");
  }
  EXPECT_NE(tally.left_out[0].scene, tally.left_out[1].scene);
}

TEST(Runner, EndsWhenNoSceneCanBeRead) {
  Job job;
  job.options.skip_unreadable = true;
  for (std::size_t s = 0; s < 3; ++s) job.band(s, 0).bad_x = job.band(s, 0).bad_y = 1;
  MemorySink sink;
  EXPECT_EQ(job.run(sink).left_out.size(), 3u);
}

}  // namespace
}  // namespace cubemill::testing_plan
