#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "unit/plan/plan_fixture.hpp"

namespace cubemill::testing_plan {
namespace {

const GeoBox five_scenes_output = grid("EPSG:32718", 30, 300015, 8500005, 700, 600);

/// Two scenes of one day that overlap, one of another day that touches a corner, one of another
/// zone, one elsewhere.
Survey five_scenes() {
  return survey_of({{"2021-05-01T15:00:00Z", grid("EPSG:32718", 30, 297015, 8503005, 500, 520)},
                    {"2021-05-01T15:00:24Z", grid("EPSG:32718", 30, 309015, 8491005, 500, 520)},
                    {"2021-07-17T15:00:00Z", grid("EPSG:32718", 30, 320415, 8482605, 90, 70)},
                    {"2021-07-18T15:00:00Z", grid("EPSG:32719", 30, -350000, 8483000, 640, 480)},
                    {"2021-07-19T15:00:00Z", grid("EPSG:32718", 30, 600015, 8300005, 100, 100)}},
                   Resampling::cubic);
}

/// The centre of an output pixel in pixels of a scene, by PROJ.
class Centres {
 public:
  explicit Centres(const GeoBox& source)
      : transformer_(five_scenes_output.crs, source.crs), inverse_(source.transform.inverse()) {}
  Point operator()(std::int64_t x, std::int64_t y) {
    Point p = five_scenes_output.transform.apply(double(x) + 0.5, double(y) + 0.5);
    transformer_.forward(&p.x, &p.y, 1);
    return inverse_.apply(p.x, p.y);
  }

