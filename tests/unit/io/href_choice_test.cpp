#include "cubemill/io/href_choice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "unit/refusal.hpp"

namespace cubemill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

SceneAsset asset(const std::string& href, const std::string& alternate = "") {
  SceneAsset a;
  a.href = href;
  if (!alternate.empty()) a.alternates = {{"other", alternate, {"us-west-2", true}}};
  return a;
}

/// Scenes with one asset each.
std::vector<Scene> scenes(const std::vector<SceneAsset>& assets) {
  std::vector<Scene> list(assets.size());
  for (std::size_t i = 0; i < assets.size(); ++i) list[i].assets["red"] = assets[i];
  return list;
}

std::vector<std::string> hrefs(std::vector<Scene> list, const HrefChoice& choice) {
  choose_hrefs(list, choice);
  std::vector<std::string> result;
  for (const Scene& s : list) result.push_back(s.assets.at("red").href);
  return result;
}

HrefChoice replacing(const std::vector<std::string>& texts) {
  HrefChoice choice;
  for (const std::string& t : texts) choice.replacements.push_back(parse_href_replacement(t));
  return choice;
}

const HrefChoice s3{HrefPreference::s3, {}}, https{HrefPreference::https, {}};

TEST(HrefChoice, IsTheMainHrefUnlessAnotherIsPreferred) {
  const auto list = scenes({asset("https://h/a", "s3://b/a"), asset("s3://b/c", "https://h/c")});
  EXPECT_THAT(hrefs(list, {}), ElementsAre("https://h/a", "s3://b/c"));
  EXPECT_THAT(hrefs(list, s3), ElementsAre("s3://b/a", "s3://b/c"));
  EXPECT_THAT(hrefs(list, https), ElementsAre("https://h/a", "https://h/c"));
}

TEST(HrefChoice, TakesTheStorageOfThePlaceAndDropsTheOthers) {
  auto list = scenes({asset("https://h/a", "s3://b/a")});
  EXPECT_THAT(choose_hrefs(list, s3), IsEmpty());
  EXPECT_EQ(list[0].assets["red"].storage.region, "us-west-2");
  EXPECT_TRUE(list[0].assets["red"].storage.requester_pays);
  EXPECT_THAT(list[0].assets["red"].alternates, IsEmpty());
}

TEST(HrefChoice, SaysWhichAssetsAreNotWhereTheyArePreferred) {
  auto list = scenes({asset("https://h/a", "s3://b/a"), asset("/data/c", "https://h/c")});
  EXPECT_THAT(choose_hrefs(list, s3),
              ElementsAre("--prefer s3: 1 of 2 assets have no such href and are read from where "
                          "they lie"));
  EXPECT_EQ(list[1].assets["red"].href, "/data/c");
}

TEST(HrefChoice, RefusesAPreferenceThatNoAssetHas) {
  EXPECT_EQ(refusal([] { hrefs(scenes({asset("/data/a", "https://h/a")}), s3); }),
            "--prefer s3: no asset has such an href; there is /data/a");
}

TEST(HrefChoice, SaysThatAPlaceWantsALoginWhereThereIsAnother) {
  auto with = scenes({asset("https://landsatlook.usgs.gov/a", "s3://b/a")});
  EXPECT_THAT(choose_hrefs(with, {}), ElementsAre(HasSubstr("--prefer s3 reads from there")));
  EXPECT_EQ(with[0].assets["red"].href, "https://landsatlook.usgs.gov/a");
  for (const SceneAsset& a : {asset("https://landsatlook.usgs.gov/a"),
                              asset("https://landsatlook.usgs.gov/a", "https://h/a"),
                              asset("https://landsatlook.usgs.gov.example/a", "s3://b/a")}) {
    auto without = scenes({a});
    EXPECT_THAT(choose_hrefs(without, {}), IsEmpty());
  }
}

