// Which overviews are read, and which flags lie under them (plan/overviews.hpp).
#include "cubemill/plan/overviews.hpp"

#include <gtest/gtest.h>

#include "cubemill/base/error.hpp"
#include "unit/plan/plan_fixture.hpp"

namespace cubemill {
namespace {

using testing_plan::grid;
using testing_plan::input_on;
using testing_plan::survey_of;
using Levels = std::vector<std::size_t>;

GeoBox scene_grid() { return grid("EPSG:32718", 30, 300015, 8500005, 1001, 803); }

void add_overviews(SceneInput& in, const std::vector<int>& factors, bool round_up = true) {
  const auto side = [&](std::int64_t size, int factor) {
    return (size + (round_up ? factor - 1 : 0)) / factor;
  };
  for (const int f : factors)
    in.info.overviews.push_back(
        {side(in.info.grid.width, f), side(in.info.grid.height, f), 128, 128, 0});
}

// One scene; red and nir have overviews.
Survey survey_with(const std::vector<int>& red, const std::vector<int>& nir, bool round_up = true) {
  Survey survey = survey_of({{"2023-01-01T10:00:00Z", scene_grid()}});
  survey.inputs[1].overviews = survey.inputs[2].overviews = true;
  add_overviews(survey.surveyed[0].inputs[0], {2, 4, 8, 16});
  add_overviews(survey.surveyed[0].inputs[1], red, round_up);
  add_overviews(survey.surveyed[0].inputs[2], nir, round_up);
  return survey;
}

Levels levels_at(const Survey& survey, double x, double y, const char* crs = "EPSG:32718") {
  GeoBox output = grid(crs, x, 300000, 8500020, 100, 100);
  output.transform.e = -y;
  return choose_levels(survey, output).front();
}

TEST(ChooseLevels, TakesTheCoarsestThatIsNoCoarserThanTheOutputOnBothSides) {
  for (const bool round_up : {true, false}) {
    const Survey survey = survey_with({2, 4, 8}, {2, 4, 8}, round_up);
    EXPECT_EQ((Levels{0, 0, 0}), levels_at(survey, 30, 30));
    EXPECT_EQ((Levels{0, 0, 0}), levels_at(survey, 59, 59));
    EXPECT_EQ((Levels{0, 1, 1}), levels_at(survey, 59.9, 60.1));  // as projections stretch
    EXPECT_EQ((Levels{0, 1, 1}), levels_at(survey, 60, 60));
    EXPECT_EQ((Levels{0, 1, 1}), levels_at(survey, 118, 500));
    EXPECT_EQ((Levels{0, 1, 1}), levels_at(survey, 500, 118));
    EXPECT_EQ((Levels{0, 2, 2}), levels_at(survey, 120, 120));
    EXPECT_EQ((Levels{0, 3, 3}), levels_at(survey, 5000, 5000));
  }
}

TEST(ChooseLevels, MeasuresTheOutputOnTheGround) {
  const Survey survey = survey_with({2, 4, 8}, {2, 4, 8});
  EXPECT_EQ((Levels{0, 1, 1}), levels_at(survey, 60, 60, "EPSG:32719"));
  EXPECT_EQ((Levels{0, 2, 2}), levels_at(survey, 0.0012, 0.0012, "EPSG:4326"));  // 131 m by 133 m
  EXPECT_EQ((Levels{0, 1, 1}), levels_at(survey, 0.0012, 0.0010, "EPSG:4326"));
}

TEST(ChooseLevels, WantsOneGridForAllBands) {
  EXPECT_EQ((Levels{0, 1, 1}), levels_at(survey_with({2, 4}, {2}), 120, 120));
  EXPECT_EQ((Levels{0, 2, 1}), levels_at(survey_with({2, 4}, {4}), 120, 120));
  EXPECT_EQ((Levels{0, 0, 0}), levels_at(survey_with({2, 4}, {4}), 60, 60));
  EXPECT_EQ((Levels{0, 0, 0}), levels_at(survey_with({2, 4}, {}), 120, 120));
  EXPECT_EQ((Levels{0, 0, 0}), levels_at(survey_with({}, {}), 120, 120));
}

TEST(ChooseLevels, TakesWhatOneBandHasInFullForAnOverviewOfAnother) {
  Survey survey = survey_of({{"2023-01-01T10:00:00Z", grid("EPSG:32718", 10, 0, 0, 2000, 1200)}});
  survey.inputs[1].overviews = survey.inputs[2].overviews = true;
  auto& inputs = survey.surveyed[0].inputs;
  inputs[1] = input_on(grid("EPSG:32718", 20, 0, 0, 1000, 600), "red");
  add_overviews(inputs[2], {2, 4});
  EXPECT_EQ((Levels{0, 0, 1}), levels_at(survey, 45, 45));
  EXPECT_EQ((Levels{0, 0, 0}), levels_at(survey, 15, 15));
  add_overviews(inputs[1], {2});
  EXPECT_EQ((Levels{0, 1, 2}), levels_at(survey, 45, 45));
}

TEST(ChooseLevels, ReadsInFullWhereFlagsDoNotRunAlongTheBands) {
  Survey survey = survey_with({2, 4}, {2, 4});
  survey.surveyed[0].inputs[0].info.grid.transform.b = 1;
  EXPECT_EQ((Levels{0, 0, 0}), levels_at(survey, 120, 120));
}

TEST(ChooseLevels, ReadsInFullWhatIsNoMeasurement) {
  Survey survey = survey_with({2, 4}, {2, 4});
  survey.inputs[2].overviews = false;
  EXPECT_EQ((Levels{0, 2, 0}), levels_at(survey, 120, 120));
}

PixelRange under(const std::vector<std::int64_t>& sizes, std::int64_t first, std::int64_t last,
                 double scale = 1, double offset = 0) {
  return flags_under(OverviewAxis{sizes, scale, offset}, {first, last});
}

TEST(FlagsUnder, AreThoseOfAWholeFactor) {
  EXPECT_EQ((PixelRange{0, 4}), under({25, 100}, 0, 1));
  EXPECT_EQ((PixelRange{96, 100}), under({25, 100}, 24, 25));
  EXPECT_EQ((PixelRange{40, 60}), under({25, 50, 100}, 10, 15));
}

TEST(FlagsUnder, AreAllThatAPixelOfAnotherRatioTouches) {
  // Pixels of 7 / 4: 0…1.75, 1.75…3.5, 3.5…5.25, 5.25…7.
  EXPECT_EQ((PixelRange{0, 2}), under({4, 7}, 0, 1));
  EXPECT_EQ((PixelRange{1, 4}), under({4, 7}, 1, 2));
  EXPECT_EQ((PixelRange{3, 6}), under({4, 7}, 2, 3));
  EXPECT_EQ((PixelRange{5, 7}), under({4, 7}, 3, 4));
  EXPECT_EQ((PixelRange{0, 7}), under({1, 7}, 0, 1));
}

TEST(FlagsUnder, PassThroughTheLevelsBetween) {
  // Of the level between the last two: 3.5…7.
  EXPECT_EQ((PixelRange{3, 7}), under({2, 4, 7}, 1, 2));
  EXPECT_EQ((PixelRange{1, 8}), under({3, 5, 9}, 1, 2));  // of the level between 1.67…3.33, so 1…4
}

TEST(FlagsUnder, MayHaveOtherPixelsThanTheBands) {
  EXPECT_EQ((PixelRange{2, 4}), under({25, 100}, 1, 2, 0.5));
  EXPECT_EQ((PixelRange{8, 16}), under({25, 100}, 1, 2, 2));
  EXPECT_EQ((PixelRange{-1, 4}), under({25, 100}, 0, 1, 1, -0.5));
  EXPECT_EQ((PixelRange{0, 4}), under({25, 100}, 0, 1, 1 + 1e-13, -1e-9));  // rounding
}

TEST(SetLevel, KeepsTheGround) {
  SceneInput in = input_on(scene_grid(), "red");
  add_overviews(in, {2, 4, 8});
  set_level(in, 2);
  EXPECT_EQ(251, in.info.grid.width);
  EXPECT_EQ(201, in.info.grid.height);
  EXPECT_EQ(128, in.info.block_width);
  EXPECT_EQ((std::vector<RasterSize>{{1001, 803}, {501, 402}}), in.finer);
  EXPECT_DOUBLE_EQ(scene_grid().bounds().right, in.info.grid.bounds().right);
  EXPECT_DOUBLE_EQ(scene_grid().bounds().bottom, in.info.grid.bounds().bottom);
  EXPECT_NEAR(30, in.full_grid().transform.a, 1e-13);
  EXPECT_EQ(1001, in.full_grid().width);
}

Survey read_at(std::size_t level) {
  Survey survey = survey_with({2, 4, 8}, {2, 4, 8});
  for (const std::size_t band : {1, 2}) set_level(survey.surveyed[0].inputs[band], level);
  return survey;
}

TEST(PlanOfOverviews, BringsFlagsToTheGridOfTheBands) {
  const Survey survey = read_at(2);
  Plan plan = testing_plan::placed(survey, grid("EPSG:32718", 120, 300015, 8500005, 250, 200));
  const PlannedScene& scene = plan.scenes[0];
  ASSERT_TRUE(scene.cover);
  EXPECT_EQ(scene.inputs[1].lattice, scene.inputs[0].lattice);
  EXPECT_EQ(scene.inputs[2].lattice, scene.inputs[1].lattice);
  EXPECT_EQ(1u, scene.cover->columns.size());
  EXPECT_EQ((std::vector<std::int64_t>{251, 501, 1001}), scene.cover->columns[0].sizes);
  EXPECT_EQ((std::vector<std::int64_t>{201, 402, 803}), scene.cover->rows[0].sizes);
  cut_chunks(plan, survey, Order::tile, 64);
  count_blocks(plan, survey);
  EXPECT_EQ(std::uint64_t(4 * 4 + 2 * 2 * 2), plan.blocks);  // flags of 256, overviews of 128
  for (const ChunkScene& use : plan.chunk_scenes) {
    const SourceWindow &flags = plan.windows[use.first_window],
                       &band = plan.windows[use.first_window + 1];
    const PixelRange x = flags_under(scene.cover->columns, {band.left, band.right});
    EXPECT_EQ(x.first, flags.left);
    EXPECT_EQ(std::min<std::int64_t>(x.last, 1001), flags.right);
    EXPECT_LE(flags.bottom, 803);
    EXPECT_GE(flags.bottom - flags.top, 3 * (band.bottom - band.top));
  }
}

TEST(PlanOfOverviews, SamplesFlagsByModeAsTheyAre) {
  Survey survey = read_at(1);
  survey.inputs[0].method = Resampling::mode;
  const Plan plan = testing_plan::placed(survey, grid("EPSG:32718", 60, 300015, 8500005, 9, 9));
  EXPECT_FALSE(plan.scenes[0].cover);
  EXPECT_NE(plan.scenes[0].inputs[0].lattice, plan.scenes[0].inputs[1].lattice);
}

TEST(PlanOfOverviews, MakesOneLatticeForScenesOfOneSize) {
  Survey survey = survey_of({{"2023-01-01T10:00:00Z", scene_grid()},
                             {"2023-01-02T10:00:00Z", scene_grid()},
                             {"2023-01-03T10:00:00Z", scene_grid()}});
  survey.inputs[1].overviews = survey.inputs[2].overviews = true;
  for (SurveyedScene& scene : survey.surveyed)
    for (const std::size_t band : {1, 2}) {
      add_overviews(scene.inputs[band], {2});
      set_level(scene.inputs[band], 1);
    }
  EXPECT_EQ(2u, testing_plan::placed(survey, scene_grid()).lattices.size());  // in full, and half
}

TEST(PlanOfOverviews, StillRefusesBandsOfOtherGround) {
  Survey survey = survey_with({2, 4, 8}, {2, 4, 8});
  survey.surveyed[0].inputs[0].info.grid.transform.c += 65;  // two pixels of full resolution
  for (const std::size_t band : {1, 2}) set_level(survey.surveyed[0].inputs[band], 3);
  EXPECT_THROW(testing_plan::placed(survey, scene_grid()), InvalidInput);
}

}  // namespace
}  // namespace cubemill
