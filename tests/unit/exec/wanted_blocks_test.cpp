#include "exec/wanted_blocks.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "cubemill/pixel/qa_rule.hpp"
#include "cubemill/pixel/window_layout.hpp"
#include "unit/backend/pass_fixture.hpp"

namespace cubemill::testing_pass {
namespace {

RasterInfo raster(const GeoBox& source, std::int32_t block) {
  RasterInfo info;
  info.grid = source, info.block_width = block, info.block_height = block;
  return info;
}

SourceWindow under(const PixelWindow& footprint, const Lattice::Origin& o, const GeoBox& source) {
  const auto clamp = [](std::int64_t v, std::int64_t high) {
    return std::int32_t(std::clamp<std::int64_t>(v, 0, high));
  };
  return {clamp(footprint.x - o.left, source.width), clamp(footprint.y - o.top, source.height),
          clamp(footprint.x + footprint.width - o.left, source.width),
          clamp(footprint.y + footprint.height - o.top, source.height)};
}

/// Checks that a tap's block is wanted; taps outside the raster need none.
struct Taps {
  const SourceWindow& source;
  const RasterInfo& info;
  const std::vector<std::uint8_t>& wanted;

  bool covered(std::int64_t left, std::int64_t top, std::int64_t right, std::int64_t bottom) const {
    const BlockRectangle blocks = block_rectangle(source, info);
    for (std::int64_t row = std::max<std::int64_t>(0, top);
         row < std::min(bottom, info.grid.height); ++row)
      for (std::int64_t col = std::max<std::int64_t>(0, left);
           col < std::min(right, info.grid.width); ++col) {
        const std::int64_t bx = col / info.block_width, by = row / info.block_height;
        if (!blocks.contains(bx, by)) return false;
        if (!wanted[std::size_t((by - blocks.top) * (blocks.right - blocks.left) + bx -
                                blocks.left)])
          return false;
      }
    return true;
  }
};

class WantedBlocks : public testing::TestWithParam<Geometry> {};

TEST_P(WantedBlocks, HoldEveryTapOfEveryGoodPixel) {
  const Geometry& g = GetParam();
  std::mt19937_64 random(5);
  const Lattice lattice(g.output, g.source.crs, g.source.transform);
  const Lattice::Origin origin = *lattice.origin_of(g.source.crs, g.source.transform);
  for (const std::int64_t width :
       {std::int64_t(1), std::int64_t(33), std::int64_t(34), g.output.width}) {
    Chunk chunk;
    chunk.window = {0, 0, std::min(width, g.output.width), g.output.height};
    const TileCoordinates tables = lattice.tables(chunk.window, true);
    if (tables.spacing == 0) continue;
    const RasterInfo info = raster(g.source, 16);
    const SourceWindow source = under(lattice.footprint(chunk.window), origin, g.source);
    const std::int64_t across = (chunk.window.width + 31) / 32,
                       down = (chunk.window.height + 31) / 32;
    for (int round = 0; round < 8; ++round) {
      std::vector<std::uint8_t> cells(std::size_t(across * down));
      for (auto& c : cells) c = random() % 3 == 0;
      const auto wanted = wanted_blocks(chunk, tables, origin, source, info, cells);
      const Taps taps{source, info, wanted};
      for (std::int64_t y = 0; y < chunk.window.height; ++y)
        for (std::int64_t x = 0; x < chunk.window.width; ++x) {
          if (!cells[std::size_t(y / 32 * across + x / 32)]) continue;
          const std::size_t segment = std::size_t(y * tables.segments + x / tables.spacing);
          const int k = int(x % tables.spacing) - tables.spacing / 2;
          const CentreSegment& s = tables.centres[segment];
          if (s.u.a == nowhere_q32) continue;
          const std::int64_t u = ((at(s.u, k) - half_q32) >> 32) - origin.left,
                             v = ((at(s.v, k) - half_q32) >> 32) - origin.top;
          ASSERT_TRUE(taps.covered(u - 1, v - 1, u + 3, v + 3)) << "cubic at " << x << ", " << y;
          const BoxSegment& b = tables.boxes[segment];
          const BoxSide across_side = box_side(b.u, b.width, k),
                        down_side = box_side(b.v, b.height, k);
          if (!(across_side.end < 1e6) || !(down_side.end < 1e6)) continue;
          const std::int64_t left = across_side.base - origin.left,
                             top = down_side.base - origin.top;
          ASSERT_TRUE(taps.covered(left, top, left + cubemill::taps(across_side.end),
                                   top + cubemill::taps(down_side.end)))
              << "box at " << x << ", " << y;
        }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Geometries, WantedBlocks, testing::ValuesIn(geometries()),
                         [](const testing::TestParamInfo<Geometry>& geometry) {
                           return geometry.param.name;
                         });

TEST(CountsOfFlags, HoldForRowsLongerThanAByteALaneCanCount) {
  constexpr std::int64_t width = 255 * 32 + 33, height = 2;
  std::vector<std::uint8_t> classes(class_plane_bytes(width, height), std::uint8_t(qa_missing));
  for (std::int64_t y = 0; y < height; ++y)
    std::fill_n(classes.begin() + y * class_stride(width), width, std::uint8_t(qa_masked));
  classes[0] = qa_good, classes[1] = qa_missing;
  const FlagCounts counts = count_flags(classes.data(), width, height);
  EXPECT_EQ(counts.seen, std::uint64_t(width * height - 1));
  EXPECT_EQ(counts.masked, std::uint64_t(width * height - 2));
}

TEST(GoodCells, AreThoseWithAGoodPixelInAnyPlane) {
  constexpr std::int64_t width = 70, height = 40;
  std::vector<std::uint8_t> one(class_plane_bytes(width, height), std::uint8_t(qa_masked)),
      two(one.size(), std::uint8_t(qa_missing));
  EXPECT_EQ(good_cells({one.data(), two.data()}, width, height), std::vector<std::uint8_t>(6, 0));
  one[31] = qa_good;                                          // the last pixel of the first cell
  two[std::size_t(39 * class_stride(width) + 69)] = qa_good;  // the last pixel of the last one
  EXPECT_EQ(good_cells({one.data(), two.data()}, width, height),
            (std::vector<std::uint8_t>{1, 0, 0, 0, 0, 1}));
  EXPECT_EQ(good_cells({}, width, height), std::vector<std::uint8_t>(6, 0));
}

TEST(BlocksOfCells, AreNoneWithoutAGoodCell) {
  const Geometry g = geometries()[0];
  const Lattice lattice(g.output, g.source.crs, g.source.transform);
  Chunk chunk;
  chunk.window = {0, 0, 128, 64};
  const RasterInfo info = raster(g.source, 16);
  const auto wanted = wanted_blocks(chunk, lattice.tables(chunk.window, false),
                                    *lattice.origin_of(g.source.crs, g.source.transform),
                                    {0, 0, 150, 90}, info, std::vector<std::uint8_t>(8, 0));
  EXPECT_EQ(std::count(wanted.begin(), wanted.end(), 1), 0);
  EXPECT_EQ(wanted.size(), 60u);
}

TEST(BlocksOfCells, LeaveOutBlocksFarFromGoodCells) {
  const Geometry g = geometries()[0];
  const Lattice lattice(g.output, g.source.crs, g.source.transform);
  Chunk chunk;
  chunk.window = {0, 0, 128, 64};
  const RasterInfo info = raster(g.source, 16);
  std::vector<std::uint8_t> cells(8, 0);
  cells[0] = 1;
  const auto wanted = wanted_blocks(chunk, lattice.tables(chunk.window, false),
                                    *lattice.origin_of(g.source.crs, g.source.transform),
                                    {0, 0, 150, 90}, info, cells);
  EXPECT_LE(std::count(wanted.begin(), wanted.end(), 1), 16)
      << "32 pixels and their taps lie under four blocks a side at most";
}

}  // namespace
}  // namespace cubemill::testing_pass
