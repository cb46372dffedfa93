// Which headers are doubted, and when they are believed (exec/header_check.hpp), over rasters that
// are nothing but headers.
#include "exec/header_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "cubemill/base/error.hpp"
#include "cubemill/net/range_client.hpp"

namespace cubemill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Header {
  RasterInfo info;
  HeaderProfile profile;
};

class HeaderOnly : public RasterBand {
 public:
  HeaderOnly(const std::string& href, Header h)
      : RasterBand(href, std::move(h.info), std::move(h.profile)) {}
  void read_block(std::int64_t, std::int64_t, std::byte*, std::ptrdiff_t, ReadScratch&,
                  ReadCost&) const override {}
  std::optional<BlockPlace> block_place(std::int64_t, std::int64_t) const override { return {}; }
  void decode_block(std::int64_t, std::int64_t, std::span<const std::byte>, std::byte*,
                    std::ptrdiff_t, ReadScratch&, ReadCost&) const override {}
};

class Headers : public testing::Test {
 protected:
  static constexpr std::size_t inputs = 3;

  static Header usual() {
    Header h;
    h.info.grid.width = 100, h.info.grid.height = 80;
    h.info.grid.transform = {30, 0, 500000, 0, -30, 4000000};
    h.profile.tiff = true;
    h.profile.predictor = 2;
    h.profile.width = 100, h.profile.height = 80;
    h.profile.front_digest = 1;
    return h;
  }
  static std::string href(std::size_t scene, std::size_t input) {
    return "s3://b/" + std::to_string(scene) + "/" + std::to_string(input);
  }

  void make(std::size_t scenes, const std::string& place = "") {
    asset.proj.transform = std::array<double, 6>{30, 0, 500000, 0, -30, 4000000};
    asset.proj.shape = std::array<std::int64_t, 2>{80, 100};
    for (std::size_t s = 0; s < scenes; ++s) {
      rasters.emplace_back();
      for (std::size_t i = 0; i < inputs; ++i)
        rasters[s].push_back(std::make_unique<HeaderOnly>(place + href(s, i), usual()));
    }
  }
  void put(std::size_t scene, std::size_t input, const Header& header) {
    auto& raster = rasters[scene][input];
    raster = std::make_unique<HeaderOnly>(raster->path(), header);
  }
  HeaderCheck check() {
    OpenedScenes opened;
    for (auto& scene : rasters) {
      opened.emplace_back();
      for (auto& raster : scene) opened.back().push_back({&raster, &asset, 1});
    }
    return HeaderCheck(std::move(opened));
  }
  // The answers of fetching headers again, in turn.
  HeaderCheck::Reopen answers(std::vector<Header> headers) {
    auto left = std::make_shared<std::deque<Header>>(headers.begin(), headers.end());
    return [left](const std::string& path, int) {
      const Header next = left->front();
      left->pop_front();
      if (next.info.block_width < 0) throw IoError(path, "no raster");
      return std::make_unique<HeaderOnly>(path, next);
    };
  }
  static Header with(std::uint64_t digest, std::uint32_t predictor) {
    Header h = usual();
    h.profile.front_digest = digest;
    h.profile.predictor = predictor;
    return h;
  }
  static Header unreadable() {
    Header h;
    h.info.block_width = -1;
    return h;
  }

  SceneAsset asset;
  std::vector<std::vector<std::unique_ptr<RasterBand>>> rasters;
};

TEST_F(Headers, ThatAreAlikeAreNotFetchedAgain) {
  make(3);
  EXPECT_THAT(check().doubtful(), IsEmpty());
}

TEST_F(Headers, AreDoubtedWhereTheSameBandOfOtherScenesDiffers) {
  make(3);
  put(1, 2, with(9, 3));
  EXPECT_THAT(check().doubtful(), ElementsAre(href(1, 2)));
}

TEST_F(Headers, AreDoubtedBothWhereTwoScenesDiffer) {
  make(2);
  for (std::size_t i = 0; i < inputs; ++i) put(1, i, with(1, 3));
  EXPECT_EQ(2 * inputs, check().doubtful().size());
}

TEST_F(Headers, OfAKindThatThreeScenesHaveAreAsTheyAre) {
  make(7);
  for (std::size_t s = 0; s < 3; ++s)
    for (std::size_t i = 0; i < inputs; ++i) put(s, i, with(1, 3));
  EXPECT_THAT(check().doubtful(), IsEmpty());
}

TEST_F(Headers, OfLocalFilesAreNotDoubted) {
  make(3, "/data/");
  put(1, 2, with(9, 3));
  EXPECT_THAT(check().doubtful(), IsEmpty());
}

TEST_F(Headers, WithATableThatCannotBeAreDoubtedInEveryScene) {
  make(4);
  Header h = usual();
  h.profile.table_fault = "block 3 ends beyond the file";
  for (std::size_t s = 0; s < 4; ++s) put(s, 0, h);
  EXPECT_EQ(4u, check().doubtful().size());
}

