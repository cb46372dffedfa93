#include "exec/runner.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <mutex>

#include "unit/plan/plan_fixture.hpp"

namespace cubemill::testing_plan {
namespace {

constexpr std::uint64_t MiB = 1024 * 1024;

/// A raster in memory: one value everywhere, or a failure at one block.
class MemoryBand : public RasterBand {
 public:
  MemoryBand(const std::string& path, const RasterInfo& info, std::uint16_t value)
      : RasterBand(path, info), value_(value) {}

  void read_block(std::int64_t x, std::int64_t y, std::byte* out, std::ptrdiff_t stride,
                  ReadScratch&, ReadCost& cost) const override {
    ++cost.requests;
    if (x == bad_x && y == bad_y) throw IoError(path(), "block is damaged");
    for (std::int32_t r = 0; r < info().block_height; ++r)
      std::fill_n(reinterpret_cast<std::uint16_t*>(out + r * stride), info().block_width, value_);
  }
  std::uint64_t block_bytes(std::int64_t, std::int64_t) const override { return 1; }

  std::int64_t bad_x = -1, bad_y = -1;

 private:
  std::uint16_t value_;
};

/// Keeps what it is given.
class MemorySink : public TileSink {
 public:
  void put(std::size_t, const Tile& tile, const std::vector<float>& means,
           const std::vector<std::uint32_t>& counts, bool empty) override {
    const std::lock_guard lock(mutex);
    if (fails) throw IoError("/out", "disk full");
    ++tiles;
    empties += empty;
    for (std::int64_t y = 0; y < tile.window.height; ++y)
      for (std::int64_t x = 0; x < tile.window.width; ++x) {
        const std::size_t i = std::size_t(y * tile_size + x);
        most = std::max(most, counts[i]), least = std::min(least, counts[i]);
        if (counts[i]) sum += means[i], ++pixels;
      }
  }
  void put_empty(const Tile&) override { ++untouched; }

  std::mutex mutex;
  bool fails = false;
  std::size_t tiles = 0, empties = 0, untouched = 0, pixels = 0;
  std::uint32_t most = 0, least = ~0u;
  double sum = 0;
};

/// Three scenes of three days over an output of 700 × 600, NDVI 0.5 everywhere, read on four
/// threads.
struct Job {
  Job() {
    output = grid("EPSG:32718", 30, 300015, 8500005, 700, 600);
    const GeoBox source = grid("EPSG:32718", 30, 299715, 8500305, 740, 640);
    survey = survey_of({{"2021-05-01T15:00:00Z", source},
                        {"2021-05-17T15:00:00Z", source},
                        {"2021-06-02T15:00:00Z", source}});
    for (SurveyedScene& s : survey.surveyed) {
      std::vector<std::unique_ptr<RasterBand>>& inputs = bands.emplace_back();
      for (SceneInput& in : s.inputs) {
        in.info.block_width = in.info.block_height = 128;
        in.numbers.offset = 0;
        inputs.push_back(std::make_unique<MemoryBand>(in.href, in.info,
                                                      std::uint16_t(in.asset == "qa"    ? 64
                                                                    : in.asset == "red" ? 10000
                                                                                        : 30000)));
      }
    }
  }
  MemoryBand& band(std::size_t scene, std::size_t input) {
    return static_cast<MemoryBand&>(*bands[scene][input]);
  }
  RunTally run(TileSink& sink, std::uint64_t memory = 512 * MiB, Order order = Order::tile) {
    Recipe recipe;
    recipe.period = PeriodKind::all;
    plan = make_plan(survey, recipe, {memory, 4, order}, output, {20 * MiB, 0, 0, 0});
    return run_plan(plan, survey, bands, options, sink);
  }

  GeoBox output;
  Survey survey;
  std::vector<std::vector<std::unique_ptr<RasterBand>>> bands;
  RunOptions options;
  Plan plan;
};

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
