#include "cubemill/pixel/resampling.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace cubemill {
namespace {

TEST(LinearWeights, SumToOne) {
  for (int i = 0; i < 1000; ++i) {
    const double f = i / 1000.0;
    EXPECT_EQ(linear_weight(f, 0) + linear_weight(f, 1), 1.0);
  }
  EXPECT_EQ(linear_weight(0.25, 1), 0.25);
}

/// Keys (1981), equation 15, for a = -1/2.
double keys(double s) {
  s = std::fabs(s);
  if (s <= 1) return 1.5 * s * s * s - 2.5 * s * s + 1;
  return s < 2 ? -0.5 * s * s * s + 2.5 * s * s - 4 * s + 2 : 0;
}

TEST(CubicWeights, AreThoseOfKeys) {
  for (int i = 0; i < 1000; ++i) {
    const double f = i / 1000.0;
    double sum = 0;
    for (int tap = 0; tap < 4; ++tap) {
      EXPECT_NEAR(cubic_weight(f, tap), keys(f - double(tap - 1)), 4e-15) << f << " tap " << tap;
      sum += cubic_weight(f, tap);
    }
    EXPECT_NEAR(sum, 1.0, 4e-15);
  }
}

TEST(CubicWeights, ReproduceParabolasAndPassThroughPixels) {
  EXPECT_EQ(cubic_weight(0.0, 1), 1.0);
  for (const int tap : {0, 2, 3}) EXPECT_EQ(cubic_weight(0.0, tap), 0.0);
  for (int i = 0; i < 100; ++i) {
    const double f = i / 100.0;
    double value = 0;
    for (int tap = 0; tap < 4; ++tap) value += cubic_weight(f, tap) * (tap - 1) * (tap - 1);
    EXPECT_NEAR(value, f * f, 1e-14);
  }
}

TEST(Fraction, IsZeroWithinTheToleranceOfAnEdge) {
  EXPECT_EQ(snapped_fraction(0.9e-6), 0.0);
  EXPECT_EQ(snapped_fraction(1e-6), 0.0);
  EXPECT_EQ(snapped_fraction(-1e-6), 0.0);
  EXPECT_GT(snapped_fraction(1.1e-6), 0.0);
  // The edge tolerance is in the coordinate already: it is taken off again.
  const auto raw = [](double fraction) {
    return raw_fraction<double>(std::int32_t(std::llrint((fraction + edge_tolerance) * 0x1p31)));
  };
  for (const double f : {0.0, 0.25, 0.5, 0.999}) EXPECT_NEAR(raw(f), f, 0x1p-31);
}

TEST(BoxEnd, IsAnIntegerWithinTheToleranceOfIt) {
  for (const double n : {0.0, 1.0, 2.0, 33.0, 4096.0}) {
    EXPECT_EQ(snapped_end(n), n);
    EXPECT_EQ(snapped_end(n + 0.9e-6), n);
    EXPECT_EQ(snapped_end(n + 1.1e-6), n + 1.1e-6);
    EXPECT_EQ(snapped_end(n + 0.5), n + 0.5);
    if (n == 0) continue;
    EXPECT_EQ(snapped_end(n - 0.9e-6), n);
    EXPECT_EQ(snapped_end(n - 1.1e-6), n - 1.1e-6);
  }
}

TEST(Overlap, IsTheLengthThatABoxAndAPixelShare) {
  EXPECT_EQ(overlap(0.25, 0.75, 0.0), 0.5);
  EXPECT_EQ(overlap(0.25, 2.5, 0.0), 0.75);
  EXPECT_EQ(overlap(0.25, 2.5, 1.0), 1.0);
  EXPECT_EQ(overlap(0.25, 2.5, 2.0), 0.5);
  EXPECT_EQ(overlap(0.25, 2.5, 3.0), 0.0);
  EXPECT_EQ(overlap(0.25, 0.25, 0.0), 0.0);
  EXPECT_EQ(overlap(0.75, 0.25, 0.0), 0.0);
  for (int i = 0; i < 100; ++i)
    for (int j = i; j < 500; j += 7) {
      double sum = 0;
      for (int tap = 0; tap < 6; ++tap) sum += overlap(i / 100.0, j / 100.0, tap);
      EXPECT_NEAR(sum, (j - i) / 100.0, 1e-14);
    }
}

TEST(BoxSize, IsNeverNegative) {
  const double size[3] = {1.0, 0.5, 0.25};
  EXPECT_EQ(box_size(size, 2.0), 3.0);
  const double shrinking[3] = {1.0, -1.0, 0.0};
  EXPECT_EQ(box_size(shrinking, 2.0), 0.0);
}

}  // namespace
}  // namespace cubemill
