#include "cubemill/model/period.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

using testing::ElementsAre;

Date day(std::int32_t year, std::int32_t month, std::int32_t day_of_month) {
  return date_of({year, month, day_of_month});
}

std::string label(const Periods& periods, Date date) {
  const auto index = periods.index_of(date);
  return index ? periods.labels().at(*index) : "outside";
}

TEST(PeriodKind, EveryNameReadsBackAsItself) {
  for (const char* name : {"season", "season-year", "month", "month-year", "year", "all"})
    EXPECT_EQ(to_string(parse_period(name)), name);
}

TEST(PeriodKind, AnUnknownNameListsTheKnown) {
  try {
    parse_period("quarter");
    FAIL();
  } catch (const InvalidInput& error) {
    EXPECT_STREQ(error.what(),
                 "unknown period 'quarter': choose one of season, season-year, month, month-year, "
                 "year, all");
  }
}

TEST(Periods, SeasonsArePooledAndAlwaysFour) {
  const Periods periods(PeriodKind::season, day(2021, 7, 1), day(2021, 7, 1));
  EXPECT_THAT(periods.labels(), ElementsAre("DJF", "MAM", "JJA", "SON"));
  EXPECT_EQ(label(periods, day(2020, 12, 31)), "DJF");
  EXPECT_EQ(label(periods, day(2021, 2, 28)), "DJF");
  EXPECT_EQ(label(periods, day(2021, 3, 1)), "MAM");
  EXPECT_EQ(label(periods, day(1999, 5, 31)), "MAM");
  EXPECT_EQ(label(periods, day(2021, 6, 1)), "JJA");
  EXPECT_EQ(label(periods, day(2021, 8, 31)), "JJA");
  EXPECT_EQ(label(periods, day(2021, 9, 1)), "SON");
  EXPECT_EQ(label(periods, day(2021, 11, 30)), "SON");
  EXPECT_EQ(label(periods, day(2021, 12, 1)), "DJF");
}

TEST(Periods, DecemberBelongsToTheNextYearsWinter) {
  const Periods periods(PeriodKind::season_year, day(2020, 11, 30), day(2021, 12, 15));
  EXPECT_THAT(periods.labels(),
              ElementsAre("2020-SON", "2021-DJF", "2021-MAM", "2021-JJA", "2021-SON", "2022-DJF"));
  EXPECT_EQ(label(periods, day(2020, 12, 1)), "2021-DJF");
  EXPECT_EQ(label(periods, day(2021, 1, 1)), "2021-DJF");
  EXPECT_EQ(label(periods, day(2021, 12, 31)), "2022-DJF");
  EXPECT_EQ(label(periods, day(2022, 3, 1)), "outside");
  EXPECT_EQ(label(periods, day(2020, 8, 31)), "outside");
}

TEST(Periods, MonthsArePooledAndAlwaysTwelve) {
  const Periods periods(PeriodKind::month, day(2021, 7, 1), day(2021, 7, 2));
  EXPECT_EQ(periods.size(), 12U);
  EXPECT_EQ(periods.labels().front(), "01");
  EXPECT_EQ(periods.labels().back(), "12");
  EXPECT_EQ(label(periods, day(1987, 12, 31)), "12");
}

TEST(Periods, MonthsOfYearsRunThroughEmptyOnes) {
  const Periods periods(PeriodKind::month_year, day(2020, 11, 30), day(2021, 2, 1));
  EXPECT_THAT(periods.labels(), ElementsAre("2020-11", "2020-12", "2021-01", "2021-02"));
  EXPECT_EQ(label(periods, day(2020, 12, 31)), "2020-12");
  EXPECT_EQ(label(periods, day(2021, 3, 1)), "outside");
  EXPECT_EQ(label(periods, day(2020, 10, 31)), "outside");
}

TEST(Periods, YearsAndAll) {
  const Periods years(PeriodKind::year, day(2019, 12, 31), day(2021, 1, 1));
  EXPECT_THAT(years.labels(), ElementsAre("2019", "2020", "2021"));
  EXPECT_EQ(label(years, day(2018, 12, 31)), "outside");
  const Periods all(PeriodKind::all, day(2019, 12, 31), day(2021, 1, 1));
  EXPECT_THAT(all.labels(), ElementsAre("all"));
  EXPECT_EQ(label(all, day(1900, 1, 1)), "all");
}

TEST(Periods, LabelsHaveFourDigitsFromTheFirstYearOn) {
  EXPECT_THAT(Periods(PeriodKind::year, day(1, 1, 1), day(1, 1, 1)).labels(), ElementsAre("0001"));
  EXPECT_THAT(Periods(PeriodKind::season_year, day(1, 1, 1), day(1, 1, 1)).labels(),
              ElementsAre("0001-DJF"));
  EXPECT_EQ(Periods(PeriodKind::month_year, day(1, 1, 1), day(9999, 12, 31)).size(), 9999U * 12);
}

TEST(Periods, EveryDayOfTheIntervalHasAPeriodAndTheyFollowInTime) {
  for (const PeriodKind kind :
       {PeriodKind::season_year, PeriodKind::month_year, PeriodKind::year}) {
    const Date first = day(2018, 5, 17), last = day(2022, 1, 3);
    const Periods periods(kind, first, last);
    std::size_t before = 0;
    for (Date date = first; date <= last; ++date.days) {
      const auto index = periods.index_of(date);
      ASSERT_TRUE(index) << to_string(date);
      ASSERT_TRUE(*index == before || *index == before + 1) << to_string(date);
      before = *index;
    }
    EXPECT_EQ(before + 1, periods.size());
  }
}

TEST(Periods, AReversedIntervalIsAnError) {
  EXPECT_THROW(Periods(PeriodKind::year, day(2021, 1, 2), day(2021, 1, 1)), InvalidInput);
}

}  // namespace
}  // namespace cubemill
