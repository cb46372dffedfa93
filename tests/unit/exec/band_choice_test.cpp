#include "exec/band_choice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "cubemill/base/error.hpp"
#include "unit/refusal.hpp"

namespace cubemill {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

Scene scene_with(std::vector<SceneAsset> assets) {
  Scene s;
  s.id = "one";
  for (SceneAsset& a : assets) s.assets[a.key] = std::move(a);
  return s;
}

SceneAsset asset(const std::string& key, std::vector<BandNumbers> bands = {},
                 std::vector<std::string> names = {}) {
  SceneAsset a;
  a.key = key, a.href = "/data/" + key + ".tif";
  a.names = std::move(names), a.bands = std::move(bands);
  return a;
}

Product landsat() {
  Product p;
  p.name = "landsat";
  p.bands["red"] = {{"B4", "red"}, {0.0, 2.75e-5, -0.2}, 7273, 43636};
  p.qa_assets = {"QA", "qa_pixel"};
  p.qa_nodata = 1;
  p.flags["cloud"] = {8, {8}, {}, ""};
  p.flags["cirrus"] = {0xC000, {0xC000}, {{"high", {0xC000}}, {"medium", {0x8000, 0xC000}}}, ""};
  p.default_mask_out = {"cloud"};
  return p;
}

/// The chooser and what it looks at.
struct Choice {
  std::vector<Scene> scenes;
  Recipe recipe;
  std::optional<Product> product = landsat();
  BandChooser chooser{scenes, recipe, product};

