#include "cubemill/pixel/sample.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace cubemill {
namespace {

const double none = missing();

Quadratic along(double coordinate) {
  return {std::llrint(coordinate * 0x1p32) + edge_tolerance_q32, 0, 0};
}

/// A window of numbers, NaN = invalid; its first pixel is source pixel (left, top).
class Pixels {
 public:
  Pixels(const std::vector<std::vector<double>>& rows, std::int32_t left = 0,
         std::int32_t top = 0) {
    for (const auto& row : rows) data_.insert(data_.end(), row.begin(), row.end());
    view = {data_.data(),
            std::int64_t(rows[0].size()),
            left,
            top,
            left + std::int32_t(rows[0].size()),
            top + std::int32_t(rows.size()),
            0};
  }

  /// At the point (x, y), where pixel (0, 0) spans 0…1.
  template <Resampling M>
  double point(double x, double y) const {
    return sample_point<Storage::f64, M>({along(x), along(y)}, 0, 0, 0, view);
  }
  /// Over the box from (x, y), w wide and h high.
  double box(double x, double y, double w, double h) const {
    return sample_box<Storage::f64>({along(x), along(y), {w, 0, 0}, {h, 0, 0}}, 0, 0, 0, view);
  }

  WindowView view;

 private:
  std::vector<double> data_;
};

TEST(Nearest, IsThePixelThatContainsThePoint) {
  const Pixels p({{1, 2}, {3, 4}});
  EXPECT_EQ((p.point<Resampling::nearest>(0.5, 0.5)), 1);
  EXPECT_EQ((p.point<Resampling::nearest>(1.2, 0.9)), 2);
  EXPECT_EQ((p.point<Resampling::nearest>(0.999, 1.001)), 3);
  EXPECT_TRUE(is_missing(p.point<Resampling::nearest>(-0.01, 0.5)));
  EXPECT_TRUE(is_missing(p.point<Resampling::nearest>(0.5, 2.0)));
}

TEST(Nearest, TakesATieToTheRightAndDown) {
  const Pixels p({{1, 2}, {3, 4}});
  for (const double off : {-0.9e-6, 0.0, 0.9e-6}) {
    EXPECT_EQ((p.point<Resampling::nearest>(1 + off, 1 + off)), 4) << off;
    EXPECT_EQ((p.point<Resampling::nearest>(off, off)), 1) << off;
    EXPECT_TRUE(is_missing(p.point<Resampling::nearest>(2 + off, 1))) << off;
  }
  EXPECT_EQ((p.point<Resampling::nearest>(1 - 1.1e-6, 1 - 1.1e-6)), 1);
}

TEST(Bilinear, WeighsTheFourPixelsAround) {
  const Pixels p({{1, 2}, {3, 5}});
  EXPECT_NEAR((p.point<Resampling::bilinear>(1, 1)), 2.75, 1e-8);
  EXPECT_NEAR((p.point<Resampling::bilinear>(0.75, 0.5)), 1.25, 1e-8);
  EXPECT_EQ((p.point<Resampling::bilinear>(0.5, 0.5)), 1);
  EXPECT_EQ((p.point<Resampling::bilinear>(1.5, 1.5)), 5);
}

TEST(Bilinear, LeavesInvalidPixelsOutAndWeighsTheOthersAnew) {
  const Pixels p({{1, none}, {3, 5}});
  EXPECT_NEAR((p.point<Resampling::bilinear>(1, 1)), 3, 1e-8);
  EXPECT_NEAR((p.point<Resampling::bilinear>(1.25, 0.5)), 1, 1e-8)
      << "the invalid one is nearer, but the other has weight";
  EXPECT_TRUE(is_missing(p.point<Resampling::bilinear>(1.5, 0.5)))
      << "at its very centre it is alone";
  EXPECT_EQ((p.point<Resampling::bilinear>(1.5 + 0.9e-6, 1.5)), 5);
}

TEST(Bilinear, UsesWhatLiesInsideAtTheRim) {
  const Pixels p({{1, 2}, {3, 5}});
  EXPECT_EQ((p.point<Resampling::bilinear>(0.1, 0.1)), 1);
  EXPECT_EQ((p.point<Resampling::bilinear>(1.9, 1.9)), 5);
  EXPECT_NEAR((p.point<Resampling::bilinear>(1, 0.1)), 1.5, 1e-8);
  EXPECT_EQ((p.point<Resampling::bilinear>(-0.4, 0.5)), 1);
  EXPECT_TRUE(is_missing(p.point<Resampling::bilinear>(-0.6, 0.5)));
}

TEST(Cubic, ReproducesAPlaneAndAParabola) {
  std::vector<std::vector<double>> rows(6, std::vector<double>(6));
  for (int y = 0; y < 6; ++y)
    for (int x = 0; x < 6; ++x)
      rows[std::size_t(y)][std::size_t(x)] = (x + 0.5) * (x + 0.5) - 3 * (y + 0.5);
  const Pixels p(rows);
  for (const double x : {2.0, 2.5, 3.25, 3.9})
    for (const double y : {2.1, 2.5, 3.49})
      EXPECT_NEAR((p.point<Resampling::cubic>(x, y)), x * x - 3 * y, 2e-8);
}

TEST(Cubic, WeighsAnewWhatIsValid) {
  std::vector<std::vector<double>> rows(4, std::vector<double>(4, 7));
  rows[1][1] = none;
  EXPECT_NEAR((Pixels(rows).point<Resampling::cubic>(2.2, 2.3)), 7, 1e-12);
  EXPECT_TRUE(is_missing(Pixels(rows).point<Resampling::cubic>(1.5, 1.5)));
  EXPECT_NEAR((Pixels(rows).point<Resampling::cubic>(0.3, 3.9)), 7, 1e-12);
}

TEST(Average, WeighsByOverlap) {
  const Pixels p({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}});
  EXPECT_NEAR(p.box(0, 0, 2, 2), 3, 1e-8);
  EXPECT_NEAR(p.box(0.5, 0, 1, 1), 1.5, 1e-8);
  EXPECT_NEAR(p.box(0.25, 0.5, 2, 2),
              (0.5 * (0.75 * 1 + 2 + 0.25 * 3) + (0.75 * 4 + 5 + 0.25 * 6) +
               0.5 * (0.75 * 7 + 8 + 0.25 * 9)) /
                  4,
              1e-8);
  EXPECT_NEAR(p.box(0, 0, 3, 3), 5, 1e-8);
}