 private:
  Transformer transformer_;
  Affine inverse_;
};

void expect_in_order(const Plan& plan) {
  for (std::size_t s = 0; s < plan.uses.size(); ++s)
    for (std::size_t i = 1; i < plan.uses[s].size(); ++i)
      ASSERT_LT(plan.uses[s][i - 1].chunk, plan.uses[s][i].chunk);
  std::vector<std::uint32_t> counted(plan.tiles.size());
  for (std::uint32_t c = 0; c < plan.chunks.size(); ++c) {
    const Chunk& chunk = plan.chunks[c];
    ++counted[chunk.tile];
    ASSERT_EQ(plan.tiles[chunk.tile].period, plan.observations[chunk.observation].period);
    for (std::uint32_t i = 0; i < chunk.scenes; ++i) {
      const ChunkScene& s = plan.chunk_scenes[chunk.first_scene + i];
      ASSERT_EQ(plan.uses[s.scene].at(s.position).chunk, c);
      ASSERT_EQ(plan.uses[s.scene].at(s.position).first_window, s.first_window);
    }
  }
  for (std::size_t t = 0; t < plan.tiles.size(); ++t) ASSERT_EQ(plan.tiles[t].chunks, counted[t]);
}

/// By pixel: which chunk serves a scene there. Fails where two do.
std::map<std::uint32_t, std::vector<std::int32_t>> chunk_of_pixels(const Plan& plan) {
  std::map<std::uint32_t, std::vector<std::int32_t>> by_scene;
  for (std::size_t c = 0; c < plan.chunks.size(); ++c) {
    const Chunk& chunk = plan.chunks[c];
    for (std::uint32_t i = 0; i < chunk.scenes; ++i) {
      auto& chunks = by_scene[plan.chunk_scenes[chunk.first_scene + i].scene];
      chunks.resize(std::size_t(five_scenes_output.pixels()), -1);
      for (std::int64_t y = chunk.window.y; y < chunk.window.y + chunk.window.height; ++y)
        for (std::int64_t x = chunk.window.x; x < chunk.window.x + chunk.window.width; ++x) {
          std::int32_t& at = chunks[std::size_t(y * five_scenes_output.width + x)];
          EXPECT_EQ(at, -1) << "two chunks fold one pixel of one scene";
          at = std::int32_t(c);
        }
    }
  }
  return by_scene;
}

const SourceWindow& window_of(const Plan& plan, std::int32_t chunk, std::uint32_t scene,
                              std::size_t input) {
  const Chunk& c = plan.chunks[std::size_t(chunk)];
  for (std::uint32_t i = 0; i < c.scenes; ++i) {
    const ChunkScene& s = plan.chunk_scenes[c.first_scene + i];
    if (s.scene == scene) return plan.windows[s.first_window + input];
  }
  throw std::logic_error("no such scene");
}

TEST(Chunks, ServeEveryPixelOfEverySceneOnceWithAllItsTaps) {
  const Survey survey = five_scenes();
  for (const Order order : {Order::tile, Order::scene})
    for (const std::int64_t edge : {512, 256, 64}) {
      Plan plan = placed(survey, five_scenes_output);
      cut_chunks(plan, survey, order, edge);
      expect_in_order(plan);
      auto chunks = chunk_of_pixels(plan);
      for (std::uint32_t s = 0; s < 5; ++s) {
        const GeoBox& source = survey.surveyed[s].inputs[1].info.grid;
        Centres centres(source);
        auto& serving = chunks[s];
        serving.resize(std::size_t(five_scenes_output.pixels()), -1);
        std::size_t touched = 0;
        for (std::int64_t y = 0; y < five_scenes_output.height; y += 1 + (y + s) % 3)
          for (std::int64_t x = 0; x < five_scenes_output.width; ++x) {
            const Point p = centres(x, y);
            // The taps of cubic: two pixels to each side of the point.
            const auto left = std::max<std::int64_t>(0, std::int64_t(std::floor(p.x - 0.5)) - 1),
                       right = std::min(source.width, std::int64_t(std::floor(p.x - 0.5)) + 3);
            const auto top = std::max<std::int64_t>(0, std::int64_t(std::floor(p.y - 0.5)) - 1),
                       bottom = std::min(source.height, std::int64_t(std::floor(p.y - 0.5)) + 3);
            if (left >= right || top >= bottom) continue;
            ++touched;
            const std::int32_t chunk = serving[std::size_t(y * five_scenes_output.width + x)];
            ASSERT_GE(chunk, 0) << "scene " << s << " is left out at " << x << ", " << y;
            const SourceWindow& w = window_of(plan, chunk, s, 1);
            ASSERT_TRUE(w.left <= left && w.right >= right && w.top <= top && w.bottom >= bottom)
                << "scene " << s << " lacks taps at " << x << ", " << y;
          }
        EXPECT_EQ(touched > 0, s != 4) << s;
        EXPECT_EQ(plan.uses[s].empty(), s == 4) << s;
      }
    }
}

TEST(Chunks, AreTheSameSetInBothOrders) {
  const Survey survey = five_scenes();
  const auto set_of = [&](Order order) {
    Plan plan = placed(survey, five_scenes_output);
    cut_chunks(plan, survey, order, 128);
    std::set<std::tuple<std::uint32_t, std::uint32_t, std::int64_t, std::int64_t, std::uint32_t,
                        std::int32_t, std::int32_t>>
        all;
    for (const Chunk& c : plan.chunks)
      for (std::uint32_t i = 0; i < c.scenes; ++i) {
        const ChunkScene& s = plan.chunk_scenes[c.first_scene + i];
        all.insert({c.tile, c.observation, c.window.x, c.window.y, s.scene,
                    plan.windows[s.first_window].left, plan.windows[s.first_window + 2].bottom});
      }
    return all;
  };
  const auto by_tile = set_of(Order::tile);
  EXPECT_FALSE(by_tile.empty());
  EXPECT_EQ(by_tile, set_of(Order::scene));
}

TEST(Chunks, StandTileByTileOrSceneByScene) {
  const Survey survey = five_scenes();
  Plan plan = placed(survey, five_scenes_output);
  const auto switches = [&](auto key) {
    std::size_t n = 0;
    for (std::size_t i = 1; i < plan.chunks.size(); ++i)
      n += key(plan.chunks[i]) != key(plan.chunks[i - 1]);
    return n + 1;
  };
  const auto tile = [](const Chunk& c) { return c.tile; };
  const auto observation = [](const Chunk& c) { return c.observation; };
  cut_chunks(plan, survey, Order::tile, 64);
  std::set<std::uint32_t> tiles, observations;
  for (const Chunk& c : plan.chunks) tiles.insert(c.tile), observations.insert(c.observation);
  EXPECT_EQ(switches(tile), tiles.size()) << "a tile is begun twice";
  cut_chunks(plan, survey, Order::scene, 64);
  EXPECT_EQ(switches(observation), observations.size()) << "an observation is begun twice";
}

/// A source that lies around the place where the output looks, in systems that turn around a pole
/// or the globe.
std::size_t chunks_over(const GeoBox& out, const GeoBox& source) {
  const Survey survey = survey_of({{"2021-05-01T15:00:00Z", source}});
  Plan plan = placed(survey, out);
  cut_chunks(plan, survey, Order::tile, 512);
  return plan.chunks.size();
}

TEST(Chunks, FindASceneAroundAPole) {
  const GeoBox antarctica = grid("EPSG:3031", 5000, -3000000, 3000000, 1200, 1200);
  EXPECT_EQ(chunks_over(grid("EPSG:4326", 0.01, 100, -89, 300, 40), antarctica), 1u);
  EXPECT_EQ(chunks_over(grid("EPSG:4326", 0.01, -20, -80, 300, 40), antarctica), 1u);
  EXPECT_EQ(chunks_over(grid("EPSG:6933", 1000, 9600000, -7250000, 300, 40), antarctica), 1u);
}

TEST(Chunks, FindASceneThatSpansTheGlobe) {
  const GeoBox globe = grid("EPSG:4326", 0.25, -180, 90, 1440, 720),
               from_zero = grid("EPSG:4326", 0.25, 0, 90, 1440, 720);
  for (const GeoBox& world : {globe, from_zero}) {
    EXPECT_EQ(chunks_over(grid("EPSG:32718", 1000, 300000, 8500000, 100, 100), world), 1u);
    EXPECT_EQ(chunks_over(grid("EPSG:32755", 1000, 300000, 6000000, 100, 100), world), 1u);
    EXPECT_EQ(chunks_over(grid("EPSG:4326", 0.01, 144, -36, 100, 100), world), 1u);
    EXPECT_EQ(chunks_over(grid("EPSG:4326", 0.01, -77, -14, 100, 100), world), 1u);
  }
}

TEST(Chunks, CountTheDistinctBlocksUnderTheGrid) {
  const GeoBox out = grid("EPSG:32718", 30, 300015, 8500005, 100, 100);
  const Survey survey =
      survey_of({{"2021-05-01T15:00:00Z",
                  grid("EPSG:32718", 30, 300015 - 30 * 300, 8500005 + 30 * 300, 1000, 1000)}});
  Plan plan = placed(survey, out);
  cut_chunks(plan, survey, Order::tile, 64);
  count_blocks(plan, survey);
  EXPECT_EQ(plan.blocks, 3u) << "source pixels 297 to 403 lie in block (1, 1) of each input";
  EXPECT_EQ(plan.block_bytes_decoded, 3u * 256 * 256 * 2);
}

TEST(Chunks, WantCacheForBlocksThatAreNeededAgain) {
  // One block under two tiles, needed from the first to the second: flags as classes, bands as
  // words.
  const GeoBox out = grid("EPSG:32718", 30, 300015, 8500005, 600, 100);
  Survey survey = survey_of(
      {{"2021-05-01T15:00:00Z", grid("EPSG:32718", 30, 300015 + 30 * 400, 8500005, 250, 100)}});
  Plan plan = placed(survey, out);
  cut_chunks(plan, survey, Order::tile, 512);
  ASSERT_EQ(plan.chunks.size(), 2u);
  EXPECT_EQ(useful_cache_bytes(plan, survey), 256u * 256 * (1 + 2 + 2));
  // Under one tile only: nothing is needed again.
  survey = survey_of(
      {{"2021-05-01T15:00:00Z", grid("EPSG:32718", 30, 300015 + 30 * 100, 8500005, 250, 100)}});
  plan = placed(survey, out);
  cut_chunks(plan, survey, Order::tile, 512);
  EXPECT_EQ(useful_cache_bytes(plan, survey), 0u);
}

TEST(Chunks, AreNoneWhereNoSceneTouchesTheGrid) {
  const Survey survey =
      survey_of({{"2021-05-01T15:00:00Z", grid("EPSG:32718", 30, 600015, 8300005, 100, 100)}});
  Plan plan = placed(survey, five_scenes_output);
  cut_chunks(plan, survey, Order::tile, 512);
  EXPECT_TRUE(plan.chunks.empty());
  EXPECT_EQ(plan.tiles.size(), 4 * plan.periods.size());
  EXPECT_EQ(useful_cache_bytes(plan, survey), 0u);
}

}  // namespace
}  // namespace cubemill::testing_plan