  SceneInput numbers(const std::string& role, bool flags = false, const BandNumbers& file = {}) {
    SceneInput in;
    in.info.numbers = file;
    chooser.set_numbers(in, role, flags, chooser.find(scenes[0], role, flags));
    return in;
  }
};

TEST(BandChooser, LooksAtOptionsThenTheProductThenTheName) {
  Choice c{{scene_with({asset("B4"), asset("B5"), asset("QA")})}, {}};
  EXPECT_EQ(c.chooser.find(c.scenes[0], "red", false).asset->key, "B4");
  EXPECT_EQ(c.chooser.find(c.scenes[0], "B5", false).asset->key, "B5");
  EXPECT_EQ(c.chooser.find(c.scenes[0], "", true).asset->key, "QA");
  EXPECT_EQ(c.chooser.find(c.scenes[0], "nir", false).asset, nullptr);
  c.recipe.bands["red"] = "B5#3";
  c.recipe.mask.qa_band = "B4";
  EXPECT_EQ(c.chooser.find(c.scenes[0], "red", false).asset->key, "B5");
  EXPECT_EQ(c.chooser.find(c.scenes[0], "red", false).band, 3);
  EXPECT_EQ(c.chooser.find(c.scenes[0], "", true).asset->key, "B4");
}

TEST(BandChooser, RefusesANumberOfABandThatIsNone) {
  Choice c{{scene_with({asset("B4")})}, {}};
  for (const char* bad : {"B4#", "B4#0", "B4#x", "B4#-1", "B4#99999"}) {
    c.recipe.bands["red"] = bad;
    EXPECT_THAT(refusal([&] { c.chooser.find(c.scenes[0], "red", false); }),
                AllOf(HasSubstr(bad), HasSubstr("number of a band")))
        << bad;
  }
}

TEST(BandChooser, KnowsFlagBandsByAnyOfTheirNames) {
  Choice c{{scene_with({asset("QA")})}, {}};
  c.recipe.bands["clouds"] = "QA#1";
  EXPECT_TRUE(c.chooser.is_flags("QA"));
  EXPECT_TRUE(c.chooser.is_flags("clouds"));
  EXPECT_FALSE(c.chooser.is_flags("red"));
  EXPECT_TRUE(c.chooser.known_without_product("clouds"));
  EXPECT_TRUE(c.chooser.known_without_product("QA#2"));
  EXPECT_FALSE(c.chooser.known_without_product("red"));
}

TEST(BandChooser, TakesNumbersFromOptionItemProductFileInThisOrder) {
  Choice c{{scene_with({asset("B4")})}, {}};
  const BandNumbers file = {7.0, 3.0, 4.0};
  // The product speaks before the file.
  EXPECT_EQ(c.numbers("red", false, file).numbers_from, "product");
  EXPECT_EQ(*c.numbers("red", false, file).numbers.scale, 2.75e-5);
  EXPECT_EQ(*c.numbers("red", false, file).numbers.nodata, 0);
  // The item before the product; what it does not say still comes from below.
  c.scenes[0].assets["B4"].bands = {{{}, 0.5, -1.0}};
  EXPECT_EQ(c.numbers("red", false, file).numbers_from, "item");
  EXPECT_EQ(*c.numbers("red", false, file).numbers.scale, 0.5);
  EXPECT_EQ(*c.numbers("red", false, file).numbers.nodata, 0);
  c.scenes[0].assets["B4"].bands[0].nodata = -9;
  EXPECT_EQ(*c.numbers("red", false, file).numbers.nodata, -9);
  // An option before all.
  c.recipe.numbers["red"] = {-1.0, 10.0, 20.0};
  const SceneInput in = c.numbers("red", false, file);
  EXPECT_EQ(in.numbers_from, "option");
  EXPECT_EQ(*in.numbers.nodata, -1);
  EXPECT_EQ(*in.numbers.scale, 10);
  EXPECT_EQ(*in.numbers.offset, 20);
}

TEST(BandChooser, TakesTheFilesNumbersWhereNobodyElseSpeaks) {
  Choice c{{scene_with({asset("B9")})}, {}};
  const SceneInput in = c.numbers("B9", false, {7.0, 3.0, {}});
  EXPECT_EQ(in.numbers_from, "file");
  EXPECT_EQ(*in.numbers.nodata, 7);
  EXPECT_EQ(*in.numbers.offset, 0) << "a lone scale means offset 0";
  const SceneInput nothing = c.numbers("B9");
  EXPECT_EQ(nothing.numbers_from, "none");
  EXPECT_EQ(*nothing.numbers.scale, 1);
  EXPECT_EQ(*nothing.numbers.offset, 0);
  EXPECT_FALSE(nothing.numbers.nodata);
  EXPECT_FALSE(nothing.valid_range);
}

TEST(BandChooser, NeverMixesAScaleAndAnOffsetOfTwoSources) {
  Choice c{{scene_with({asset("B4", {{{}, 0.5, {}}})})}, {}};
  const SceneInput in = c.numbers("red", false, {{}, 3.0, 4.0});
  EXPECT_EQ(*in.numbers.scale, 0.5);
  EXPECT_EQ(*in.numbers.offset, 0) << "not the product's -0.2";
}

TEST(BandChooser, TakesTheNumbersOfTheBandInsideAFile) {
  Choice c{{scene_with({asset("multi", {{1.0, {}, {}}, {2.0, 5.0, {}}})})}, {}};
  c.recipe.bands["x"] = "multi#2";
  EXPECT_EQ(*c.numbers("x").numbers.nodata, 2);
  EXPECT_EQ(*c.numbers("x").numbers.scale, 5);
  c.recipe.bands["x"] = "multi#3";
  EXPECT_FALSE(c.numbers("x").numbers.nodata);
}

TEST(BandChooser, LeavesNumbersAsStoredWithoutScaling) {
  Choice c{{scene_with({asset("B4")})}, {}};
  EXPECT_TRUE(c.numbers("red").valid_range);
  c.recipe.valid_range = false;
  EXPECT_FALSE(c.numbers("red").valid_range);
  c.recipe.valid_range = true;
  c.recipe.scaling = false;
  const SceneInput in = c.numbers("red");
  EXPECT_EQ(*in.numbers.scale, 1);
  EXPECT_EQ(*in.numbers.offset, 0);
  EXPECT_EQ(*in.numbers.nodata, 0) << "nodata stays";
  EXPECT_FALSE(in.valid_range);
}

TEST(BandChooser, GivesFlagsTheirNodataAndNoScale) {
  Choice c{{scene_with({asset("QA", {{{}, 2.0, {}}})})}, {}};
  const SceneInput in = c.numbers("", true);
  EXPECT_EQ(*in.numbers.nodata, 1);
  EXPECT_EQ(*in.numbers.scale, 1);
  EXPECT_FALSE(in.valid_range);
}

TEST(QaRuleOf, MasksTheProductsDefaultUnlessAsked) {
  std::vector<std::string> printed;
  MaskRequest mask;
  const QaRule rule = make_qa_rule(mask, landsat(), printed);
  EXPECT_THAT(printed, ElementsAre("cloud"));
  EXPECT_EQ(classify(rule, 8), qa_masked);
  EXPECT_EQ(classify(rule, 0xC000), qa_good);
  mask.mask_out = {"cirrus"}, mask.mask_out_given = true;
  const QaRule cirrus = make_qa_rule(mask, landsat(), printed);
  EXPECT_EQ(classify(cirrus, 8), qa_good);
  EXPECT_EQ(classify(cirrus, 0xC000), qa_masked);
  EXPECT_EQ(classify(cirrus, 0x8000), qa_good);
  mask.mask_out = {"cirrus:medium", "cloud"};
  const QaRule both = make_qa_rule(mask, landsat(), printed);
  for (const std::uint32_t qa : {8u, 0x8000u, 0xC000u, 0xC008u})
    EXPECT_EQ(classify(both, qa), qa_masked) << qa;
  for (const std::uint32_t qa : {0u, 0x4000u, 4u, 16u})
    EXPECT_EQ(classify(both, qa), qa_good) << qa;
}

TEST(QaRuleOf, DropsBitsThatDecideNothing) {
  Product product = landsat();
  product.flags["cloud"].mask = 0x308;  // bit 3, whatever bits 8 and 9 say
  product.flags["cloud"].values = {0x008, 0x108, 0x208, 0x308};
  std::vector<std::string> printed;
  const QaRule rule = make_qa_rule({}, product, printed);
  EXPECT_EQ(rule.rejects, 0);
  EXPECT_EQ(rule.keep_mask, 8u);
  EXPECT_EQ(rule.keep_value, 0u);
  product.flags["cloud"].values = {0x008, 0x108, 0x308};  // not with bit 9 alone
  const QaRule odd = make_qa_rule({}, product, printed);
  for (const std::uint32_t qa : {0x008u, 0x108u, 0x308u}) EXPECT_EQ(classify(odd, qa), qa_masked);
  for (const std::uint32_t qa : {0u, 0x208u, 0x300u}) EXPECT_EQ(classify(odd, qa), qa_good);
}

TEST(QaRuleOf, NamesTheFlagsAndLevelsThatThereAre) {
  std::vector<std::string> printed;
  MaskRequest mask;
  mask.mask_out_given = true;
  mask.mask_out = {"clouds"};
  EXPECT_THAT(refusal([&] { make_qa_rule(mask, landsat(), printed); }),
              AllOf(HasSubstr("'clouds'"), HasSubstr("cirrus, cloud"), HasSubstr("--mask-out")));
  mask.mask_out = {"cirrus:low"};
  EXPECT_THAT(refusal([&] { make_qa_rule(mask, landsat(), printed); }),
              AllOf(HasSubstr("'low'"), HasSubstr("high, medium")));
  EXPECT_THAT(refusal([&] { make_qa_rule({}, {}, printed); }),
              AllOf(HasSubstr("--product"), HasSubstr("--no-mask")));
}

TEST(QaRuleOf, TakesBitsAndListsByHand) {
  std::vector<std::string> printed;
  MaskRequest mask;
  mask.keep_bits = {{0x18, 0x08}, {1, 0}};
  const QaRule bits = make_qa_rule(mask, {}, printed);
  EXPECT_EQ(classify(bits, 0x08), qa_good);
  EXPECT_EQ(classify(bits, 0x18), qa_masked);
  EXPECT_EQ(classify(bits, 0x09), qa_masked);
  mask = {};
  mask.keep_values = {4, 5};
  EXPECT_EQ(classify(make_qa_rule(mask, {}, printed), 5), qa_good);
  EXPECT_EQ(classify(make_qa_rule(mask, {}, printed), 6), qa_masked);
  mask = {};
  mask.reject_values = {4, 5};
  EXPECT_EQ(classify(make_qa_rule(mask, {}, printed), 5), qa_masked);
  EXPECT_EQ(classify(make_qa_rule(mask, {}, printed), 6), qa_good);
}

TEST(QaRuleOf, RefusesRulesThatContradict) {
  std::vector<std::string> printed;
  MaskRequest mask;
  mask.keep_bits = {{1, 1}, {3, 2}};
  EXPECT_THAT(refusal([&] { make_qa_rule(mask, {}, printed); }), HasSubstr("nothing can pass"));
  mask = {};
  mask.keep_values = {1}, mask.reject_values = {2};
  EXPECT_THAT(refusal([&] { make_qa_rule(mask, {}, printed); }), HasSubstr("exclude"));
  mask = {};
  mask.keep_values = {1}, mask.mask_out_given = true;
  EXPECT_THAT(refusal([&] { make_qa_rule(mask, landsat(), printed); }), HasSubstr("--mask-out"));
  mask = {};
  mask.keep_values.assign(QaRule::max_values + 1, 3);
  EXPECT_THAT(refusal([&] { make_qa_rule(mask, {}, printed); }), HasSubstr("at most 64"));
}

TEST(QaRuleOf, LetsEverythingPassWithoutAMask) {
  std::vector<std::string> printed;
  MaskRequest mask;
  mask.none = true;
  EXPECT_EQ(classify(make_qa_rule(mask, landsat(), printed), 0xFFFF), qa_good);
  EXPECT_THAT(printed, ElementsAre());
}

}  // namespace
}  // namespace cubemill
