#include "net/backoff.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cubemill::net {
namespace {

double longest_of(Backoff& backoff, int failures) {
  double longest = 0;
  for (int i = 0; i < 2000; ++i)
    longest = std::max(longest,
                       std::chrono::duration<double, std::milli>(backoff.pause(failures)).count());
  return longest;
}

TEST(Backoff, DoublesTheLongestPauseWithEveryFailureUpToTheMost) {
  Backoff backoff(Millis(100), Millis(1000), 1);
  for (const auto& [failures, most] :
       {std::pair{1, 100.0}, {2, 200.0}, {3, 400.0}, {4, 800.0}, {5, 1000.0}, {60, 1000.0}}) {
    const double longest = longest_of(backoff, failures);
    EXPECT_LE(longest, most);
    EXPECT_GT(longest, 0.95 * most);
  }
}

TEST(Backoff, SpreadsPausesOverAllOfIt) {
  Backoff backoff(Millis(1000), Millis(1000), 2);
  int early = 0;
  for (int i = 0; i < 2000; ++i) early += backoff.pause(1) < Millis(500);
  EXPECT_NEAR(early, 1000, 150);
}

}  // namespace
}  // namespace cubemill::net
