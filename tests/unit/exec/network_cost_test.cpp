#include "exec/network_cost.hpp"

#include <gtest/gtest.h>

#include "runner_fixture.hpp"

namespace cubemill {
namespace {

using namespace testing_plan;

constexpr std::uint64_t block_bytes = 1000, front_bytes = 32 << 10;

/// A raster whose blocks follow each other.
class TableBand : public MemoryBand {
 public:
  using MemoryBand::MemoryBand;
  std::optional<BlockPlace> block_place(std::int64_t x, std::int64_t y) const override {
    return BlockPlace{5000 + std::uint64_t(y * info().blocks_across() + x) * block_bytes,
                      block_bytes};
  }
};

/// The three scenes of Job: the first in one bucket, the second in another, the third local.
struct Cost : testing::Test {
  Cost() {
    for (std::size_t s = 0; s < 2; ++s)
      for (std::size_t i = 0; i < 3; ++i) {
        SceneInput& in = job.survey.surveyed[s].inputs[i];
        in.href = (s ? "s3://b/" : "s3://a/") + in.asset + ".tif";
        in.remote = in.info.direct = true;
        job.bands[s][i] = std::make_unique<TableBand>(in.href, in.info, 0);
      }
    recipe.period = PeriodKind::all;
  }
  NetworkCost cost() {
    const Plan plan = make_plan(job.survey, recipe, {memory, 2, order}, job.output, {});
    return network_cost(plan, job.survey, facts);
  }

  Job job;  // 6 × 5 blocks a raster
  Recipe recipe;
  std::uint64_t memory = 512 * MiB;
  Order order = Order::scene;
  NetworkFacts facts{job.bands, {}, false, {}, {}};
};

constexpr std::uint64_t blocks_of_scene = std::uint64_t(3) * 6 * 5;

TEST_F(Cost, CountsHeadersBlocksAndRangesOfEachBucketAndOfNoLocalFile) {
  const NetworkCost c = cost();
  ASSERT_EQ(c.places.size(), 2u);
  EXPECT_EQ(c.places[0].place, "s3://a");
  EXPECT_EQ(c.places[1].place, "s3://b");
  for (const PlaceCost& place : c.places) {
    EXPECT_EQ(place.files, 3u);
    EXPECT_EQ(place.headers.requests, 3u);
    EXPECT_EQ(place.headers.bytes, 3 * front_bytes);
    EXPECT_EQ(place.blocks.requests, 3u) << "one range a file";
    EXPECT_GE(place.blocks.bytes, blocks_of_scene * block_bytes);
    EXPECT_LE(double(place.blocks.bytes), 1.035 * double(blocks_of_scene * block_bytes));
  }
  EXPECT_EQ(c.files, 6u);
  EXPECT_EQ(c.blocks.bytes, c.places[0].blocks.bytes + c.places[1].blocks.bytes);
  EXPECT_FALSE(c.estimated);
}

TEST_F(Cost, TakesWhatWasFetchedForARunAsItsHeaders) {
  facts.fetched = {{"s3://a", {4, 77}}, {"s3://elsewhere", {9, 9}}};
  EXPECT_EQ(cost().places[0].fetched.requests, 4u);
  EXPECT_EQ(cost().headers.requests, 6u) << "a plan's: the run comes later";
  facts.headers_are_there = true;
  EXPECT_EQ(cost().headers.requests, 4u);
  EXPECT_EQ(cost().headers.bytes, 77u);
}

TEST_F(Cost, LeavesOutHeadersThatAreKept) {
  facts.has_header = [](const std::string& href) { return href == "s3://b/qa.tif"; };
  EXPECT_EQ(cost().places[1].headers.requests, 2u);
}

TEST_F(Cost, SaysWhoPays) {
  facts.requester_pays = [](const std::string& place) { return place == "s3://b"; };
  EXPECT_FALSE(cost().places[0].requester_pays);
  EXPECT_TRUE(cost().places[1].requester_pays);
}

TEST_F(Cost, TakesAFileThatIsNotOpenForOneOfItsLike) {
  const NetworkCost exact = cost();
  job.bands[0][1].reset();
  job.survey.surveyed[0].inputs[1].info.stored_bytes = 30 * block_bytes;
  const NetworkCost about = cost();
  EXPECT_TRUE(about.estimated);
  EXPECT_NEAR(double(about.blocks.bytes), double(exact.blocks.bytes),
              0.01 * double(exact.blocks.bytes));
  EXPECT_EQ(about.blocks.requests, exact.blocks.requests);
}

TEST_F(Cost, CountsEveryBlockThatGdalReads) {
  for (std::size_t i = 0; i < 3; ++i) {
    job.survey.surveyed[0].inputs[i].info.direct = false;
    job.bands[0][i] =
        std::make_unique<MemoryBand>("s3://a/x", job.survey.surveyed[0].inputs[i].info, 0);
  }
  EXPECT_EQ(cost().places[0].blocks.requests, blocks_of_scene);
  EXPECT_TRUE(cost().estimated);
}

TEST_F(Cost, CountsWhatIsFetchedAgain) {
  recipe.grid.crs = "EPSG:32718";
  order = Order::tile;
  const std::uint64_t once = cost().blocks.bytes;
  job.output = grid("EPSG:32718", 3, 300015, 8500005, 6000, 5000);  // blocks under many tiles
  const std::uint64_t roomy = cost().blocks.bytes;
  EXPECT_LE(roomy, once);
  memory = 100 * MiB;
  EXPECT_GE(cost().blocks.bytes, roomy);
}

TEST_F(Cost, IsNothingWhereAllIsLocal) {
  for (SurveyedScene& scene : job.survey.surveyed)
    for (SceneInput& in : scene.inputs) in.remote = false;
  const NetworkCost c = cost();
  EXPECT_TRUE(c.places.empty());
  EXPECT_EQ(c.blocks.requests + c.headers.requests + c.files, 0u);
}

}  // namespace
}  // namespace cubemill
