#include "net/hedge_policy.hpp"

#include <gtest/gtest.h>

namespace cubemill::net {
namespace {

constexpr std::size_t mebibyte = 1 << 20;

// Peers that answer after 100 ms and give 10 MiB/s.
HedgePolicy with_peers(int peers = 100) {
  HedgePolicy policy;
  for (int i = 0; i < peers; ++i) {
    policy.sent();
    policy.answered(0.1, 0.1, mebibyte);
  }
  return policy;
}

TEST(HedgePolicy, TakesTwiceTheUsualTimeToAFirstByteForSlow) {
  const HedgePolicy policy = with_peers();
  EXPECT_FALSE(policy.is_slow(0.19, false, mebibyte));
  EXPECT_TRUE(policy.is_slow(0.21, false, mebibyte));
}

TEST(HedgePolicy, GivesALargeBodyMoreTime) {
  const HedgePolicy policy = with_peers();
  EXPECT_FALSE(policy.is_slow(0.39, true, mebibyte));
  EXPECT_TRUE(policy.is_slow(0.41, true, mebibyte));
  EXPECT_FALSE(policy.is_slow(0.41, true, 8 * mebibyte));
  EXPECT_FALSE(policy.is_slow(1.7, true, 8 * mebibyte));
  EXPECT_TRUE(policy.is_slow(1.9, true, 8 * mebibyte));
}

TEST(HedgePolicy, IsPatientUntilThereArePeers) {
  EXPECT_FALSE(with_peers(5).is_slow(3.9, false, mebibyte));
  EXPECT_TRUE(with_peers(5).is_slow(4.1, false, mebibyte));
}

TEST(HedgePolicy, DoesNotHedgeWhatIsQuickAnyhow) {
  HedgePolicy policy;
  for (int i = 0; i < 100; ++i) policy.answered(0.001, 0, 100);
  EXPECT_FALSE(policy.is_slow(0.04, false, 100));
}

TEST(HedgePolicy, MakesASmallShareOfAllRequests) {
  HedgePolicy policy;
  int hedges = 0;
  for (int i = 0; i < 1000; ++i) {
    policy.sent();
    if (policy.may_hedge(0, 64)) {
      policy.hedged();
      ++hedges;
    }
  }
  EXPECT_GE(hedges, 50);
  EXPECT_LE(hedges, 53);
}

TEST(HedgePolicy, HasFewInFlightAtATime) {
  const HedgePolicy policy = with_peers(10'000);
  EXPECT_TRUE(policy.may_hedge(1, 8));
  EXPECT_FALSE(policy.may_hedge(2, 8));
  EXPECT_TRUE(policy.may_hedge(7, 64));
  EXPECT_FALSE(policy.may_hedge(8, 64));
}

}  // namespace
}  // namespace cubemill::net
