#include "io/open_pool.hpp"

#include <gtest/gtest.h>

namespace cubemill {
namespace {

class OpenPoolTest : public ::testing::Test {
 protected:
  bool open(int owner) { return bool(pool.slot(&owners[owner])->handle); }
  void use(int owner) {
    const auto slot = pool.slot(&owners[owner]);
    if (!slot->handle) slot->handle = std::make_unique<int>(owner);
  }

  int owners[5] = {};
  OpenPool<int> pool{3};
};

TEST_F(OpenPoolTest, ClosesTheOneThatWasUsedLongestAgo) {
  use(0), use(1), use(2);
  use(0);
  use(3);
  EXPECT_TRUE(open(0));
  EXPECT_TRUE(open(2));
  EXPECT_TRUE(open(3));
  EXPECT_FALSE(open(1));
}

TEST_F(OpenPoolTest, LeavesASlotInUseAlone) {
  const auto held = pool.slot(&owners[0]);
  held->handle = std::make_unique<int>(42);
  use(1), use(2), use(3);
  EXPECT_EQ(42, *held->handle);
  EXPECT_FALSE(open(0));
}

TEST_F(OpenPoolTest, ForgetsAnOwnerThatEnds) {
  use(0);
  pool.forget(&owners[0]);
  pool.forget(&owners[4]);
  EXPECT_FALSE(open(0));
}

}  // namespace
}  // namespace cubemill
