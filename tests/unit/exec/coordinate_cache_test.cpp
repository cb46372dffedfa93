#include "exec/coordinate_cache.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace cubemill {
namespace {

Plan plan_with_a_lattice() {
  Plan plan;
  plan.grid = {Crs::parse("EPSG:32618"), {30, 0, 300015, 0, -30, 4000005}, 1024, 1024};
  plan.lattices.push_back(
      std::make_unique<Lattice>(plan.grid, plan.grid.crs, Affine{30, 0, 300000, 0, -30, 4000000}));
  return plan;
}

TEST(CoordinateCache, SharesTheTablesOfAWindow) {
  const Plan plan = plan_with_a_lattice();
  CoordinateCache cache(plan, true, 2);
  const auto a = cache.tables(0, {0, 0, 512, 512}), b = cache.tables(0, {512, 0, 512, 512});
  EXPECT_EQ(cache.tables(0, {0, 0, 512, 512}), a);
  EXPECT_NE(a, b);
  EXPECT_EQ(b->window.x, 512);
  EXPECT_FALSE(a->boxes.empty());
  EXPECT_TRUE(CoordinateCache(plan, false, 2).tables(0, {0, 0, 64, 64})->boxes.empty());
}

TEST(CoordinateCache, ForgetsWhatWasUsedLongestAgoButNotUnderItsUsers) {
  const Plan plan = plan_with_a_lattice();
  CoordinateCache cache(plan, false, 2);
  const auto a = cache.tables(0, {0, 0, 32, 32}), b = cache.tables(0, {32, 0, 32, 32});
  EXPECT_EQ(cache.tables(0, {0, 0, 32, 32}), a);  // now b is the older one
  cache.tables(0, {64, 0, 32, 32});
  EXPECT_EQ(cache.tables(0, {0, 0, 32, 32}), a);
  EXPECT_NE(cache.tables(0, {32, 0, 32, 32}), b);
  EXPECT_EQ(b->window.x, 32);
  EXPECT_EQ(b->segments, 1);
}

TEST(CoordinateCache, WritesNewTablesWhereForgottenOnesWere) {
  const Plan plan = plan_with_a_lattice();
  CoordinateCache cache(plan, true, 1), fresh(plan, true, 2);
  const CentreSegment* const before = cache.tables(0, {0, 0, 512, 512})->centres.data();
  const auto again = cache.tables(0, {512, 512, 256, 64}),
             anew = fresh.tables(0, {512, 512, 256, 64});
  EXPECT_EQ(again->centres.data(), before);
  EXPECT_NE(again->id, anew->id);
  ASSERT_EQ(again->centres.size(), anew->centres.size());
  ASSERT_EQ(again->boxes.size(), anew->boxes.size());
  for (std::size_t i = 0; i < anew->centres.size(); ++i) {
    ASSERT_EQ(again->centres[i].u.a, anew->centres[i].u.a);
    ASSERT_EQ(again->boxes[i].v.a, anew->boxes[i].v.a);
  }
}

TEST(CoordinateCache, MakesTablesOnceForManyThreads) {
  const Plan plan = plan_with_a_lattice();
  CoordinateCache cache(plan, false, 3);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const std::int64_t x = (i * 7 + t) % 10 * 32;
        const auto tables = cache.tables(0, {x, 0, 32, 4});
        ASSERT_EQ(tables->window.x, x);
        ASSERT_EQ(tables->centres.size(), 4u);
      }
    });
}

}  // namespace
}  // namespace cubemill