TEST(HrefReplace, PutsOneBeginningInPlaceOfAnother) {
  const auto list = scenes({asset("s3://b/c/a.tif"), asset("s3://b/a.tif"), asset("/d/a.tif")});
  EXPECT_THAT(hrefs(list, replacing({"s3://b=/mirror"})),
              ElementsAre("/mirror/c/a.tif", "/mirror/a.tif", "/d/a.tif"));
  EXPECT_THAT(hrefs(list, replacing({"s3://b/=/mirror/"})),
              ElementsAre("/mirror/c/a.tif", "/mirror/a.tif", "/d/a.tif"));
  EXPECT_THAT(hrefs(list, replacing({"/d=https://h/x"})),
              ElementsAre("s3://b/c/a.tif", "s3://b/a.tif", "https://h/x/a.tif"));
  EXPECT_THAT(hrefs(list, replacing({"s3://b/a.tif=/x.tif"})),
              ElementsAre("s3://b/c/a.tif", "/x.tif", "/d/a.tif"));
}

TEST(HrefReplace, EndsAtASlash) {
  EXPECT_THAT(hrefs(scenes({asset("s3://b/a"), asset("s3://bc/a")}), replacing({"s3://b=/m"})),
              ElementsAre("/m/a", "s3://bc/a"));
}

TEST(HrefReplace, OnlyTheFirstThatFitsCounts) {
  const auto list = scenes({asset("s3://b/c/a"), asset("s3://b/d/a")});
  EXPECT_THAT(hrefs(list, replacing({"s3://b/c=/c", "s3://b=/b"})), ElementsAre("/c/a", "/b/d/a"));
  EXPECT_EQ(refusal([&] {
              hrefs(list, replacing({"s3://b=/b", "/b=/c"}));
            }),
            "--href-replace /b=…: fits no href; there is s3://b/c/a");
}

TEST(HrefReplace, ComesAfterThePreference) {
  HrefChoice choice = replacing({"s3://b=/m"});
  choice.prefer = HrefPreference::s3;
  EXPECT_THAT(hrefs(scenes({asset("https://h/a", "s3://b/a")}), choice), ElementsAre("/m/a"));
}

TEST(HrefReplace, KnowsNothingOfTheStorageOfAnotherBucket) {
  auto list = scenes({asset("https://h/a", "s3://b/x/a")});
  HrefChoice choice = replacing({"s3://b/x=s3://b/y"});
  choice.prefer = HrefPreference::s3;
  choose_hrefs(list, choice);
  EXPECT_TRUE(list[0].assets["red"].storage.requester_pays) << "the same bucket";
  list = scenes({asset("https://h/a", "s3://b/x/a")});
  choice.replacements = {{"s3://b", "s3://c"}};
  choose_hrefs(list, choice);
  EXPECT_FALSE(list[0].assets["red"].storage.requester_pays);
}

TEST(HrefReplace, WithoutEffectIsRefusedWithAnHrefThatThereIs) {
  EXPECT_EQ(
      refusal([] { hrefs(scenes({asset("https://h/a?sig=secret")}), replacing({"s3://b=/m"})); }),
      "--href-replace s3://b=…: fits no href; there is https://h/a?…");
}

TEST(HrefReplace, IsReadAsAbsoluteHrefs) {
  const HrefReplacement gdal = parse_href_replacement("/vsis3/b=mirror/x");
  EXPECT_EQ(gdal.from, "s3://b");
  EXPECT_EQ(gdal.to, (std::filesystem::current_path() / "mirror/x").string());
  EXPECT_EQ(parse_href_replacement("https://h/a=https://i/?x=y").to, "https://i/?x=y");
  EXPECT_EQ(parse_href_replacement("s3://b/=.").to, std::filesystem::current_path().string());
}

TEST(HrefReplace, RefusesWhatIsNoReplacement) {
  for (const char* text : {"", "s3://b", "=x", "s3://b=", "data=x", "./data=x"})
    EXPECT_THAT(refusal([&] { parse_href_replacement(text); }),
                HasSubstr(std::string("--href-replace '") + text + "': FROM"))
        << text;
}

}  // namespace
}  // namespace cubemill
