#include "cubemill/backend/mode.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "cubemill/pixel/sample.hpp"

#include "unit/backend/pass_fixture.hpp"

namespace cubemill::testing_pass {
namespace {

/// The mode of a box over a window of floats, NaN = invalid. The box begins at (x, y) and has the
/// size (w, h).
double mode(const std::vector<std::vector<double>>& rows, double x, double y, double w, double h) {
  std::vector<double> pixels;
  for (const auto& row : rows) pixels.insert(pixels.end(), row.begin(), row.end());
  BoxSegment box;
  box.u.a = std::llrint(x * 0x1p32) + edge_tolerance_q32,
  box.v.a = std::llrint(y * 0x1p32) + edge_tolerance_q32;
  box.width[0] = w, box.height[0] = h;
  BandGroup g;
  g.method = Resampling::mode, g.storage = Storage::f64, g.bands = 1;
  g.where = {nullptr, &box, 1, 1, 0, 0};
  g.window[0] = {pixels.data(),
                 std::int64_t(rows[0].size()),
                 0,
                 0,
                 std::int32_t(rows[0].size()),
                 std::int32_t(rows.size()),
                 0};
  g.scale[0] = 1;
  RunValues values;
  sample_mode(g, 0, 0, 1, 1, values);
  EXPECT_TRUE(same_bits(values[0][0], sample_mode<Storage::f64>(box, 0, 0, 0, g.window[0])))
      << "without memory of its own";
  return values[0][0];
}

const double none = missing();

TEST(Mode, IsTheValueWithTheLargestOverlap) {
  const std::vector<std::vector<double>> rows = {{7, 3, 3}, {7, 7, 3}, {5, 5, 5}};
  EXPECT_EQ(mode(rows, 0, 0, 2, 2), 7);
  EXPECT_EQ(mode(rows, 1, 0, 2, 2), 3);
  EXPECT_EQ(mode(rows, 0, 0, 3, 3), 3);  // three of each: the smallest
  EXPECT_EQ(mode(rows, 0, 1.4, 1, 1.5), 5);
  EXPECT_EQ(mode(rows, 0.4, 0, 1, 1), 7);
  EXPECT_EQ(mode(rows, 0.6, 0, 1, 1), 3);
}

TEST(Mode, TakesTheSmallestOfEqualOverlaps) {
  EXPECT_EQ(mode({{9, 2}}, 0.5, 0, 1, 1), 2);
  EXPECT_EQ(mode({{2, 9}}, 0.5, 0, 1, 1), 2);
  EXPECT_EQ(mode({{-3, -5}}, 0.5, 0, 1, 1), -5);
  // Overlaps that are equal but for rounding: 2/3 + 1/3 against 1, begun anywhere.
  for (int i = 1; i < 200; ++i) {
    const double begin = i / 200.0;
    EXPECT_EQ(mode({{4, 1, 8, 4}}, begin, 0, 3, 1), 1) << begin;
    EXPECT_EQ(mode({{1, 4, 8, 1}}, begin, 0, 3, 1), 1) << begin;
    EXPECT_EQ(mode({{1}, {4}, {8}, {1}}, 0, begin, 1, 3), 1) << begin;
  }
}

TEST(Mode, LeavesOutInvalidPixelsAndThoseOutsideTheScene) {
  EXPECT_EQ(mode({{none, none}, {none, 6}}, 0, 0, 2, 2), 6);
  EXPECT_TRUE(is_missing(mode({{none, none}, {none, none}}, 0, 0, 2, 2)));
  EXPECT_EQ(mode({{5, 6}}, -3, -3, 4, 4), 5);
  EXPECT_TRUE(is_missing(mode({{5, 6}}, 2, 0, 2, 1)));
  EXPECT_TRUE(is_missing(mode({{5, 6}}, -2, 0, 2, 1)));
}

TEST(Mode, HasNoSliverWhereABoxEndsAtAnEdge) {
  // Within a millionth of a pixel an edge is an edge.
  for (const double off : {-9e-7, -1e-7, 0.0, 1e-7, 9e-7})
    EXPECT_TRUE(is_missing(mode({{9, none, 2}}, 1 + off, 0, 1, 1))) << off;
  EXPECT_EQ(mode({{9, none, 2}}, 1 - 1e-5, 0, 1, 1), 9);
  EXPECT_EQ(mode({{9, none, 2}}, 1 + 1e-5, 0, 1, 1), 2);
}

TEST(Mode, LooksAtBoxesSmallerThanAPixel) {
  EXPECT_EQ(mode({{1, 2}, {3, 4}}, 1.2, 1.2, 0.3, 0.3), 4);
  EXPECT_TRUE(is_missing(mode({{1, 2}, {3, 4}}, 1.2, 1.2, 0, 0)));
}

TEST(Mode, ScalesWhatItFoundAndLeavesOtherEightsAlone) {
  const std::uint16_t pixels[] = {std::uint16_t(3 ^ 7), std::uint16_t(3 ^ 7), 0,
                                  std::uint16_t(9 ^ 7)};
  std::vector<BoxSegment> boxes(16);
  for (BoxSegment& b : boxes) b.u.a = b.v.a = edge_tolerance_q32, b.width[0] = b.height[0] = 2;
  BandGroup g;
  g.method = Resampling::mode, g.storage = Storage::u16, g.bands = 1, g.slot[0] = 5;
  g.where = {nullptr, boxes.data(), 16, 1, 0, 0};
  g.window[0] = {pixels, 2, 0, 0, 2, 2, 7};
  g.scale[0] = 2, g.offset[0] = 0.5;
  RunValues values;
  std::fill(&values[0][0], &values[0][0] + max_slots * run_length, -1.0);
  sample_mode(g, 0, 0, 16, 2, values);
  EXPECT_EQ(values[5][7], -1.0);
  EXPECT_EQ(values[5][8], 6.5);
  EXPECT_EQ(values[5][15], 6.5);
  EXPECT_EQ(values[5][16], -1.0);
}

}  // namespace
}  // namespace cubemill::testing_pass
