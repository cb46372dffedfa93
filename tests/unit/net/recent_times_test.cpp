#include "net/recent_times.hpp"

#include <gtest/gtest.h>

namespace cubemill::net {
namespace {

TEST(RecentTimes, KnowsWhatIsUsual) {
  RecentTimes times;
  EXPECT_EQ(times.usual(), 0);
  for (int i = 100; i >= 1; --i) times.add(i);
  EXPECT_EQ(times.count(), 100U);
  EXPECT_EQ(times.usual(), 95);
}

TEST(RecentTimes, IsNotMovedByFewOutliers) {
  RecentTimes times;
  for (int i = 0; i < 100; ++i) times.add(i % 25 == 0 ? 1000 : 1);
  EXPECT_EQ(times.usual(), 1);
}

TEST(RecentTimes, ForgetsWhatIsLongAgo) {
  RecentTimes times;
  for (int i = 0; i < 256; ++i) times.add(1000);
  EXPECT_EQ(times.usual(), 1000);
  for (int i = 0; i < 256; ++i) times.add(1);
  EXPECT_EQ(times.count(), 256U);
  EXPECT_EQ(times.usual(), 1);
}

}  // namespace
}  // namespace cubemill::net
