#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <set>

#include "unit/plan/plan_fixture.hpp"

namespace cubemill::testing_plan {
namespace {

constexpr std::size_t never = std::numeric_limits<std::size_t>::max();
constexpr std::uint64_t block_pixels = 256 * 256;

/// A plan that is only an order in which tiles are folded into.
Plan plan_of(const std::vector<std::uint32_t>& tiles) {
  Plan plan;
  plan.accumulators = {AccumulatorKind::packed};
  plan.tiles.resize(1 + *std::max_element(tiles.begin(), tiles.end()));
  for (const std::uint32_t tile : tiles) plan.chunks.push_back({tile, 0, {}, 0, 0});
  return plan;
}

OrderCost cost_with_room_for(std::uint64_t sums, const std::vector<std::uint32_t>& tiles) {
  MemoryPlan memory;
  memory.tile_states = sums;
  return order_cost(plan_of(tiles), {}, memory);
}

std::size_t next_use(const std::vector<std::uint32_t>& uses, std::size_t from, std::uint32_t what) {
  for (std::size_t i = from; i < uses.size(); ++i)
    if (uses[i] == what) return i;
  return never;
}

/// How often what is held must go although it is needed again, looking for the one that is needed
/// last anew each time.
std::uint64_t forced_out(const std::vector<std::uint32_t>& uses, std::size_t room) {
  std::set<std::uint32_t> held;
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < uses.size(); ++i) {
    if (!held.contains(uses[i]) && held.size() == room) {
      held.erase(*std::max_element(held.begin(), held.end(), [&](auto a, auto b) {
        return next_use(uses, i, a) < next_use(uses, i, b);
      }));
      ++out;
    }
    held.insert(uses[i]);
    if (next_use(uses, i + 1, uses[i]) == never) held.erase(uses[i]);
  }
  return out;
}

std::vector<std::uint32_t> random_tiles(std::mt19937& random, std::size_t count) {
  std::vector<std::uint32_t> tiles(count);
  for (std::uint32_t& t : tiles) t = std::uint32_t(random() % 9);
  return tiles;
}

TEST(OrderCost, SpillsAsOftenAsWhoeverPutsOutWhatIsNeededLast) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    const std::vector<std::uint32_t> tiles = random_tiles(random, 1 + random() % 60);
    for (const std::size_t room : {1, 2, 5, 9}) {
      const OrderCost cost = cost_with_room_for(room, tiles);
      EXPECT_EQ(cost.spilled / tile_accumulator_bytes(plan_of(tiles)), forced_out(tiles, room));
      EXPECT_EQ(cost.read_back, cost.spilled) << "all that is spilled comes back";
      EXPECT_LE(cost.disk, cost.spilled);
    }
  }
}

TEST(OrderCost, SpillsNothingWithRoomForAllSums) {
  const OrderCost cost = cost_with_room_for(3, {0, 1, 2, 0, 1, 2});
  EXPECT_EQ(cost.spilled, 0u);
  EXPECT_EQ(cost.seconds, 0);
}

TEST(OrderCost, HoldsATileOnTheDiskOnce) {
  const std::uint64_t tile = tile_accumulator_bytes(plan_of({0}));
  // With room for one, every change of tile spills: 0, 1, 0, 1 and the last two come back.
  const OrderCost cost = cost_with_room_for(1, {0, 1, 0, 1, 0, 1});
  EXPECT_EQ(cost.spilled, 4 * tile);
  EXPECT_EQ(cost.read_back, 4 * tile);
  EXPECT_EQ(cost.disk, 2 * tile);
}

const GeoBox straddled_output = grid("EPSG:32718", 30, 300015, 8500005, 1500, 1100);

/// Scenes whose blocks of 256 pixels straddle the output's tiles, each in another way.
Survey scenes(int days) {
  std::vector<SceneSpec> specs;
  for (int day = 0; day < days; ++day)
    specs.push_back(
        {"2021-05-" + std::to_string(10 + day) + "T15:00:00Z",
         grid("EPSG:32718", 30, 297015 - 30 * 11 * day, 8503005 + 30 * 7 * day, 1700, 1300)});
  return survey_of(specs);
}

Plan cut(const Survey& survey, Order order) {
  Plan plan = placed(survey, straddled_output);
  cut_chunks(plan, survey, order, tile_size);
  return plan;
}

