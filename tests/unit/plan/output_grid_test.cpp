#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cubemill/base/error.hpp"
#include "unit/plan/plan_fixture.hpp"

namespace cubemill::testing_plan {
namespace {

using testing::HasSubstr;

constexpr const char* day = "2021-05-01T15:00:00Z";

/// Three scenes of one zone on the lattice of Landsat, one of the next zone.
Survey landsat() {
  return survey_of({{day, grid("EPSG:32718", 30, 300015, 8500005, 100, 80)},
                    {day, grid("EPSG:32718", 30, 301515, 8499405, 100, 80)},
                    {day, grid("EPSG:32718", 30, 300015, 8500005, 100, 80)},
                    {day, grid("EPSG:32719", 30, -349995, 8490015, 10, 10)}});
}

Recipe boxed(double w, double s, double e, double n, const char* crs = "EPSG:4326") {
  Recipe recipe;
  recipe.bbox = Box{w, s, e, n};
  recipe.bbox_crs = crs;
  return recipe;
}

void expect_grid(const GeoBox& g, const char* crs, double resolution, double left, double top,
                 std::int64_t width, std::int64_t height) {
  EXPECT_EQ(g.crs.name(), crs);
  EXPECT_EQ(g.transform, (Affine{resolution, 0, left, 0, -resolution, top}));
  EXPECT_EQ(g.width, width);
  EXPECT_EQ(g.height, height);
}

double offset(double value, double step) { return value - step * std::floor(value / step); }

TEST(OutputGrid, IsThatOfMostScenesAndCoversAllOfThem) {
  Survey survey = landsat();
  survey.surveyed.pop_back();
  expect_grid(choose_grid(survey, {}, nullptr), "EPSG:32718", 30, 300015, 8500005, 150, 100);
}

TEST(OutputGrid, DoesNotDependOnTheOrderOfScenes) {
  Survey survey = landsat();
  const GeoBox g = choose_grid(survey, {}, nullptr);
  EXPECT_EQ(g.crs.name(), "EPSG:32718");
  EXPECT_EQ(offset(g.transform.c, 30), 15);
  for (int i = 0; i < 4; ++i) {
    std::rotate(survey.surveyed.begin(), survey.surveyed.begin() + 1, survey.surveyed.end());
    const GeoBox other = choose_grid(survey, {}, nullptr);
    EXPECT_EQ(other.transform, g.transform);
    EXPECT_EQ(other.width, g.width);
    EXPECT_EQ(other.height, g.height);
  }
}

TEST(OutputGrid, LooksAtBandsAndNotAtFlags) {
  Survey survey = landsat();
  for (SurveyedScene& s : survey.surveyed)
    s.inputs[0].info.grid.transform.a = 60, s.inputs[0].info.grid.transform.e = -60;
  EXPECT_EQ(choose_grid(survey, {}, nullptr).transform.a, 30);
}

TEST(OutputGrid, SnapsABoxOutwardsToTheLattice) {
  const GeoBox g =
      choose_grid(landsat(), boxed(300100, 8498010, 301000, 8499000, "EPSG:32718"), nullptr);
  expect_grid(g, "EPSG:32718", 30, 300075, 8499015, 31, 34);
  // A box on the lattice stays as it is.
  expect_grid(
      choose_grid(landsat(), boxed(300075, 8498985, 300105, 8499015, "EPSG:32718"), nullptr),
      "EPSG:32718", 30, 300075, 8499015, 1, 1);
  expect_grid(
      choose_grid(landsat(), boxed(300075 + 1e-6, 8498985, 300105 - 1e-6, 8499015, "EPSG:32718"),
                  nullptr),
      "EPSG:32718", 30, 300075, 8499015, 1, 1);
}

TEST(OutputGrid, CoversTheDensifiedOutlineOfABoxInDegrees) {
  const GeoBox g = choose_grid(landsat(), boxed(-77, -14, -76, -13), nullptr);
  Transformer to(Crs::parse("EPSG:4326"), g.crs);
  for (int i = 0; i <= 100; ++i)
    for (const Point p : {Point{-77 + i / 100.0, -14},
                          {-77 + i / 100.0, -13},
                          {-77, -14 + i / 100.0},
                          {-76, -14 + i / 100.0}}) {
      Point q = p;
      to.forward(&q.x, &q.y, 1);
      const Point pixel = g.transform.inverse().apply(q.x, q.y);
      EXPECT_TRUE(pixel.x > -0.01 && pixel.x < double(g.width) + 0.01 && pixel.y > -0.01 &&
                  pixel.y < double(g.height) + 0.01)
          << q.x << " " << q.y;
    }
}

TEST(OutputGrid, AnchorsAtEdgesWhereResolutionOrCrsIsAnother) {
  Recipe recipe = boxed(300100, 8498010, 301000, 8499000, "EPSG:32718");
  recipe.grid.resolution = {60, 20};
  const GeoBox g = choose_grid(landsat(), recipe, nullptr);
  EXPECT_EQ(g.transform, (Affine{60, 0, 300060, 0, -20, 8499000}));
  EXPECT_EQ(g.width, 16);
  EXPECT_EQ(g.height, 50);
  recipe.grid.resolution = {30, 30};  // as the scenes: their lattice stays
  EXPECT_EQ(choose_grid(landsat(), recipe, nullptr).transform.c, 300075);
  recipe = boxed(-77, -14, -76.9, -13.9);
  recipe.grid.crs = "EPSG:32719";
  const GeoBox other = choose_grid(landsat(), recipe, nullptr);
  EXPECT_EQ(other.transform.a, 30);
  EXPECT_EQ(offset(other.transform.c, 30), 0);
  EXPECT_EQ(offset(other.transform.f, 30), 0);
}

TEST(OutputGrid, ObeysTheAnchor) {
  Recipe recipe = boxed(300100, 8498010, 301000, 8499000, "EPSG:32718");
  recipe.grid.anchor = {Anchor::Kind::edge};
  EXPECT_EQ(choose_grid(landsat(), recipe, nullptr).transform.c, 300090);
  recipe.grid.anchor = {Anchor::Kind::center};
  recipe.grid.resolution = {20, 20};
  EXPECT_EQ(choose_grid(landsat(), recipe, nullptr).transform.c, 300090);
  EXPECT_EQ(choose_grid(landsat(), recipe, nullptr).transform.f, 8499010);
  recipe.grid.anchor = {Anchor::Kind::point, 1000007, -13};
  EXPECT_EQ(choose_grid(landsat(), recipe, nullptr).transform.c, 300087);
  EXPECT_EQ(choose_grid(landsat(), recipe, nullptr).transform.f, 8499007);
}

TEST(OutputGrid, AsksForAResolutionWhereTheUnitsChange) {
  Recipe recipe = boxed(-77, -14, -76, -13);
  recipe.grid.crs = "EPSG:4326";
  EXPECT_THROW(choose_grid(landsat(), recipe, nullptr), InvalidInput);
  recipe.grid.resolution = {0.001, 0.001};
  const GeoBox g = choose_grid(landsat(), recipe, nullptr);
  expect_grid(g, "EPSG:4326", 0.001, -77, -13, 1000, 1000);
}

TEST(OutputGrid, CrossesTheAntimeridian) {
  const Survey survey = survey_of(
      {{day, grid("EPSG:32701", 30, 300015, 8000005, 100, 80)}});  // Fiji, 177 degrees west
  const GeoBox utm = choose_grid(survey, boxed(179.9, -18.1, -179.9, -18), nullptr);
  EXPECT_EQ(utm.crs.name(), "EPSG:32701");
  EXPECT_NEAR(double(utm.width) * 30, 21200, 600);
  Recipe recipe = boxed(179.9, -18.1, -179.9, -18);
  recipe.grid.crs = "EPSG:3832", recipe.grid.resolution = {30, 30};
  EXPECT_NEAR(double(choose_grid(survey, recipe, nullptr).width) * 30, 22264, 100);
  recipe.grid.crs = "EPSG:4326", recipe.grid.resolution = {0.001, 0.001};
  const GeoBox degrees = choose_grid(survey, recipe, nullptr);
  EXPECT_EQ(degrees.width, 200);
  EXPECT_NEAR(degrees.transform.c, 179.9, 1e-9);
}

TEST(OutputGrid, UnitesScenesOnBothSidesOfTheAntimeridian) {
  const Survey survey = survey_of({{day, grid("EPSG:32701", 30, 200015, 8000005, 100, 80)},
                                   {day, grid("EPSG:32760", 30, 800015, 8000005, 100, 80)}});
  Recipe recipe;
  recipe.grid.crs = "EPSG:4326", recipe.grid.resolution = {0.001, 0.001};
  EXPECT_LT(choose_grid(survey, recipe, nullptr).width, 1000)
      << "around the whole world instead of across 180 degrees";
}

TEST(OutputGrid, IsThatOfTheLikeRaster) {
  const GeoBox like = grid("EPSG:3857", 100, -8600050, -1600050, 500, 400);
  const GeoBox whole = choose_grid(landsat(), {}, &like);
  EXPECT_EQ(whole.transform, like.transform);
  EXPECT_EQ(whole.width, 500);
  const GeoBox part =
      choose_grid(landsat(), boxed(-8600010, -1600270, -8599750, -1600100, "EPSG:3857"), &like);
  expect_grid(part, "EPSG:3857", 100, -8600050, -1600050, 3, 3);
  const GeoBox clipped =
      choose_grid(landsat(), boxed(-8700000, -1600200, -8599950, -1500000, "EPSG:3857"), &like);
  expect_grid(clipped, "EPSG:3857", 100, -8600050, -1600050, 1, 2);
  EXPECT_THROW(choose_grid(landsat(), boxed(10, 10, 11, 11), &like), InvalidInput);
}

TEST(OutputGrid, CropsALikeRasterInDegreesOnEitherSideOfTheGlobe) {
  const GeoBox like = grid("EPSG:4326", 0.25, 0, 90, 1440, 720);  // 0 … 360
  expect_grid(choose_grid(landsat(), boxed(-77, -14, -76, -13), &like), "EPSG:4326", 0.25, 283, -13,
              4, 4);
}

TEST(OutputGrid, RefusesWhatIsTooLargeToBeMeant) {
  Recipe recipe = boxed(-77, -14, -76, -13);
  recipe.grid.resolution = {0.01, 0.01};
  EXPECT_THROW(choose_grid(landsat(), recipe, nullptr), InvalidInput);
  recipe.grid.crs = "EPSG:4326", recipe.grid.resolution = {1e-9, 1e-9};
  try {
    choose_grid(landsat(), recipe, nullptr);
    FAIL();
  } catch (const InvalidInput& error) {
    EXPECT_THAT(error.what(), HasSubstr("--resolution"));
    EXPECT_THAT(error.what(), HasSubstr("EPSG:4326"));
  }
  const GeoBox like = grid("EPSG:3857", 1, 0, 0, 3'000'000, 10);
  EXPECT_THROW(choose_grid(landsat(), {}, &like), InvalidInput);
}

TEST(OutputGrid, KeepsTheCornersOfASouthUpScene) {
  Survey survey =
      survey_of({{day, {Crs::parse("EPSG:32718"), {30, 0, 300015, 0, 30, 8497605}, 100, 80}}});
  expect_grid(choose_grid(survey, {}, nullptr), "EPSG:32718", 30, 300015, 8500005, 100, 80);
}

}  // namespace
}  // namespace cubemill::testing_plan
