#include "net/flight_limit.hpp"

#include <gtest/gtest.h>

namespace cubemill::net {
namespace {

Moment at(int millis) { return Moment(Millis(millis)); }

void answer(FlightLimit& limit, int times) {
  for (int i = 0; i < times; ++i) limit.answered(limit.limit());
}

TEST(FlightLimit, StartsModestlyAndNeverAboveTheMost) {
  EXPECT_EQ(FlightLimit(16, 64).limit(), 16);
  EXPECT_EQ(FlightLimit(16, 5).limit(), 5);
  EXPECT_EQ(FlightLimit(16, 0).limit(), 1);
}

TEST(FlightLimit, GrowsByAHalfARoundUntilTheMost) {
  FlightLimit limit(16, 64);
  answer(limit, 16);
  EXPECT_EQ(limit.limit(), 24);
  answer(limit, 24);
  EXPECT_EQ(limit.limit(), 36);
  answer(limit, 1000);
  EXPECT_EQ(limit.limit(), 64);
}

TEST(FlightLimit, DoesNotGrowWhereItIsNotReached) {
  FlightLimit limit(16, 64);
  for (int i = 0; i < 100; ++i) limit.answered(15);
  EXPECT_EQ(limit.limit(), 16);
}

TEST(FlightLimit, IsHalvedOnceARoundTrip) {
  FlightLimit limit(16, 64);
  limit.throttled(at(0), at(50));
  EXPECT_EQ(limit.limit(), 8);
  for (int i = 1; i < 16; ++i) limit.throttled(at(i), at(50 + i));  // all sent before the cut
  EXPECT_EQ(limit.limit(), 8);
  limit.throttled(at(60), at(110));
  EXPECT_EQ(limit.limit(), 4);
}

TEST(FlightLimit, StaysAtOneAndGrowsByOneARoundAfterACut) {
  FlightLimit limit(16, 64);
  for (int i = 0; i < 20; ++i) limit.throttled(at(1000 * i), at(1000 * i + 50));
  EXPECT_EQ(limit.limit(), 1);
  answer(limit, 1);
  EXPECT_EQ(limit.limit(), 2);
  answer(limit, 2);
  EXPECT_EQ(limit.limit(), 2);  // a little less than three
  answer(limit, 1);
  EXPECT_EQ(limit.limit(), 3);
}

}  // namespace
}  // namespace cubemill::net