/// Bytes decoded beyond once, looking at all blocks anew for each chunk.
std::uint64_t decoded_again(const Plan& plan, const Survey& survey, std::uint64_t cache) {
  using Block = std::tuple<std::uint32_t, std::size_t, std::int64_t, std::int64_t>;
  std::vector<std::vector<Block>> needs(plan.chunks.size());
  for (std::size_t c = 0; c < plan.chunks.size(); ++c)
    for (std::uint32_t s = 0; s < plan.chunks[c].scenes; ++s) {
      const ChunkScene& use = plan.chunk_scenes[plan.chunks[c].first_scene + s];
      for (std::size_t i = 0; i < survey.inputs.size(); ++i) {
        const SourceWindow& w = plan.windows[use.first_window + i];
        for (std::int64_t y = w.top / 256; y * 256 < w.bottom && !w.empty(); ++y)
          for (std::int64_t x = w.left / 256; x * 256 < w.right; ++x)
            needs[c].push_back({use.scene, i, y, x});
      }
    }
  const auto next_need = [&](std::size_t from, const Block& block) {
    for (std::size_t c = from; c < needs.size(); ++c)
      if (std::ranges::find(needs[c], block) != needs[c].end()) return c;
    return never;
  };
  const auto bytes_held = [](const std::set<Block>& held) {
    std::uint64_t bytes = 0;
    for (const Block& b : held) bytes += block_pixels * (std::get<1>(b) ? 2 : 1);
    return bytes;
  };
  std::set<Block> held, met;
  std::uint64_t again = 0;
  for (std::size_t c = 0; c < needs.size(); ++c)
    for (std::size_t k = 0; k < needs[c].size(); ++k) {
      const Block& block = needs[c][k];
      if (!held.erase(block) && !met.insert(block).second) again += 2 * block_pixels;
      if (next_need(c + 1, block) != never) held.insert(block);
      const auto due = [&](const Block& b) {
        const bool now = std::find(needs[c].begin() + std::ptrdiff_t(k) + 1, needs[c].end(), b) !=
                         needs[c].end();
        return std::pair(now ? c : next_need(c + 1, b), b);
      };
      while (bytes_held(held) > cache)
        held.erase(*std::max_element(
            held.begin(), held.end(),
            [&](const Block& one, const Block& other) { return due(one) < due(other); }));
    }
  return again;
}

TEST(DecodedAgain, IsWhatACacheThatKnowsTheFutureCannotSave) {
  const Survey survey = scenes(2);
  for (const Order order : {Order::tile, Order::scene}) {
    const Plan plan = cut(survey, order);
    const std::uint64_t useful = useful_cache_bytes(plan, survey);
    for (const std::uint64_t cache : {std::uint64_t(0), useful / 8, useful / 3, useful})
      EXPECT_EQ(bytes_decoded_again(plan, survey, cache), decoded_again(plan, survey, cache))
          << cache << " of " << useful;
  }
}

TEST(DecodedAgain, IsNothingWhenAllThatIsUsefulIsKept) {
  const Survey survey = scenes(4);
  for (const Order order : {Order::tile, Order::scene}) {
    const Plan plan = cut(survey, order);
    EXPECT_EQ(bytes_decoded_again(plan, survey, useful_cache_bytes(plan, survey)), 0u);
    EXPECT_GT(bytes_decoded_again(plan, survey, 0), 0u);
  }
}

TEST(DecodedAgain, IsAboutTheSameWhenAPartOfTheObservationsStandsForAll) {
  const Survey survey = scenes(20);
  for (const Order order : {Order::tile, Order::scene}) {
    const Plan plan = cut(survey, order);
    for (const std::uint64_t cache : {std::uint64_t(0), useful_cache_bytes(plan, survey) / 2}) {
      const auto all = double(bytes_decoded_again(plan, survey, cache));
      const auto part = double(bytes_decoded_again(plan, survey, cache, 2000));
      EXPECT_NE(part, all) << "that was not a part";
      EXPECT_NEAR(part / all, 1, 0.25) << cache;
    }
  }
}

TEST(DecodedAgain, CostsMoreInTileOrderWhenThereAreManyDates) {
  const Survey survey = scenes(16);
  const Plan by_tile = cut(survey, Order::tile), by_scene = cut(survey, Order::scene);
  const std::uint64_t cache = useful_cache_bytes(by_scene, survey);
  EXPECT_EQ(bytes_decoded_again(by_scene, survey, cache), 0u);
  EXPECT_GT(bytes_decoded_again(by_tile, survey, cache), 0u);
}

}  // namespace
}  // namespace cubemill::testing_plan
