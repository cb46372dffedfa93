// Blocks asked for ahead (exec/block_supply.hpp), over a source whose answers come when the test
// says so.
#include "exec/block_supply.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <set>

namespace cubemill {
namespace {

using testing::ElementsAre;

/// A file of 100-byte blocks without gaps; byte i of it is i modulo 251.
class FakeBand : public RasterBand {
 public:
  explicit FakeBand(const std::string& href) : RasterBand(href, info(), {}, "\"v1\"") {}
  static RasterInfo info() {
    RasterInfo i;
    i.grid.width = 40, i.grid.height = 10;
    i.block_width = i.block_height = 10;
    return i;
  }
  void read_block(std::int64_t, std::int64_t, std::byte*, std::ptrdiff_t, ReadScratch&,
                  ReadCost&) const override {
    FAIL() << "remote blocks are supplied";
  }
  std::optional<BlockPlace> block_place(std::int64_t x, std::int64_t) const override {
    return BlockPlace{std::uint64_t(100 * x), x == 3 ? 0u : 100u};  // the last one is sparse
  }
  void decode_block(std::int64_t, std::int64_t, std::span<const std::byte>, std::byte*,
                    std::ptrdiff_t, ReadScratch&, ReadCost&) const override {}
};

class FakeSource : public RangeSource {
 public:
  struct Asked {
    RangeRequest request;
    RangeClient::Done done;
  };
  void ask(RangeRequest request, RangeClient::Done done) override {
    asked.push_back({std::move(request), std::move(done)});
  }
  RangeAnswer fetch(RangeRequest request) override {
    ++fetched;
    return answer_to(request);
  }
  int room() const override { return slots - int(asked.size()); }
  double usual_seconds() const override { return 0.1; }

  static RangeAnswer answer_to(const RangeRequest& r) {
    auto bytes = std::make_shared<std::byte[]>(r.size);
    for (std::size_t i = 0; i < r.size; ++i) bytes[i] = std::byte((r.offset + i) % 251);
    RangeAnswer answer;
    answer.bytes = bytes, answer.size = r.size;
    return answer;
  }
  void answer() {
    const Asked a = take();
    a.done(answer_to(a.request), nullptr);
  }
  void fail() {
    const Asked a = take();
    a.done({}, std::make_exception_ptr(
                   RangeFailure("s3://b/k", "gone", RangeFailure::Kind::missing, 404, 1)));
  }
  std::vector<std::pair<std::uint64_t, std::size_t>> ranges() const {
    std::vector<std::pair<std::uint64_t, std::size_t>> all;
    for (const Asked& a : asked) all.emplace_back(a.request.offset, a.request.size);
    return all;
  }

  int slots = 100, fetched = 0;
  std::deque<Asked> asked;

 private:
  Asked take() {
    Asked a = std::move(asked.front());
    asked.pop_front();
    return a;
  }
};

class BlockSupplyTest : public testing::Test {
 protected:
  std::vector<NeededBlock> blocks(std::initializer_list<int> columns) {
    std::vector<NeededBlock> needed;
    for (const int x : columns)
      needed.push_back({std::uint64_t(x), &band, *band.block_place(x, 0)});
    return needed;
  }
  std::unique_ptr<BlockSupply> supply_of(std::uint64_t bytes) {
    return std::make_unique<BlockSupply>(
        source, BlockSupply::Limits{bytes, {1000, 0, 0}},
        [this](std::uint64_t b) { return decoded.contains(b); }, [this] { ++arrivals; });
  }

