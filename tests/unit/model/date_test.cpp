#include "cubemill/model/date.hpp"

#include <gtest/gtest.h>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

Instant at(const char* text) { return parse_instant(text).value().instant; }

std::string shown(const char* text) { return to_string(at(text)); }

std::string interval(const std::string& text) {
  const DateInterval i = parse_interval(text);
  return (i.first ? to_string(*i.first) : "..") + "/" + (i.last ? to_string(*i.last) : "..");
}

TEST(Date, CountsDaysFromTheEpoch) {
  EXPECT_EQ(date_of({1970, 1, 1}).days, 0);
  EXPECT_EQ(date_of({1969, 12, 31}).days, -1);
  EXPECT_EQ(date_of({2000, 2, 29}).days, 11016);
  EXPECT_EQ(to_string(Date{-1}), "1969-12-31");
  EXPECT_EQ(to_string(date_of({1, 1, 1})), "0001-01-01");
  EXPECT_EQ(to_string(date_of({9999, 12, 31})), "9999-12-31");
}

TEST(Date, CivilAndBackIsTheSameForEveryDayOfFourCenturies) {
  for (std::int32_t day = date_of({1799, 12, 31}).days; day < date_of({2200, 1, 1}).days; ++day) {
    const CivilDate c = civil({day});
    ASSERT_EQ(date_of(c).days, day);
    ASSERT_TRUE(c.month >= 1 && c.month <= 12 && c.day >= 1 && c.day <= 31);
  }
}

TEST(Instant, ReadsEveryFormOfRfc3339) {
  EXPECT_EQ(shown("2021-03-15T10:21:00Z"), "2021-03-15T10:21:00Z");
  EXPECT_EQ(shown("2021-03-15t10:21:00z"), "2021-03-15T10:21:00Z");
  EXPECT_EQ(shown("2021-03-15 10:21:00.5Z"), "2021-03-15T10:21:00.5Z");
  EXPECT_EQ(shown("2021-03-15T10:21:00.000001+00:00"), "2021-03-15T10:21:00.000001Z");
  EXPECT_EQ(shown("2021-03-15T10:21:00"), "2021-03-15T10:21:00Z");
}

TEST(Instant, RoundsDownWhatIsFinerThanAMicrosecond) {
  EXPECT_EQ(shown("2021-03-15T10:21:00.1234569999999999999Z"), "2021-03-15T10:21:00.123456Z");
  EXPECT_EQ(shown("1960-03-15T10:21:00.1234569Z"), "1960-03-15T10:21:00.123456Z");
}

TEST(Instant, AppliesTheOffset) {
  EXPECT_EQ(shown("2021-01-01T01:30:00+02:00"), "2020-12-31T23:30:00Z");
  EXPECT_EQ(shown("2020-12-31T20:30:00-05:30"), "2021-01-01T02:00:00Z");
}

TEST(Instant, CountsALeapSecondAsTheLastOrdinaryOne) {
  EXPECT_EQ(shown("2016-12-31T23:59:60Z"), "2016-12-31T23:59:59Z");
}

TEST(Instant, RejectsWhatIsNoTime) {
  for (const char* text : {"",
                           "2021",
                           "2021-03",
                           "2021-3-15",
                           "2021-02-30",
                           "2021-02-29",
                           "2021-13-01",
                           "2021-00-10",
                           "2021-01-00",
                           "0000-01-01",
                           "2021-01-01T",
                           "2021-01-01T25:00:00Z",
                           "2021-01-01T24:00:00Z",
                           "2021-01-01T10:60:00Z",
                           "2021-01-01T10:00:61Z",
                           "2021-01-01T10:00Z",
                           "2021-01-01T10:00:00.Z",
                           "2021-01-01T10:00:00+2:00",
                           "2021-01-01T10:00:00+0200",
                           "2021-01-01T10:00:00Zx",
                           "2021-01-01Z",
                           " 2021-01-01",
                           "2021-01-01 ",
                           "0001-01-01T00:00:00+02:00",
                           "9999-12-31T23:00:00-02:00",
                           "20210101",
                           "abcd-ef-gh"})
    EXPECT_FALSE(parse_instant(text)) << text;
}

