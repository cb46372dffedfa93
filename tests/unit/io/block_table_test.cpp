#include "io/block_table.hpp"

#include <gtest/gtest.h>

#include <random>

namespace cubemill {
namespace {

struct Lists {
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint32_t> sizes;
};

// `count` blocks one behind the other, `gap` bytes apart; each `sparse`th is not there.
Lists contiguous(std::size_t count, std::uint64_t first, std::uint32_t gap, unsigned sparse = 0) {
  std::mt19937 random(3);
  Lists lists;
  for (std::size_t i = 0; i < count; ++i) {
    if (sparse != 0 && random() % sparse == 0) {
      lists.offsets.push_back(0);
      lists.sizes.push_back(0);
      continue;
    }
    lists.offsets.push_back(first);
    lists.sizes.push_back(std::uint32_t(1 + random() % 100'000));
    first += lists.sizes.back() + gap;
  }
  return lists;
}

void expect_same(const Lists& lists, const BlockTable& table) {
  ASSERT_EQ(lists.sizes.size(), table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    EXPECT_EQ(lists.offsets[i], table[i].offset) << i;
    EXPECT_EQ(lists.sizes[i], table[i].size) << i;
  }
}

TEST(BlockTable, GivesBackWhatItWasMadeOf) {
  for (const std::size_t count : {0u, 1u, 2u, 63u, 64u, 65u, 930u})
    for (const std::uint32_t gap : {0u, 8u})
      for (const unsigned sparse : {0u, 1u, 2u, 50u}) {
        SCOPED_TRACE(std::to_string(count) + " " + std::to_string(gap) + " " +
                     std::to_string(sparse));
        const Lists lists = contiguous(count, (std::uint64_t(5) << 32) + 7, gap, sparse);
        expect_same(lists, {lists.offsets, lists.sizes});
      }
}

TEST(BlockTable, FindsBlocksBehindOnlySparseGroups) {
  Lists lists = contiguous(300, 1000, 8);
  for (std::size_t i = 0; i < 150; ++i) lists.offsets[i] = lists.sizes[i] = 0;
  const BlockTable table(lists.offsets, lists.sizes);
  EXPECT_TRUE(table.contiguous());
  expect_same(lists, table);
}

TEST(BlockTable, KeepsAnyOrder) {
  Lists lists = contiguous(930, 5000, 4);
  std::swap(lists.offsets[3], lists.offsets[700]);
  const BlockTable table(lists.offsets, lists.sizes);
  EXPECT_FALSE(table.contiguous());
  expect_same(lists, table);
}

TEST(BlockTable, KeepsHalfAnEntryAsItIs) {
  Lists lists = contiguous(100, 5000, 4);
  lists.sizes[50] = 0;
  expect_same(lists, {lists.offsets, lists.sizes});
  lists = contiguous(100, 5000, 4);
  lists.offsets[50] = 0;
  expect_same(lists, {lists.offsets, lists.sizes});
}

TEST(BlockTable, NeedsFourBytesABlockWhereBlocksFollowEachOther) {
  const Lists lists = contiguous(930, 5000, 8);
  EXPECT_LT(BlockTable(lists.offsets, lists.sizes).memory(), 930 * 4 + 150);
}

constexpr std::uint64_t end = 1 << 30;

TEST(TableFault, IsNoneWhereBlocksLieApartInAnyOrder) {
  Lists lists = contiguous(100, 5000, 4, 10);
  EXPECT_EQ("", fault_of_table(lists.offsets, lists.sizes, end, {}));
  std::swap(lists.offsets[3], lists.offsets[70]);
  std::swap(lists.sizes[3], lists.sizes[70]);
  EXPECT_EQ("", fault_of_table(lists.offsets, lists.sizes, end, {}));
}

TEST(TableFault, IsABlockBeyondTheFile) {
  const Lists lists = contiguous(100, 5000, 8);
  const std::uint64_t last = lists.offsets.back() + lists.sizes.back();
  EXPECT_EQ("", fault_of_table(lists.offsets, lists.sizes, last, {}));
  EXPECT_EQ("block 99 ends beyond the file",
            fault_of_table(lists.offsets, lists.sizes, last - 1, {}));
  EXPECT_EQ("block 99 ends beyond the file",
            fault_of_table(lists.offsets, lists.sizes, last + 3, {.framed = true}));
  EXPECT_EQ("", fault_of_table(lists.offsets, lists.sizes, last + 4, {.framed = true}));
}

TEST(TableFault, IsHalfAnEntry) {
  Lists lists = contiguous(100, 5000, 8);
  lists.sizes[7] = 0;
  EXPECT_EQ("block 7 has half an entry", fault_of_table(lists.offsets, lists.sizes, end, {}));
}

TEST(TableFault, IsOverlap) {
  Lists lists = contiguous(100, 5000, 0);
  ++lists.sizes[41];
  EXPECT_EQ("block 42 overlaps block 41", fault_of_table(lists.offsets, lists.sizes, end, {}));
  const Lists apart = contiguous(100, 5000, 7);
  EXPECT_EQ("", fault_of_table(apart.offsets, apart.sizes, end, {}));
  EXPECT_EQ("block 1 overlaps block 0",
            fault_of_table(apart.offsets, apart.sizes, end, {.framed = true}));
}

TEST(TableFault, IsAnOrderThatIsNotAsClaimed) {
  Lists lists = contiguous(100, 5000, 8);
  std::swap(lists.offsets[40], lists.offsets[41]);
  std::swap(lists.sizes[40], lists.sizes[41]);
  EXPECT_EQ("", fault_of_table(lists.offsets, lists.sizes, end, {}));
  EXPECT_EQ("block 41 lies before block 40",
            fault_of_table(lists.offsets, lists.sizes, end, {.framed = true, .in_order = true}));
}

TEST(TableFault, IsEveryFlippedBitOfAnOffsetAndEveryOneThatMakesASizeLarger) {
  const LayoutClaims claims{.framed = true, .in_order = true};
  const Lists lists = contiguous(100, 5000, 8);
  EXPECT_EQ("", fault_of_table(lists.offsets, lists.sizes, end, claims));
  for (std::size_t i = 1; i + 1 < 100; ++i)
    for (unsigned bit = 0; bit < 32; ++bit) {
      Lists flipped = lists;
      flipped.offsets[i] ^= std::uint64_t(1) << bit;
      EXPECT_NE("", fault_of_table(flipped.offsets, flipped.sizes, end, claims)) << i;
      flipped = lists;
      flipped.sizes[i] ^= std::uint32_t(1) << bit;
      if (flipped.sizes[i] > lists.sizes[i])
        EXPECT_NE("", fault_of_table(flipped.offsets, flipped.sizes, end, claims)) << i;
      else
        EXPECT_FALSE(BlockTable(flipped.offsets, flipped.sizes).contiguous()) << i;
    }
}

}  // namespace
}  // namespace cubemill
