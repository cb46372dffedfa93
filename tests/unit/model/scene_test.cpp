#include "cubemill/model/scene.hpp"

#include <gtest/gtest.h>

namespace cubemill {
namespace {

Scene scene_at(const char* datetime, double west, double east) {
  Scene scene;
  const auto instant = parse_instant(datetime).value();
  scene.start = scene.end = instant.instant;
  scene.has_time_of_day = instant.has_time_of_day;
  scene.bbox = {{west, -10, east, 10}};
  return scene;
}

double centre(double west, double east) {
  return scene_at("2021-01-01", west, east).centre_longitude();
}

TEST(Scene, CentreLongitudeWrapsAtTheAntimeridian) {
  EXPECT_EQ(centre(10, 12), 11);
  EXPECT_EQ(centre(-12, -10), -11);
  EXPECT_EQ(centre(179, -179), 180);
  EXPECT_EQ(centre(179.5, -178.5), -179.5);
  EXPECT_EQ(centre(178, -179.5), 179.25);
  EXPECT_EQ(centre(-180, 180), 0);
  EXPECT_EQ(Scene().centre_longitude(), 0);
}

TEST(Scene, SolarDayUsesTheBboxCentre) {
  EXPECT_EQ(to_string(solar_day(scene_at("2020-05-25T23:35:47Z", 153, 155), 150)), "2020-05-26");
  EXPECT_EQ(to_string(solar_day(scene_at("2020-05-25T14:38:55Z", -72, -70), -71)), "2020-05-25");
}

TEST(Scene, SolarDayOnBothSidesOfTheAntimeridianIsThatOfTheOutput) {
  const Scene east = scene_at("2020-05-25T22:30:00Z", 178, 179.9);
  const Scene west = scene_at("2020-05-25T22:30:00Z", -179.9, -178);
  EXPECT_EQ(to_string(solar_day(east, 179)), "2020-05-26");
  EXPECT_EQ(to_string(solar_day(west, 179)), "2020-05-26");
  EXPECT_EQ(to_string(solar_day(east, -179)), "2020-05-25");
  EXPECT_EQ(to_string(solar_day(west, -179)), "2020-05-25");
}

TEST(Scene, SolarDayOfASceneWithoutATimeIsItsOwnDate) {
  EXPECT_EQ(to_string(solar_day(scene_at("2020-05-25", -179, -178), -178)), "2020-05-25");
  EXPECT_EQ(to_string(solar_day(scene_at("2020-05-25T00:00:00Z", -179, -178), -178)), "2020-05-25");
  EXPECT_EQ(to_string(solar_day(scene_at("2020-05-25T00:00:01Z", -179, -178), -178)), "2020-05-24");
}

TEST(Scene, FindsAnAssetByKeyBeforeName) {
  Scene scene;
  scene.assets["red"].key = "red";
  scene.assets["red"].names = {"B04"};
  scene.assets["other"].key = "other";
  scene.assets["other"].names = {"B05", "red"};
  EXPECT_EQ(scene.find_asset("red")->key, "red");
  EXPECT_EQ(scene.find_asset("B05")->key, "other");
  EXPECT_EQ(scene.find_asset("B04")->key, "red");
  EXPECT_EQ(scene.find_asset("nir"), nullptr);
}

TEST(Scene, ANameOfTwoAssetsFindsNeither) {
  Scene scene;
  scene.assets["B04_10m"].names = {"B04", "red"};
  scene.assets["B04_20m"].names = {"B04", "red"};
  EXPECT_EQ(scene.find_asset("red"), nullptr);
  EXPECT_NE(scene.find_asset("B04_10m"), nullptr);
}

}  // namespace
}  // namespace cubemill
