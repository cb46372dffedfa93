#include "cubemill/model/geobox.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

TEST(Affine, MapsPixelCornersAndBack) {
  const Affine t{28, 9, 300000, 9, -28, 4000000};
  EXPECT_EQ(t.apply(0, 0).x, 300000);
  EXPECT_EQ(t.apply(2, 1).x, 300065);
  EXPECT_EQ(t.apply(2, 1).y, 3999990);
  const Point p = t.inverse().apply(300065, 3999990);
  EXPECT_NEAR(p.x, 2, 1e-9);
  EXPECT_NEAR(p.y, 1, 1e-9);
  EXPECT_FALSE(t.axis_aligned());
  EXPECT_TRUE((Affine{30, 0, 1, 0, -30, 2}).axis_aligned());
}

TEST(Affine, RefusesAPixelWithoutArea) {
  EXPECT_THROW((Affine{0, 0, 1, 0, -30, 2}).inverse(), InvalidInput);
  EXPECT_THROW((Affine{1, 2, 0, 2, 4, 0}).inverse(), InvalidInput);
  EXPECT_THROW((Affine{std::nan(""), 0, 1, 0, -30, 2}).inverse(), InvalidInput);
}

TEST(GeoBox, BoundsAllItsCorners) {
  const GeoBox rotated{Crs::parse("EPSG:32618"), {28, 9, 300000, 9, -28, 4000000}, 10, 20};
  const Box b = rotated.bounds();
  EXPECT_EQ(b.left, 300000);
  EXPECT_EQ(b.right, 300460);
  EXPECT_EQ(b.top, 4000090);
  EXPECT_EQ(b.bottom, 3999440);
  const Box up = GeoBox{rotated.crs, {30, 0, 0, 0, 30, 100}, 2, 3}.bounds();
  EXPECT_EQ(up.bottom, 100);
  EXPECT_EQ(up.top, 190);
}

TEST(GeoBox, HasAnOutlineThatStartsAtTheTopLeftAndRunsWithTheClock) {
  const GeoBox g{Crs::parse("EPSG:32618"), {1, 0, 0, 0, -1, 0}, 4, 2};
  const auto outline = g.outline(2);
  ASSERT_EQ(outline.size(), 8u);
  const double want[8][2] = {{0, 0}, {2, 0}, {4, 0}, {4, -1}, {4, -2}, {2, -2}, {0, -2}, {0, -1}};
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(outline[i].x, want[i][0]) << i;
    EXPECT_EQ(outline[i].y, want[i][1]) << i;
  }
}

TEST(GeoBox, CountsMorePixelsThanAnIntHolds) {
  EXPECT_EQ((GeoBox{{}, {}, 100'000, 100'000}).pixels(), 10'000'000'000);
}

TEST(Box, IntersectsOnlyWithArea) {
  const Box a{0, 0, 2, 2};
  EXPECT_TRUE(a.intersects({1, 1, 3, 3}));
  EXPECT_FALSE(a.intersects({2, 0, 3, 2}));
  EXPECT_FALSE(a.intersects({0, -1, 2, 0}));
}

TEST(ProjectBox, KeepsABoxInItsOwnSystem) {
  const Crs utm = Crs::parse("EPSG:32618");
  const Box b = project_box({1, 2, 3, 4}, utm, utm);
  EXPECT_EQ(b.left, 1);
  EXPECT_EQ(b.top, 4);
}

TEST(ProjectBox, BoundsTheCurvedEdgesOfABoxInDegrees) {
  // The northern edge of a box in degrees bulges to the south between its ends, the southern one
  // too: the lowest point of the southern edge in UTM is at the central meridian.
  const Crs utm = Crs::parse("EPSG:32618"), degrees = Crs::parse("EPSG:4326");
  const Box b = project_box({-78, 50, -72, 52}, degrees, utm);
  Transformer t(degrees, utm);
  double x = -75, y = 50;
  t.forward(&x, &y, 1);
  EXPECT_NEAR(b.bottom, y, 1e-3);
  x = -78, y = 52;
  t.forward(&x, &y, 1);
  EXPECT_NEAR(b.top, y, 1e-3);
  x = -78, y = 50;
  t.forward(&x, &y, 1);
  EXPECT_NEAR(b.left, x, 1e-3);
}

TEST(ProjectBox, CrossesTheAntimeridianWhereWestIsEastOfEast) {
  const Crs degrees = Crs::parse("EPSG:4326");
  const Box same = project_box({179, -18, -179, -17}, degrees, degrees);
  EXPECT_EQ(same.right - same.left, 2);
  const Box utm = project_box({179, -18, -179, -17}, degrees, Crs::parse("EPSG:32701"));
  EXPECT_NEAR(utm.right - utm.left, 212500, 2000);
  const Box back = project_box(utm, Crs::parse("EPSG:32701"), degrees);
  EXPECT_NEAR(back.right - back.left, 2, 0.1) << "once around the globe";
}

TEST(ProjectBox, RefusesABoxOfWhichNothingCanBeProjected) {
  EXPECT_THROW(
      project_box({7e6, 7e6, 8e6, 8e6}, Crs::parse("+proj=geos +h=35785831 +lon_0=0 +datum=WGS84"),
                  Crs::parse("EPSG:4326")),
      InvalidInput);
}

}  // namespace
}  // namespace cubemill
