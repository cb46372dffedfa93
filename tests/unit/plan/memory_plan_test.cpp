#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cubemill/base/error.hpp"
#include "unit/plan/plan_fixture.hpp"

namespace cubemill::testing_plan {
namespace {

using testing::HasSubstr;

const GeoBox output = grid("EPSG:32718", 30, 300015, 8500005, 1400, 1100);
const Surroundings around{60 * MiB, 3 * MiB, 5 * MiB, 2 * MiB};

Survey two_days() {
  std::vector<SceneSpec> scenes;
  for (const char* day : {"2021-05-01T15:00:00Z", "2021-05-17T15:00:00Z"})
    for (int row = 0; row < 2; ++row)
      scenes.push_back({day, grid("EPSG:32718", 30, 297015, 8503005 - row * 15000, 1500, 800)});
  return survey_of(scenes);
}

Plan plan_within(std::uint64_t memory, Order order = Order::automatic, int threads = 4) {
  return make_plan(two_days(), {}, {memory, threads, order}, output, around);
}

/// What the refusal of a limit of next to nothing asks for.
std::uint64_t needed(Order order, int threads = 4) {
  try {
    plan_within(MiB, order, threads);
  } catch (const OutOfMemory& error) {
    return error.needed();
  }
  return 0;
}

TEST(MemoryPlan, StaysWithinTheLimit) {
  for (const std::uint64_t limit :
       {4096 * MiB, 512 * MiB, 256 * MiB, 200 * MiB, needed(Order::tile)}) {
    const Plan plan = plan_within(limit);
    const MemoryPlan& m = plan.memory;
    EXPECT_LE(m.planned, limit);
    EXPECT_EQ(m.limit, limit);
    EXPECT_EQ(m.planned, m.process + m.sources + m.slabs * m.slab_bytes + m.accumulators +
                             m.coordinates + m.per_thread * std::uint64_t(m.threads) + m.output +
                             m.cache);
    EXPECT_GE(m.slabs, std::uint64_t(m.threads)) << "a thread without a slab";
    EXPECT_GE(m.process, around.process_bytes);
    EXPECT_GE(m.sources, around.source_bytes);
  }
}

TEST(MemoryPlan, HoldsForEveryThreadAllBandsThatAFileKeepsInOneBlock) {
  Survey survey = two_days();
  const auto per_thread = [&] {
    return make_plan(survey, {}, {4096 * MiB, 4, Order::tile}, output, around).memory.per_thread;
  };
  const std::uint64_t alone = per_thread();
  survey.surveyed[1].inputs[2].info.bands_in_block = 8;
  constexpr std::uint64_t block = 256 * 256 * 2;
  EXPECT_EQ(per_thread(), alone + 2 * (8 - 1) * block);
}

TEST(MemoryPlan, UsesWholeTilesAndAllThreadsWhereThereIsRoom) {
  const Plan plan = plan_within(4096 * MiB);
  EXPECT_EQ(plan.memory.window_edge, tile_size);
  EXPECT_EQ(plan.memory.threads, 4);
  EXPECT_GE(plan.memory.cache, plan.memory.cache_useful);
  EXPECT_EQ(plan.order, Order::tile);
}

TEST(MemoryPlan, ShrinksWithTheLimit) {
  const MemoryPlan roomy = plan_within(4096 * MiB).memory,
                   tight = plan_within(needed(Order::tile)).memory;
  EXPECT_LT(tight.window_edge, roomy.window_edge);
  EXPECT_LE(tight.threads, roomy.threads);
  EXPECT_LT(tight.slab_bytes, roomy.slab_bytes);
}

TEST(MemoryPlan, NamesTheSizeThatIsNeededAndItIsEnough) {
  for (const Order order : {Order::tile, Order::scene, Order::automatic})
    for (const int threads : {1, 3, 8}) {
      const std::uint64_t size = needed(order, threads);
      ASSERT_GT(size, 60 * MiB);
      EXPECT_NO_THROW(plan_within(size, order, threads));
      EXPECT_THROW(plan_within(size - 1, order, threads), OutOfMemory);
    }
  try {
    plan_within(MiB, Order::scene);
    FAIL();
  } catch (const OutOfMemory& error) {
    EXPECT_THAT(error.what(), HasSubstr("--memory"));
    EXPECT_THAT(error.what(), HasSubstr("MiB needed"));
    EXPECT_THAT(error.what(), HasSubstr("1 MiB allowed"));
    EXPECT_EQ(error.code(), ExitCode::memory);
  }
}

TEST(MemoryPlan, HoldsTheSumsOfAllTilesInSceneOrder) {
  EXPECT_LT(needed(Order::scene, 1), 300 * MiB) << "they need not be in memory";
  const Plan plan = plan_within(1024 * MiB, Order::scene);
  EXPECT_EQ(plan.order, Order::scene);
  EXPECT_GE(plan.memory.tile_states, 9u);
  EXPECT_EQ(plan.scene_order.spilled, 0u);
}

TEST(MemoryPlan, ChangesNothingThatDecidesTheResult) {
  const Plan roomy = plan_within(4096 * MiB), tight = plan_within(needed(Order::tile)),
             other = plan_within(1024 * MiB, Order::scene, 1);
  for (const Plan* plan : {&tight, &other}) {
    EXPECT_EQ(plan->used, roomy.used);
    EXPECT_EQ(plan->accumulators, roomy.accumulators);
    EXPECT_EQ(plan->blocks, roomy.blocks);
    EXPECT_EQ(plan->tiles.size(), roomy.tiles.size());
  }
}

TEST(MemoryPlan, SaysWhyItTookAnOrder) {
  EXPECT_THAT(plan_within(4096 * MiB).order_reason, HasSubstr("in scene order"));
  EXPECT_EQ(plan_within(1024 * MiB, Order::scene).order_reason, "as asked");
}

TEST(Plan, RefusesBandsThatDoNotCoverTheSameGround) {
  Survey survey = two_days();
  GeoBox& g = survey.surveyed[1].inputs[2].info.grid;
  g.transform.c += 20;  // less than a pixel
  EXPECT_NO_THROW(placed(survey, output));
  g.transform.c += 20;
  try {
    placed(survey, output);
    FAIL();
  } catch (const InvalidInput& error) {
    EXPECT_THAT(error.what(), HasSubstr("scene1"));
    EXPECT_THAT(error.what(), HasSubstr("'qa' and 'nir' disagree"));
    EXPECT_THAT(error.what(), HasSubstr("/data/nir.tif"));
  }
  g.transform.c -= 40;
  g.crs = Crs::parse("EPSG:32719");
  EXPECT_THROW(placed(survey, output), InvalidInput);
}

TEST(Plan, SharesALatticeAmongScenesOfOneAlignment) {
  Survey survey = two_days();
  EXPECT_EQ(placed(survey, output).lattices.size(), 1u);
  for (SceneInput& in : survey.surveyed[2].inputs) in.info.grid.transform.c += 7;
  EXPECT_EQ(placed(survey, output).lattices.size(), 2u);
}

}  // namespace
}  // namespace cubemill::testing_plan
