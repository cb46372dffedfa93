#include "cubemill/model/crs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <thread>
#include <vector>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

TEST(Crs, ReadsCodesWktAndProjStrings) {
  const Crs utm = Crs::parse("EPSG:32618");
  EXPECT_EQ(utm.name(), "EPSG:32618");
  EXPECT_EQ(utm.epsg(), 32618);
  EXPECT_FALSE(utm.geographic());
  const Crs again = Crs::parse(utm.wkt());
  EXPECT_EQ(again.epsg(), 32618);
  EXPECT_TRUE(again.same(utm));
  EXPECT_TRUE(Crs::parse("EPSG:4326").geographic());
  EXPECT_TRUE(Crs::parse("OGC:CRS84").geographic());
  EXPECT_TRUE(Crs::parse("+proj=longlat +datum=WGS84").geographic());
  EXPECT_FALSE(Crs::parse("+proj=geos +h=35785831 +lon_0=0 +datum=WGS84").geographic());
}

TEST(Crs, IsTheSameWhereOnlyTheAxesAreSwapped) {
  EXPECT_TRUE(Crs::parse("EPSG:4326").same(Crs::parse("OGC:CRS84")));
  EXPECT_TRUE(Crs::parse("+proj=utm +zone=18 +datum=WGS84").same(Crs::parse("EPSG:32618")));
  EXPECT_FALSE(Crs::parse("EPSG:32618").same(Crs::parse("EPSG:32619")));
  EXPECT_FALSE(Crs::parse("EPSG:32618").same(Crs::parse("EPSG:26918")));
  EXPECT_FALSE(Crs::parse("EPSG:4326").same(Crs{}));
  EXPECT_TRUE(Crs{}.same(Crs{}));
}

TEST(Crs, HasADefinitionThatCanBeReadAgain) {
  EXPECT_EQ(Crs::parse("EPSG:32618").definition(), "EPSG:32618");
  EXPECT_EQ(Crs::parse("ESRI:54009").definition(), "ESRI:54009");
  const std::string long_text =
      "+proj=omerc +lat_0=-39.3500000 +lonc=-72.0300000 +alpha=30 +gamma=0 +k=1 +units=m +type=crs";
  const Crs crs = Crs::parse(long_text);
  EXPECT_TRUE(Crs::parse(crs.definition()).same(crs));
  EXPECT_EQ(crs.name(), long_text.substr(0, 80) + "…");
}

TEST(Crs, RefusesWhatPROJDoesNotKnow) {
  for (const char* bad : {"EPSG:99999999", "UTM 18", "", "+proj=nonsense", "GEOGCS[broken"})
    EXPECT_THROW(Crs::parse(bad), InvalidInput) << bad;
  try {
    Crs::parse("EPSG:99999999");
  } catch (const InvalidInput& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("EPSG:99999999"));
  }
}

TEST(Transformer, TakesXAndLongitudeFirst) {
  Transformer t(Crs::parse("EPSG:4326"), Crs::parse("EPSG:32618"));
  double x = -75, y = 0;
  t.forward(&x, &y, 1);
  EXPECT_NEAR(x, 500000, 1e-6);
  EXPECT_NEAR(y, 0, 1e-6);
  EXPECT_FALSE(t.description().empty());
}

TEST(Transformer, ReturnsWhereItCameFrom) {
  Transformer to(Crs::parse("EPSG:32718"), Crs::parse("EPSG:32719")),
      back(Crs::parse("EPSG:32719"), Crs::parse("EPSG:32718"));
  for (double e = 200000; e < 800000; e += 50000)
    for (double n = 6000000; n < 9900000; n += 500000) {
      double x = e, y = n;
      to.forward(&x, &y, 1);
      back.forward(&x, &y, 1);
      EXPECT_NEAR(x, e, 1e-6);
      EXPECT_NEAR(y, n, 1e-6);
    }
}

TEST(Transformer, MarksPointsThatCannotBeTransformed) {
  Transformer t(Crs::parse("+proj=geos +h=35785831 +lon_0=0 +datum=WGS84"),
                Crs::parse("EPSG:4326"));
  double x[] = {0, 8e6}, y[] = {0, 8e6};
  t.forward(x, y, 2);
  EXPECT_NEAR(x[0], 0, 1e-9);
  EXPECT_EQ(x[1], HUGE_VAL);
  EXPECT_EQ(y[1], HUGE_VAL);
}

TEST(Transformer, GivesTheSameBitsInEveryThread) {
  Transformer t(Crs::parse("EPSG:32718"), Crs::parse("EPSG:32719"));
  double x0 = 312345.6, y0 = 8512345.6;
  const double x = x0, y = y0;
  t.forward(&x0, &y0, 1);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      Transformer own = t.clone();
      EXPECT_EQ(own.description(), t.description());
      for (int k = 0; k < 200; ++k) {
        double a = x, b = y;
        own.forward(&a, &b, 1);
        ASSERT_EQ(a, x0);
        ASSERT_EQ(b, y0);
      }
    });
}

}  // namespace
}  // namespace cubemill