  FakeBand band{"s3://b/k"};
  FakeSource source;
  std::set<std::uint64_t> decoded;
  int arrivals = 0;
  std::unique_ptr<BlockSupply> supply = supply_of(1 << 20);
};

TEST_F(BlockSupplyTest, ServesRemoteFilesOnly) {
  EXPECT_TRUE(BlockSupply::serves(band));
  EXPECT_FALSE(BlockSupply::serves(FakeBand("/data/k")));
}

TEST_F(BlockSupplyTest, AsksForNeighboursOfLaterChunksInOneRangeOfTheVersionOpened) {
  supply->need(0, Stage::filling, blocks({0}));
  supply->need(9, Stage::filling, blocks({1, 2}));
  supply->ask(0, 0);
  EXPECT_THAT(source.ranges(), ElementsAre(std::pair(0, 300)));
  EXPECT_EQ("\"v1\"", source.asked.front().request.etag);
  EXPECT_FALSE(supply->complete(9, Stage::filling));
  source.answer();
  EXPECT_EQ(1, arrivals);
  EXPECT_TRUE(supply->complete(0, Stage::filling));
  EXPECT_TRUE(supply->complete(9, Stage::filling));
  EXPECT_EQ(std::byte(200 % 251), supply->take(2, band, 2, 0).bytes.front());
  EXPECT_EQ(100u, supply->take(2, band, 2, 0).bytes.size());
  EXPECT_EQ(0, source.fetched);
}

TEST_F(BlockSupplyTest, LetsLaterChunksWaitAndFlagsNot) {
  supply->need(5, Stage::filling, blocks({0}));
  supply->ask(0, 4);
  EXPECT_THAT(source.ranges(), ElementsAre());
  supply->need(9, Stage::screening, blocks({2}));
  supply->ask(0, 4);
  EXPECT_THAT(source.ranges(), ElementsAre(std::pair(200, 100)));
  supply->ask(0, 5);
  EXPECT_THAT(source.ranges(), ElementsAre(std::pair(200, 100), std::pair(0, 100)));
}

TEST_F(BlockSupplyTest, IsCompleteAtOnceWhereBlocksAreDecodedOrSparse) {
  decoded = {0};
  supply->need(0, Stage::filling, blocks({0, 3}));
  EXPECT_TRUE(supply->complete(0, Stage::filling));
  supply->ask(0, 9);
  EXPECT_TRUE(source.asked.empty());
  EXPECT_TRUE(supply->take(3, band, 3, 0).bytes.empty());
}

TEST_F(BlockSupplyTest, StaysWithinItsBytesButForTheOldestChunk) {
  supply = supply_of(250);
  supply->need(0, Stage::filling, blocks({0}));
  supply->need(1, Stage::filling, blocks({1}));
  supply->need(2, Stage::filling, blocks({2}));
  supply->ask(0, 9);
  EXPECT_THAT(source.ranges(), ElementsAre(std::pair(0, 200)));
  source.answer();
  supply->ask(1, 9);
  EXPECT_TRUE(source.asked.empty());  // its bytes are held
  supply->ask(2, 9);                  // needed now
  EXPECT_THAT(source.ranges(), ElementsAre(std::pair(200, 100)));
  EXPECT_EQ(300u, supply->tally().peak_bytes);
}

TEST_F(BlockSupplyTest, AsksForABlockWhenTheEarliestChunkIsDueThatNeedsIt) {
  supply = supply_of(50);  // nothing but what the oldest chunk needs
  supply->need(5, Stage::filling, blocks({0}));
  supply->need(3, Stage::filling, blocks({0}));
  supply->ask(3, 9);
  EXPECT_THAT(source.ranges(), ElementsAre(std::pair(0, 100)));
}

TEST_F(BlockSupplyTest, DropsBytesThatNobodyNeedsAnyMore) {
  supply = supply_of(250);
  supply->need(0, Stage::filling, blocks({0, 1}));
  supply->need(1, Stage::filling, blocks({2}));
  supply->ask(0, 9);
  source.answer();
  supply->done(0, Stage::filling);
  supply->ask(0, 9);
  EXPECT_THAT(source.ranges(), ElementsAre(std::pair(200, 100)));
}

TEST_F(BlockSupplyTest, KeepsBytesThatALaterChunkNeedsToo) {
  supply->need(0, Stage::filling, blocks({0}));
  supply->need(1, Stage::filling, blocks({0}));
  supply->ask(0, 9);
  source.answer();
  supply->done(0, Stage::filling);
  EXPECT_EQ(100u, supply->take(0, band, 0, 0).bytes.size());
  EXPECT_EQ(0, source.fetched);
}

TEST_F(BlockSupplyTest, AsksAgainForABlockThatWasDroppedOnItsWay) {
  supply->need(0, Stage::filling, blocks({0}));
  supply->ask(0, 9);
  supply->done(0, Stage::filling);
  supply->need(1, Stage::filling, blocks({0}));
  supply->ask(0, 9);
  EXPECT_EQ(2u, source.asked.size());
  source.answer();
  EXPECT_FALSE(supply->complete(1, Stage::filling));
  source.answer();
  EXPECT_TRUE(supply->complete(1, Stage::filling));
}

TEST_F(BlockSupplyTest, HandsAFailureToWhoeverTakesTheBlock) {
  supply->need(0, Stage::filling, blocks({0}));
  supply->ask(0, 9);
  source.fail();
  EXPECT_TRUE(supply->complete(0, Stage::filling));
  EXPECT_THROW(supply->take(0, band, 0, 0), RangeFailure);
}

TEST_F(BlockSupplyTest, FetchesWhatNobodySaidIsNeeded) {
  EXPECT_EQ(100u, supply->take(1, band, 1, 0).bytes.size());
  EXPECT_EQ(1, source.fetched);
  EXPECT_EQ(1u, supply->tally().late);
}

TEST_F(BlockSupplyTest, AsksForNoMoreThanThereIsRoomForAtTheSource) {
  source.slots = 1;
  FakeBand other("s3://b/other");
  supply->need(0, Stage::filling, blocks({0}));
  supply->need(1, Stage::filling, {{100, &other, *other.block_place(0, 0)}});
  supply->ask(0, 9);
  EXPECT_EQ(1u, source.asked.size());
  source.answer();
  supply->ask(0, 9);
  EXPECT_EQ(1u, source.asked.size());
}

TEST_F(BlockSupplyTest, LetsAnswersComeAfterItsEnd) {
  supply->need(0, Stage::filling, blocks({0}));
  supply->ask(0, 9);
  supply.reset();
  source.answer();
  EXPECT_EQ(0, arrivals);
}

}  // namespace
}  // namespace cubemill
