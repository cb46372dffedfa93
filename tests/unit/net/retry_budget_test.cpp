#include "net/retry_budget.hpp"

#include <gtest/gtest.h>

namespace cubemill::net {
namespace {

int all_of(RetryBudget& budget) {
  int taken = 0;
  while (budget.take()) ++taken;
  return taken;
}

TEST(RetryBudget, GivesItsCapacityAndNoMore) {
  RetryBudget budget(7, 0.5);
  EXPECT_EQ(all_of(budget), 7);
  EXPECT_FALSE(budget.take());
}

TEST(RetryBudget, GivesAShareOfTheAnswersBack) {
  RetryBudget budget(7, 0.5);
  all_of(budget);
  for (int i = 0; i < 5; ++i) budget.answered();
  EXPECT_EQ(all_of(budget), 2);
}

TEST(RetryBudget, DoesNotSaveMoreThanItsCapacity) {
  RetryBudget budget(7, 0.5);
  for (int i = 0; i < 1000; ++i) budget.answered();
  EXPECT_EQ(all_of(budget), 7);
}

}  // namespace
}  // namespace cubemill::net