TEST_F(Headers, AreDoubtedWhereTheBandsOfTheirSceneDiffer) {
  make(3);
  Header h = usual();
  h.profile.georeference = 5;
  put(2, 1, h);
  EXPECT_THAT(check().doubtful(), ElementsAre(href(2, 1)));
}

TEST_F(Headers, OfABandThatIsOtherwiseInMostScenesAreAsTheyAre) {
  make(3);
  Header h = usual();
  h.profile.width = 50;
  for (std::size_t s = 0; s < 3; ++s) put(s, 1, h);
  EXPECT_THAT(check().doubtful(), IsEmpty());
}

TEST_F(Headers, AreDoubtedWhereTheItemSaysOtherwise) {
  const auto doubted = [&](auto change) {
    rasters.clear();
    make(3);
    Header h = usual();
    change(h.info);
    put(1, 0, h);
    return check().doubtful().size();
  };
  asset.bands = {{0.0, 2e-5, -0.2}};
  EXPECT_EQ(1u, doubted([](RasterInfo& i) { i.grid.height = 81; }));
  EXPECT_EQ(1u, doubted([](RasterInfo& i) { i.grid.transform.c += 1; }));
  EXPECT_EQ(1u, doubted([](RasterInfo& i) { i.grid.transform.a = 0; }));
  EXPECT_EQ(1u, doubted([](RasterInfo& i) { i.numbers.nodata = 1; }));
  EXPECT_EQ(1u, doubted([](RasterInfo& i) { i.numbers.scale = 1; }));
  EXPECT_EQ(1u, doubted([](RasterInfo& i) { i.numbers.offset = 0; }));
  EXPECT_EQ(0u, doubted([](RasterInfo& i) { i.numbers.scale = 2e-5; }));
}

TEST_F(Headers, AreAsTheyAreWhereTheItemsOfMostScenesSayOtherwise) {
  make(3);
  asset.proj.transform = std::array<double, 6>{30, 0, 500015, 0, -30, 3999985};
  EXPECT_THAT(check().doubtful(), IsEmpty());
}

TEST_F(Headers, AreBelievedWhenTheyComeTheSameAgain) {
  make(3);
  put(1, 2, with(9, 3));
  HeaderCheck c = check();
  c.settle(answers({with(9, 3)}));
  EXPECT_EQ(1u, c.refetched());
  EXPECT_THAT(c.changed(), IsEmpty());
  EXPECT_THAT(c.failed(), IsEmpty());
  EXPECT_EQ(3u, rasters[1][2]->profile().predictor);
}

TEST_F(Headers, AreBelievedWhenTheyDifferNoMore) {
  make(3);
  put(1, 2, with(9, 3));
  HeaderCheck c = check();
  c.settle(answers({with(1, 2)}));
  EXPECT_EQ(1u, c.refetched());
  ASSERT_EQ(1u, c.changed().size());
  EXPECT_EQ(1u, c.changed()[0].scene);
  EXPECT_EQ(2u, c.changed()[0].input);
  EXPECT_EQ("predictor 3 against 2", c.changed()[0].doubt);
  EXPECT_EQ(2u, rasters[1][2]->profile().predictor);
}

TEST_F(Headers, ThatDifferAndChangeAreFetchedUntilTwoAgree) {
  make(3);
  put(1, 2, with(9, 3));
  HeaderCheck c = check();
  c.settle(answers({unreadable(), with(8, 1), with(8, 1)}));
  EXPECT_EQ(3u, c.refetched());
  EXPECT_EQ(1u, c.changed().size());
  EXPECT_EQ(1u, rasters[1][2]->profile().predictor);
}

TEST_F(Headers, ThatComeDifferentEachTimeAreAnErrorOfTheirScene) {
  make(3);
  put(1, 1, with(9, 3));
  put(1, 2, with(9, 3));
  HeaderCheck c = check();
  c.settle(answers({with(8, 1), with(7, 1), with(6, 1)}));
  ASSERT_EQ(1u, c.failed().size());
  EXPECT_EQ(1u, c.failed()[0].scene);
  try {
    std::rethrow_exception(c.failed()[0].failure);
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), HasSubstr(": its header came different each of 4 times"));
  }
}

TEST_F(Headers, ThatCannotBeHadAgainAreAnErrorOfTheirScene) {
  make(3);
  put(1, 1, with(9, 3));
  HeaderCheck c = check();
  c.settle([](const std::string& path, int) -> std::unique_ptr<RasterBand> {
    throw RangeFailure(path, "gone", RangeFailure::Kind::missing, 404, 1);
  });
  EXPECT_EQ(1u, c.refetched());
  EXPECT_EQ(1u, c.failed().size());
}

}  // namespace
}  // namespace cubemill
