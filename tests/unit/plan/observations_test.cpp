#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cubemill/base/error.hpp"
#include "unit/plan/plan_fixture.hpp"

namespace cubemill::testing_plan {
namespace {

using testing::ElementsAre;

const GeoBox peru = grid("EPSG:32718", 30, 300015, 8500005, 100, 100);       // 76.8 degrees west
const GeoBox australia = grid("EPSG:32755", 30, 300015, 6000005, 100, 100);  // 144.8 degrees east

std::vector<std::string> dates(const Plan& plan) {
  std::vector<std::string> all;
  for (const Observation& o : plan.observations) all.push_back(to_string(o.date));
  return all;
}

TEST(Observations, AreTheScenesOfOneSolarDay) {
  const Survey survey = survey_of({{"2021-05-01T15:00:00Z", peru},
                                   {"2021-05-01T15:00:24Z", peru},
                                   {"2021-05-17T15:00:00Z", peru}});
  const Plan plan = placed(survey, peru);
  EXPECT_THAT(dates(plan), ElementsAre("2021-05-01", "2021-05-17"));
  EXPECT_THAT(plan.observations[0].scenes, ElementsAre(0, 1));
  EXPECT_THAT(plan.observations[1].scenes, ElementsAre(2));
}

TEST(Observations, FollowTheSunAcrossMidnightUtc) {
  // 23:50 and 00:10 UTC are one morning in Australia, 14:50 and 15:10 … of the later day.
  const Survey survey =
      survey_of({{"2021-05-01T23:50:00Z", australia}, {"2021-05-02T00:10:00Z", australia}});
  EXPECT_THAT(dates(placed(survey, australia)), ElementsAre("2021-05-02"));
  // An evening in Peru that UTC counts to the next day.
  EXPECT_THAT(dates(placed(survey_of({{"2021-05-02T03:00:00Z", peru}}), peru)),
              ElementsAre("2021-05-01"));
}

TEST(Observations, TakeADateWithoutATimeAsItIs) {
  EXPECT_THAT(dates(placed(survey_of({{"2021-05-02", peru}}), peru)), ElementsAre("2021-05-02"));
}

TEST(Observations, AreSingleScenesWhenAskedSo) {
  Recipe recipe;
  recipe.group_by = GroupBy::scene;
  const Survey survey = survey_of({{"2021-05-01T15:00:00Z", peru},
                                   {"2021-05-01T15:00:24Z", peru},
                                   {"2021-05-02T03:00:00Z", peru}});
  const Plan plan = placed(survey, peru, recipe);
  EXPECT_THAT(dates(plan), ElementsAre("2021-05-01", "2021-05-01", "2021-05-02"))
      << "the date of a scene is its date in UTC";
  EXPECT_THAT(plan.observations[1].scenes, ElementsAre(1));
}

TEST(Observations, StandInOrderOfTheirDates) {
  // By UTC the second comes later; by the sun it is the day before.
  const Survey survey = survey_of({{"2021-05-02", peru}, {"2021-05-02T03:00:00Z", peru}});
  const Plan plan = placed(survey, peru);
  EXPECT_THAT(dates(plan), ElementsAre("2021-05-01", "2021-05-02"));
  EXPECT_THAT(plan.observations[0].scenes, ElementsAre(1));
}

TEST(Observations, FallIntoTheirPeriods) {
  Recipe recipe;
  recipe.period = PeriodKind::month_year;
  recipe.datetime = {date_of({2021, 3, 10}), date_of({2021, 6, 2})};
  const Survey survey = survey_of({{"2021-04-05T15:00:00Z", peru},
                                   {"2021-04-21T15:00:00Z", peru},
                                   {"2021-05-31T15:00:00Z", peru}});
  const Plan plan = placed(survey, peru, recipe);
  EXPECT_THAT(plan.periods.labels(), ElementsAre("2021-03", "2021-04", "2021-05", "2021-06"));
  EXPECT_EQ(plan.observations[0].period, 1u);
  EXPECT_EQ(plan.observations[2].period, 2u);
  EXPECT_EQ(plan.most_observations, 2u);
}

TEST(Observations, OutsideTheAskedIntervalWidenThePeriods) {
  // Selected by UTC on the first of May, but on a day of April by the sun.
  Recipe recipe;
  recipe.period = PeriodKind::month_year;
  recipe.datetime = {date_of({2021, 5, 1}), date_of({2021, 5, 31})};
  const Plan plan = placed(survey_of({{"2021-05-01T03:00:00Z", peru}}), peru, recipe);
  EXPECT_THAT(plan.periods.labels(), ElementsAre("2021-04", "2021-05"));
  EXPECT_EQ(plan.observations[0].period, 0u);
}

TEST(Observations, HaveTheRangeOfTheItemsAtOpenEnds) {
  Recipe recipe;
  recipe.period = PeriodKind::year;
  recipe.datetime = {date_of({2019, 1, 1}), {}};
  const Plan plan = placed(
      survey_of({{"2020-05-01T15:00:00Z", peru}, {"2021-05-01T15:00:00Z", peru}}), peru, recipe);
  EXPECT_THAT(plan.periods.labels(), ElementsAre("2019", "2020", "2021"));
}

TEST(Observations, TakeTheLongitudeOfAnOutputInDegrees) {
  const GeoBox output = grid("EPSG:4326", 0.001, 144.8, -36, 50, 50);
  EXPECT_THAT(dates(placed(survey_of({{"2021-05-01T23:50:00Z", australia}}), output)),
              ElementsAre("2021-05-02"));
}

}  // namespace
}  // namespace cubemill::testing_plan