TEST(Average, OfABoxInsideAPixelIsThatPixel) {
  const Pixels p({{1, 2}, {3, 4}});
  EXPECT_EQ(p.box(1.2, 0.2, 0.3, 0.3), 2);
  EXPECT_EQ(p.box(1, 1, 1, 1), 4);
  EXPECT_TRUE(is_missing(p.box(1.2, 0.2, 0, 0.3)));
}

TEST(Average, HasNoSliverWhereABoxEndsAtAnEdge) {
  // The neighbours of the middle pixel hold what must not show.
  const Pixels p({{1e9, 1e9, 1e9}, {1e9, 5, 1e9}, {1e9, 1e9, 1e9}});
  for (const double off : {-0.9e-6, -1e-7, 0.0, 1e-7, 0.9e-6})
    EXPECT_EQ(p.box(1 + off, 1 - off, 1, 1), 5) << off;
  EXPECT_GT(p.box(1 + 1e-5, 1, 1, 1), 1000);
  const Pixels alone({{none, none, none}, {none, 5, none}, {none, none, none}});
  EXPECT_TRUE(is_missing(alone.box(2 - 0.5e-6, 1, 1, 1)));
  EXPECT_EQ(alone.box(2 - 1e-5, 1, 1, 1), 5);
}

TEST(Average, RenormalisesOverValidPixelsAndThoseInside) {
  const Pixels p({{1, none}, {3, 5}});
  EXPECT_NEAR(p.box(0, 0, 2, 2), 3, 1e-8);
  EXPECT_NEAR(p.box(-1, -1, 2, 2), 1, 1e-8);
  EXPECT_TRUE(is_missing(p.box(1, 0, 1, 1)));
  EXPECT_TRUE(is_missing(p.box(-3, -3, 2, 2)));
  EXPECT_NEAR(p.box(-100, -100, 300, 300), 3, 1e-8);
}

