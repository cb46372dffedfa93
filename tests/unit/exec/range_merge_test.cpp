// Merging of neighbouring blocks into ranges (exec/range_merge.hpp).
#include "exec/range_merge.hpp"

#include <gtest/gtest.h>

namespace cubemill {
namespace {

WantedBlocks row(std::initializer_list<std::pair<std::uint64_t, std::uint64_t>> blocks) {
  WantedBlocks wanted;
  for (const auto& [offset, size] : blocks) wanted[offset] = {size, offset};
  return wanted;
}

MergeRule rule(std::uint64_t longest, std::uint64_t gap, double waste) {
  return {longest, gap, waste};
}

TEST(RangeMerge, TakesNeighboursOnBothSides) {
  WantedBlocks b = row({{0, 100}, {100, 100}, {200, 100}});
  const MergedRange r = merge_around(b, b.find(100), rule(1000, 0, 0), 1000);
  EXPECT_EQ(0u, r.offset);
  EXPECT_EQ(300u, r.size);
  EXPECT_EQ(b.begin(), r.first);
  EXPECT_EQ(b.end(), r.last);
}

TEST(RangeMerge, ReadsAcrossAGapOfTheLengthAllowedAndNotOfOneByteMore) {
  WantedBlocks near = row({{0, 100}, {110, 100}}), far = row({{0, 100}, {111, 100}});
  EXPECT_EQ(210u, merge_around(near, near.begin(), rule(1000, 10, 0.5), 1000).size);
  EXPECT_EQ(100u, merge_around(far, far.begin(), rule(1000, 10, 0.5), 1000).size);
}

TEST(RangeMerge, WastesNoMoreThanItsShareOfGaps) {
  WantedBlocks b = row({{0, 95}, {100, 95}, {200, 95}});
  EXPECT_EQ(295u, merge_around(b, b.begin(), rule(1000, 10, 0.04), 1000).size);
  EXPECT_EQ(195u, merge_around(b, b.begin(), rule(1000, 10, 0.03), 1000).size);
  EXPECT_EQ(95u, merge_around(b, b.begin(), rule(1000, 10, 0.02), 1000).size);
}

TEST(RangeMerge, StopsAtTheLongestRangeAndAtTheRoomThereIs) {
  WantedBlocks b = row({{0, 100}, {100, 100}, {200, 100}});
  EXPECT_EQ(200u, merge_around(b, b.begin(), rule(299, 0, 0), 1000).size);
  EXPECT_EQ(300u, merge_around(b, b.begin(), rule(300, 0, 0), 1000).size);
  EXPECT_EQ(200u, merge_around(b, b.begin(), rule(1000, 0, 0), 200).size);
}

TEST(RangeMerge, TakesABlockThatIsLongerThanAnyRange) {
  WantedBlocks b = row({{0, 100}, {100, 5000}});
  const MergedRange r = merge_around(b, b.find(100), rule(1000, 0, 0), 0);
  EXPECT_EQ(100u, r.offset);
  EXPECT_EQ(5000u, r.size);
}

// Some writers let tiles of equal content share their bytes, or lay them down out of order.
TEST(RangeMerge, CoversBlocksThatOverlap) {
  WantedBlocks b = row({{0, 100}, {50, 100}, {60, 10}, {150, 50}});
  const MergedRange r = merge_around(b, b.begin(), rule(1000, 0, 0), 1000);
  EXPECT_EQ(0u, r.offset);
  EXPECT_EQ(200u, r.size);
  EXPECT_EQ(b.end(), r.last);
}

}  // namespace
}  // namespace cubemill
