#include "cubemill/plan/recipe.hpp"

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

TEST(Recipe, SplitsListsAndLeavesOutWhatIsEmpty) {
  EXPECT_THAT(split_list(" a, b ,,c "), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split_list(""), ElementsAre());
  EXPECT_THAT(split_list("a;b", ';'), ElementsAre("a", "b"));
}

TEST(Recipe, ReadsNumbersWholly) {
  EXPECT_EQ(parse_number(" -2.5e3 ", "x"), -2500);
  for (const char* bad : {"", " ", "1x", "one", "1,2", "0x10"})
    EXPECT_THAT(refusal([&] { parse_number(bad, "--thing"); }),
                AllOf(HasSubstr("--thing"), HasSubstr("is not a number")))
        << bad;
}

TEST(Recipe, ReadsABoundingBox) {
  const Box b = parse_bbox("-75.5, -10,-70,5.25");
  EXPECT_EQ(b.left, -75.5);
  EXPECT_EQ(b.bottom, -10);
  EXPECT_EQ(b.right, -70);
  EXPECT_EQ(b.top, 5.25);
  EXPECT_GT(parse_bbox("170,-10,-170,10").left, 0) << "a box across 180 degrees";
  for (const char* bad : {"1,2,3", "1,2,3,4,5", "", "0,5,1,4", "0,5,1,5", "3,0,3,1", "a,0,1,1",
                          "0,0,inf,1", "nan,0,1,1"})
    EXPECT_THAT(refusal([&] { parse_bbox(bad); }), HasSubstr("--bbox")) << bad;
}

TEST(Recipe, ReadsAResolutionAboveZero) {
  EXPECT_THAT(parse_resolution("30"), ElementsAre(30, 30));
  EXPECT_THAT(parse_resolution("30,15.5"), ElementsAre(30, 15.5));
  for (const char* bad : {"0", "-30", "30,0", "30,-1", "1,2,3", "", "x", "inf", "nan"})
    EXPECT_THAT(refusal([&] { parse_resolution(bad); }), HasSubstr("--resolution")) << bad;
}

TEST(Recipe, ReadsAnAnchor) {
  EXPECT_EQ(parse_anchor("edge").kind, Anchor::Kind::edge);
  EXPECT_EQ(parse_anchor("center").kind, Anchor::Kind::center);
  const Anchor a = parse_anchor("15,-7.5");
  EXPECT_EQ(a.kind, Anchor::Kind::point);
  EXPECT_EQ(a.x, 15);
  EXPECT_EQ(a.y, -7.5);
  for (const char* bad : {"corner", "", "1", "1,2,3", "a,b"})
    EXPECT_THAT(refusal([&] { parse_anchor(bad); }), HasSubstr("--anchor")) << bad;
}

TEST(Recipe, ReadsResamplingForAllAndByName) {
  const ResamplingRequest r = parse_resampling({"red=average, *=bilinear", "B5=mode"});
  EXPECT_EQ(r.all, Resampling::bilinear);
  EXPECT_EQ(r.named.at("red"), Resampling::average);
  EXPECT_EQ(r.named.at("B5"), Resampling::mode);
  EXPECT_EQ(parse_resampling({"cubic"}).all, Resampling::cubic);
  EXPECT_EQ(parse_resampling({}).all, Resampling::nearest);
  for (const Resampling m : {Resampling::nearest, Resampling::bilinear, Resampling::cubic,
                             Resampling::average, Resampling::mode})
    EXPECT_EQ(parse_method(to_string(m)), m);
  for (const char* bad : {"lanczos", "red=lanczos", "red=", "=average=", "Nearest"})
    EXPECT_THAT(
        refusal([&] { parse_resampling({bad}); }),
        AllOf(HasSubstr("--resampling"), HasSubstr("nearest, bilinear, cubic, average or mode")))
        << bad;
}

TEST(Recipe, ReadsIndices) {
  const auto all = parse_indices("ndvi, brightness=nir, cloud=QA#2");
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].name, "ndvi");
  EXPECT_EQ(all[0].band, "");
  EXPECT_EQ(all[1].name, "brightness");
  EXPECT_EQ(all[2].band, "QA#2");
  for (const char* unknown : {"evi", "NDVI"})
    EXPECT_THAT(refusal([&] { parse_indices(unknown); }),
                AllOf(HasSubstr("--index"), HasSubstr("ndvi"), HasSubstr("NAME=BAND")))
        << unknown;
  for (const char* bad : {"=red", "a=", "../x=red", "a/b=red", ".hidden=red", "a b=red", ""})
    EXPECT_THAT(refusal([&] { parse_indices(bad); }), HasSubstr("--index")) << bad;
  EXPECT_THAT(refusal([] { parse_indices("ndvi,ndvi"); }), HasSubstr("given twice"));
}