TEST(Average, IsMissingAcrossASeam) {
  const Pixels p({{1, 2}});
  EXPECT_TRUE(is_missing(p.box(0, 0, 1e7, 1)));
  EXPECT_TRUE(is_missing(p.box(0, 0, std::nan(""), 1)));
}

TEST(Samples, FollowTheirWindowAndTheScenesOrigin) {
  const Pixels p({{1, 2}, {3, 4}}, 100, 200);
  EXPECT_EQ((p.point<Resampling::nearest>(101.5, 200.5)), 2);
  EXPECT_EQ((sample_point<Storage::f64, Resampling::nearest>({along(1101.5), along(-799.5)}, 0,
                                                             1000, -1000, p.view)),
            2);
  const Pixels before({{1, 2}, {3, 4}}, -5, -7);
  EXPECT_EQ((before.point<Resampling::nearest>(-4.5, -5.5)), 3);
}

TEST(Samples, AFullTurnOf32BitsAwayAreMissing) {
  const Pixels p({{1, 2}, {3, 4}});
  for (const std::int64_t turn : {-(std::int64_t(1) << 32), std::int64_t(1) << 32}) {
    const CentreSegment s{along(0.5), along(0.5)};
    EXPECT_TRUE(is_missing(sample_point<Storage::f64, Resampling::nearest>(s, 0, turn, 0, p.view)));
    EXPECT_TRUE(is_missing(sample_point<Storage::f64, Resampling::cubic>(s, 0, 0, turn, p.view)));
    EXPECT_TRUE(is_missing(stored_value<Storage::f64>(p.view, turn, 0)));
  }
}

TEST(Samples, OfAnUnprojectablePixelAreMissing) {
  const Pixels p({{1, 2}, {3, 4}});
  const CentreSegment nowhere{{nowhere_q32, 0, 0}, {nowhere_q32, 0, 0}};
  EXPECT_TRUE(
      is_missing(sample_point<Storage::f64, Resampling::nearest>(nowhere, 0, 0, 0, p.view)));
  EXPECT_TRUE(is_missing(sample_point<Storage::f64, Resampling::cubic>(nowhere, 0, 0, 0, p.view)));
}

TEST(Storage, KeepsWordsWithAKeyThatMeansInvalid) {
  const std::int16_t values[] = {-9999, -1, 0, 32767};
  std::uint16_t raw[4];
  for (int i = 0; i < 4; ++i)
    raw[i] = std::uint16_t(std::uint16_t(values[i]) ^ std::uint16_t(-9999));
  const WindowView w{raw, 4, 0, 0, 4, 1, std::uint16_t(-9999)};
  EXPECT_TRUE(is_missing(stored_value<Storage::i16>(w, 0, 0)));
  EXPECT_EQ(stored_value<Storage::i16>(w, 1, 0), -1);
  EXPECT_EQ(stored_value<Storage::i16>(w, 2, 0), 0);
  EXPECT_EQ(stored_value<Storage::i16>(w, 3, 0), 32767);
  EXPECT_EQ(stored_value<Storage::u16>(w, 1, 0), 65535);
  EXPECT_TRUE(is_missing(stored_value<Storage::u16>(w, 4, 0)));
  EXPECT_TRUE(is_missing(stored_value<Storage::u16>(w, 0, -1)));
}

TEST(Storage, KeepsFloatsWithNaNForInvalid) {
  const float values[] = {std::nanf(""), -0.5f};
  const WindowView w{values, 2, 0, 0, 2, 1, 0};
  EXPECT_TRUE(is_missing(stored_value<Storage::f32>(w, 0, 0)));
  EXPECT_EQ(stored_value<Storage::f32>(w, 1, 0), -0.5);
}

}  // namespace
}  // namespace cubemill