TEST(Instant, KnowsWhetherTheDayHasATime) {
  EXPECT_FALSE(parse_instant("2021-01-01")->has_time_of_day);
  EXPECT_FALSE(parse_instant("2021-01-01T00:00:00.000Z")->has_time_of_day);
  EXPECT_FALSE(parse_instant("2021-01-01T02:00:00+02:00")->has_time_of_day);
  EXPECT_TRUE(parse_instant("2021-01-01T00:00:00.000001Z")->has_time_of_day);
  EXPECT_TRUE(parse_instant("2021-01-01T00:00:00+02:00")->has_time_of_day);
}

TEST(Instant, UtcDateGoesBackwardsBeforeTheEpoch) {
  EXPECT_EQ(to_string(utc_date({-1})), "1969-12-31");
  EXPECT_EQ(to_string(utc_date({0})), "1970-01-01");
  EXPECT_EQ(to_string(Instant{-1}), "1969-12-31T23:59:59.999999Z");
}

TEST(SolarDate, ChangesAtSolarMidnight) {
  // 150°E is ten hours ahead: solar midnight is 14:00 UTC.
  EXPECT_EQ(to_string(solar_date(at("2020-05-25T13:59:59Z"), 150)), "2020-05-25");
  EXPECT_EQ(to_string(solar_date(at("2020-05-25T14:00:00Z"), 150)), "2020-05-26");
  EXPECT_EQ(to_string(solar_date(at("2020-05-25T09:59:59Z"), -150)), "2020-05-24");
  EXPECT_EQ(to_string(solar_date(at("2020-05-25T10:00:00Z"), -150)), "2020-05-25");
  EXPECT_EQ(to_string(solar_date(at("2020-05-25T12:00:00Z"), 180)), "2020-05-26");
}

TEST(SolarDate, CutsTheOffsetToWholeSecondsTowardZero) {
  // 0.999 s east and west of Greenwich are no offset at all.
  EXPECT_EQ(to_string(solar_date(at("2020-05-25T23:59:59.5Z"), 0.999 / 240)), "2020-05-25");
  EXPECT_EQ(to_string(solar_date(at("2020-05-25T23:59:59.5Z"), 1.001 / 240)), "2020-05-26");
  EXPECT_EQ(to_string(solar_date(at("2020-05-25T00:00:00.5Z"), -0.999 / 240)), "2020-05-25");
  EXPECT_EQ(to_string(solar_date(at("2020-05-25T00:00:00.5Z"), -1.001 / 240)), "2020-05-24");
}

TEST(DateInterval, WidensToWholeDays) {
  EXPECT_EQ(interval("2021-01-01/2021-02-01"), "2021-01-01/2021-02-01");
  EXPECT_EQ(interval("2021"), "2021-01-01/2021-12-31");
  EXPECT_EQ(interval("2020-02"), "2020-02-01/2020-02-29");
  EXPECT_EQ(interval("2021-02/2021-12"), "2021-02-01/2021-12-31");
  EXPECT_EQ(interval("2021-03-15"), "2021-03-15/2021-03-15");
  EXPECT_EQ(interval("2021-03-15T10:00:00Z/2021-03-16T23:30:00-02:00"), "2021-03-15/2021-03-17");
  EXPECT_EQ(interval("9999-12"), "9999-12-01/9999-12-31");
}

TEST(DateInterval, HasOpenEnds) {
  EXPECT_EQ(interval("2021/.."), "2021-01-01/..");
  EXPECT_EQ(interval("../2021"), "../2021-12-31");
  EXPECT_EQ(interval("2021/"), "2021-01-01/..");
  EXPECT_EQ(interval("/2021"), "../2021-12-31");
  EXPECT_EQ(interval("../.."), "../..");
}

TEST(DateInterval, RejectsTheReversedAndTheUnreadable) {
  for (const char* text : {"2021-02-01/2021-01-01", "2022/2021", "", "..", "2021-02-30", "2021-13",
                           "21", "2021/2022/2023", "yesterday", "0000", "2021-01-01/x", "x/.."})
    EXPECT_THROW(parse_interval(text), InvalidInput) << text;
  EXPECT_EQ(interval("2021-01-01/2021-01-01"), "2021-01-01/2021-01-01");
}

}  // namespace
}  // namespace cubemill
