#include "backend/tile_sums.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <thread>

#include "unit/backend/sums_fixture.hpp"

namespace cubemill::testing_pass {
namespace {

constexpr std::int64_t edge = 64;
const std::vector<AccumulatorKind> kinds = {AccumulatorKind::packed, AccumulatorKind::wide};

/// Adds one value to both sums of a pixel.
void add(TileSums& sums, std::int64_t x, std::int64_t y, double value) {
  const std::vector<SumsView> views = sums.views(x / run_length * run_length, y);
  const auto lane = int(x % run_length);
  static_cast<PackedSum*>(views[0].data)[lane].merge({PackedSum::term(value)});
  auto& run = *static_cast<WideRun*>(views[1].data);
  WideSum sum = run.get(lane);
  sum.add(value);
  run.set(lane, sum);
}

/// Values whose sums stay in the low half, wrap it around in both directions, and such that are
/// beyond what sums can hold.
double far_value(std::mt19937_64& random) {
  const double special[] = {3.9, -3.9, 1e6, -1e6, 0x1p50, -0x1p60, 0.5, NAN};
  if (random() % 2) return special[random() % std::size(special)];
  return double(std::int64_t(random())) * 0x1p-63;
}

TEST(TileSums, MergePartsToTheBitsOfTheWhole) {
  std::mt19937_64 random(1);
  TileSums whole(kinds, edge), merged(kinds, edge);
  TileSums parts[] = {{kinds, edge}, {kinds, edge}, {kinds, edge}};
  for (int i = 0; i < 50000; ++i) {
    const auto x = std::int64_t(random() % edge), y = std::int64_t(random() % edge);
    const double value = far_value(random);
    add(whole, x, y, value);
    add(parts[random() % 3], x, y, value);
  }
  for (const TileSums& part : parts) merged.merge(part);
  expect_equal(merged, whole);
  const auto sums = pixels_of(merged, 1);
  const auto any = [&](auto has) { return std::any_of(sums.begin(), sums.end(), has); };
  EXPECT_TRUE(any([](const WideSum& s) { return s.high > 0; }));
  EXPECT_TRUE(any([](const WideSum& s) { return s.high < 0; }));
  EXPECT_TRUE(any([](const WideSum& s) { return s.beyond_ > 0; }));
}

TEST(TileSums, MergeBytesWhereTheyBelong) {
  TileSums sums(kinds, edge), more(kinds, edge), expected(kinds, edge);
  add(sums, 40, 3, 3.9);
  add(more, 40, 3, 3.9);
  add(more, 0, 0, 0.5);  // in another run, which is left out
  for (int i = 0; i < 2; ++i) add(expected, 40, 3, 3.9);
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const std::size_t run = bytes_per_run(kinds[i]), at = (3 * edge / run_length + 1) * run;
    sums.merge(i, at, more.bytes()[i].subspan(at, run));
  }
  expect_equal(sums, expected);
}

TEST(TileSums, AreEmptyWhenCleared) {
  TileSums sums(kinds, edge);
  add(sums, 0, 0, 1e6);
  add(sums, edge - 1, edge - 1, 0x1p60);
  sums.clear();
  expect_equal(sums, TileSums(kinds, edge));
  // What was merged goes too, without views of it.
  TileSums more(kinds, edge), merged(kinds, edge);
  add(more, 5, 5, -3.9);
  merged.merge(more);
  EXPECT_EQ(held(merged, 1), 1u);
  merged.clear();
  expect_equal(merged, TileSums(kinds, edge));
}

TEST(TileSums, AreEmptyWhereTheyWereFinishedAndSayWhatWasBeyond) {
  TileSums sums(kinds, edge);
  for (int i = 0; i < 3; ++i) add(sums, 33, 2, 0.25);
  for (int i = 0; i < 2; ++i) add(sums, 7, 0, 0x1p51);
  for (const std::size_t index : {0, 1}) {
    Finished f;
    f.beyond = sums.finish(index, pass_kernels(), f.means, f.counts);
    EXPECT_EQ(f.beyond, index == 0 ? 0u : 2u);
    EXPECT_EQ(f.means.size(), std::size_t(edge * edge));
    EXPECT_EQ(f.means[2 * edge + 33], 0.25f);
    EXPECT_EQ(f.counts[2 * edge + 33], 3u);
    EXPECT_EQ(f.counts[7], 0u);
    EXPECT_TRUE(std::isnan(f.means[7]));
    EXPECT_EQ(held(sums, index), 0u);
    if (index == 0) {
      EXPECT_EQ(held(sums, 1), 2u);
    }
  }
}

TEST(TileSums, AreAsLargeAsPlanned) {
  for (const auto& some : {kinds, {AccumulatorKind::wide}, {}}) {
    std::size_t bytes = 0;
    for (const auto& index : TileSums(some, edge).bytes()) bytes += index.size();
    EXPECT_EQ(bytes, tile_sums_bytes(some, edge));
  }
  EXPECT_EQ(tile_sums_bytes({AccumulatorKind::packed}, 512), std::size_t(512 * 512 * 8));
}

TEST(SumsPool, HandsOutNoMoreThanItsCapacityAtATime) {
  SumsPool pool(kinds, edge, 2);
  auto first = pool.take(), second = pool.take();
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(pool.take());
  pool.give_back(std::move(first));
  EXPECT_TRUE(first = pool.take());
  EXPECT_FALSE(pool.take());
  EXPECT_FALSE(SumsPool(kinds, edge, 0).take());
}

TEST(SumsPool, HandsOutEmptySums) {
  SumsPool pool(kinds, edge, 1);
  for (int round = 0; round < 3; ++round) {
    auto sums = pool.take();
    expect_equal(*sums, TileSums(kinds, edge));
    add(*sums, round, 1, 1e6);
    pool.give_back(std::move(sums));
  }
}

TEST(SumsPool, ServesSeveralThreads) {
  constexpr int threads = 3;
  SumsPool pool(kinds, 32, threads);
  std::vector<std::jthread> running;
  for (int t = 0; t < threads; ++t)
    running.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        auto sums = pool.take();
        ASSERT_TRUE(sums);
        EXPECT_EQ(held(*sums, 1), 0u);
        add(*sums, round % 32, 0, 0.5);
        pool.give_back(std::move(sums));
      }
    });
}

}  // namespace
}  // namespace cubemill::testing_pass