TEST(Recipe, ReadsFlagBitsInDecimalAndHexadecimal) {
  const auto tests = parse_bits("0x18=0,7=0x3");
  ASSERT_EQ(tests.size(), 2u);
  EXPECT_EQ(tests[0].mask, 24u);
  EXPECT_EQ(tests[0].value, 0u);
  EXPECT_EQ(tests[1].mask, 7u);
  EXPECT_EQ(tests[1].value, 3u);
  EXPECT_EQ(parse_bits("0xFFFFFFFF=4294967295")[0].mask, 0xFFFFFFFFu);
  EXPECT_THAT(refusal([] { parse_bits("1=2"); }), HasSubstr("nothing can pass"));
  for (const char* bad : {"3", "3=", "=3", "a=1", "-1=0", "0x=0", "4294967296=0", "1.5=1"})
    EXPECT_THAT(refusal([&] { parse_bits(bad); }), HasSubstr("--keep-bits")) << bad;
}

TEST(Recipe, ReadsFlagValues) {
  EXPECT_THAT(parse_values("1, 0x10,65535"), ElementsAre(1, 16, 65535));
  for (const char* bad : {"x", "-1", "1.5", "4294967296"})
    EXPECT_THAT(refusal([&] { parse_values(bad); }), HasSubstr(bad)) << bad;
}

TEST(Recipe, ReadsReducersOnce) {
  EXPECT_THAT(parse_reducers("count,mean,count"), ElementsAre("count", "mean"));
  EXPECT_THAT(refusal([] { parse_reducers("median"); }),
              AllOf(HasSubstr("--reduce"), HasSubstr("mean, count")));
  EXPECT_THAT(refusal([] { parse_reducers(" , "); }), HasSubstr("--reduce"));
}

TEST(Recipe, ReadsSizes) {
  constexpr std::uint64_t total = 8'000'000'000;
  EXPECT_EQ(parse_size("512MiB", total), 512u << 20);
  EXPECT_EQ(parse_size("2GiB", total), 2ull << 30);
  EXPECT_EQ(parse_size("1.5GB", total), 1'500'000'000u);
  EXPECT_EQ(parse_size(" 800 M ", total), 800u << 20);
  EXPECT_EQ(parse_size("123456", total), 123456u);
  EXPECT_EQ(parse_size("50%", total), total / 2);
  EXPECT_EQ(parse_size("1TiB", total), 1ull << 40);
  for (const char* bad : {"", "MiB", "x", "0", "0%", "-1GiB", "1QiB", "1e30", "99999999TiB"})
    EXPECT_THAT(refusal([&] { parse_size(bad, total); }),
                HasSubstr("is not a size: give 512MiB, 2GiB or 50%"))
        << bad;
}

TEST(Recipe, ReadsHowManyScenesMayBeSkipped) {
  EXPECT_EQ(parse_skip_limit("0").of(10), 0u);
  EXPECT_EQ(parse_skip_limit(" 3 ").of(10), 3u);
  EXPECT_EQ(parse_skip_limit("3").of(2), 3u);
  EXPECT_EQ(parse_skip_limit("0%").of(10), 0u);
  EXPECT_EQ(parse_skip_limit("12.5%").of(15), 1u);
  EXPECT_EQ(parse_skip_limit("12.5 %").of(16), 2u);
  EXPECT_EQ(parse_skip_limit("100%").of(10), 10u);
  EXPECT_EQ(SkipLimit{}.of(1000000), UINT64_MAX) << "without the option: all but one";
  for (const char* bad : {"", "%", "-1", "1.5", "101%", "-1%", "few", "nan", "nan%", "inf"})
    EXPECT_THAT(refusal([&] { parse_skip_limit(bad); }), testing::HasSubstr("--max-skipped"))
        << bad;
}

TEST(Recipe, ReadsAssignments) {
  EXPECT_EQ(parse_assignment("red = B4#2", "--band"),
            (std::pair<std::string, std::string>("red", "B4#2")));
  EXPECT_EQ(parse_assignment("a=b=c", "--band").second, "b=c");
  for (const char* bad : {"red", "=B4", "red=", ""})
    EXPECT_THAT(refusal([&] { parse_assignment(bad, "--band"); }), HasSubstr("--band")) << bad;
}

}  // namespace
}  // namespace cubemill
