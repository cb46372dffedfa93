// Blocks of a verification (exec/verify_bands.hpp), over a band that says what becomes of each
// read.
#include "exec/verify_bands.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "cubemill/base/error.hpp"
#include "cubemill/net/range_client.hpp"

namespace cubemill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Eight blocks of 100 bytes in a row.
class RowOfBlocks : public RasterBand {
 public:
  explicit RowOfBlocks(const std::string& href) : RasterBand(href, info()) {
    for (int x = 0; x < 8; ++x) places[x] = {std::uint64_t(1000 + 100 * x), 100};
  }
  static RasterInfo info() {
    RasterInfo i;
    i.grid.width = 80, i.grid.height = 10;
    i.block_width = i.block_height = 10;
    return i;
  }
  void read_block(std::int64_t x, std::int64_t, std::byte*, std::ptrdiff_t, ReadScratch&,
                  ReadCost&) const override {
    ++reads;
    if (failure) std::rethrow_exception(failure);
    if (damaged_reads > 0 && --damaged_reads >= 0)
      throw IoError(path(), "block " + std::to_string(x) + " is damaged");
  }
  std::optional<BlockPlace> block_place(std::int64_t x, std::int64_t) const override {
    return places.at(int(x));
  }
  void decode_block(std::int64_t x, std::int64_t, std::span<const std::byte> bytes, std::byte*,
                    std::ptrdiff_t, ReadScratch&, ReadCost&) const override {
    EXPECT_EQ(100u, bytes.size());
    if (bytes[0] != std::byte(x)) throw IoError(path(), "comes damaged");
  }

  std::map<int, BlockPlace> places;
  mutable int reads = 0, damaged_reads = 0;
  std::exception_ptr failure;
};

class VerifyBands : public testing::Test {
 protected:
  std::vector<RangeToVerify> cut() {
    alone.clear();
    return ranges_of(band, 0, found, alone);
  }
  static std::vector<std::int64_t> columns(const std::vector<BlockToVerify>& blocks) {
    std::vector<std::int64_t> all;
    for (const BlockToVerify& b : blocks) all.push_back(b.x);
    return all;
  }
  // All blocks in one range; each begins with its number, but for `damaged`.
  static RangeAnswer answer(int damaged = -1) {
    auto bytes = std::make_shared<std::byte[]>(800);
    for (int x = 0; x < 8; ++x) bytes[std::size_t(100 * x)] = std::byte(x == damaged ? 77 : x);
    RangeAnswer a;
    a.bytes = bytes, a.size = 800;
    return a;
  }
  static std::exception_ptr failed(RangeFailure::Kind kind) {
    return std::make_exception_ptr(RangeFailure("s3://b/k", "not to be had", kind, 0, 1));
  }

  RowOfBlocks band{"s3://b/k"};
  Finding found;
  std::vector<BlockToVerify> alone;
  BlockVerifier verifier;
};

TEST_F(VerifyBands, AreCutIntoRangesOfNeighbours) {
  const auto ranges = cut();
  ASSERT_EQ(1u, ranges.size());
  EXPECT_EQ(1000u, ranges[0].offset);
  EXPECT_EQ(800u, ranges[0].size);
  EXPECT_THAT(columns(ranges[0].blocks), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  band.places[7].offset += 1 << 20;
  EXPECT_EQ(2u, cut().size());
}

TEST_F(VerifyBands, ReadAloneWhatIsSparseOrTwiceInOnePlaceOrTooLarge) {
  band.places[1] = {};
  band.places[3] = band.places[2];
  band.places[6].size = 1u << 31;
  std::vector<std::int64_t> fetched;
  for (const RangeToVerify& range : cut())
    for (const BlockToVerify& block : range.blocks) fetched.push_back(block.x);
  EXPECT_THAT(columns(alone), ElementsAre(1, 3, 6));
  EXPECT_THAT(fetched, ElementsAre(0, 2, 4, 5, 7));
}

TEST_F(VerifyBands, CountWhatARangeBrings) {
  verifier.decode(cut()[0], answer(), nullptr, found);
  EXPECT_EQ(8u, found.blocks);
  EXPECT_EQ(800u, found.cost.bytes_read);
  EXPECT_EQ(0u, found.damaged);
  EXPECT_EQ(0, band.reads);
}

TEST_F(VerifyBands, AreReadAgainWhereTheyComeDamaged) {
  verifier.decode(cut()[0], answer(5), nullptr, found);
  EXPECT_EQ(8u, found.blocks);
  EXPECT_EQ(0u, found.damaged);
  EXPECT_EQ(1, band.reads);
}

TEST_F(VerifyBands, AreDamagedAfterThreeFetches) {
  band.damaged_reads = 99;
  verifier.decode(cut()[0], answer(5), nullptr, found);
  EXPECT_EQ(1u, found.damaged);
  EXPECT_EQ(2, band.reads);
  EXPECT_THAT(found.reason, HasSubstr("block 5 is damaged"));
  EXPECT_FALSE(found.unreachable);
  verifier.read(band, {6, 0, 7}, found);
  EXPECT_EQ(2u, found.damaged);
  EXPECT_EQ(5, band.reads);
  EXPECT_THAT(found.reason, HasSubstr("block 5")) << "the first one";
}

TEST_F(VerifyBands, OfLocalFilesAreReadOnce) {
  RowOfBlocks local("/data/k");
  local.damaged_reads = 99;
  verifier.read(local, {2, 0, 3}, found);
  EXPECT_EQ(1, local.reads);
  EXPECT_EQ(1u, found.damaged);
}

TEST_F(VerifyBands, AreReadAloneWhereTheObjectMayHaveSomeOfThem) {
  for (const auto kind : {RangeFailure::Kind::replaced, RangeFailure::Kind::unusable})
    verifier.decode(cut()[0], {}, failed(kind), found);
  EXPECT_EQ(16u, found.blocks);
  EXPECT_EQ(0u, found.damaged);
  EXPECT_EQ(16, band.reads);
}

TEST_F(VerifyBands, AreNotTriedOneByOneWhereTheObjectCannotBeHad) {
  for (const auto kind :
       {RangeFailure::Kind::missing, RangeFailure::Kind::denied, RangeFailure::Kind::exhausted})
    verifier.decode(cut()[0], {}, failed(kind), found);
  EXPECT_EQ(24u, found.damaged);
  EXPECT_EQ(0, band.reads);
  EXPECT_TRUE(found.unreachable);
  EXPECT_THAT(found.reason, HasSubstr("not to be had"));
}

TEST_F(VerifyBands, AreNotReadAgainWhereTheyCannotBeHad) {
  band.failure = failed(RangeFailure::Kind::exhausted);
  verifier.read(band, {0, 0, 1}, found);
  EXPECT_EQ(1, band.reads);
  EXPECT_TRUE(found.unreachable);
}

TEST(VerifyFinding, KeepsTheReasonOfTheFirstPlace) {
  Finding all, part;
  all.fail(9, "ninth");
  part.fail(4, "fourth");
  all.add(part);
  EXPECT_EQ("fourth", all.reason);
  part = {};
  part.fail(5, "fifth");
  all.add(part);
  EXPECT_EQ("fourth", all.reason);
}

}  // namespace
}  // namespace cubemill
