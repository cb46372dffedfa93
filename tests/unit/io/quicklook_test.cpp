#include "cubemill/io/quicklook.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "cubemill/base/error.hpp"
#include "io/quicklook_canvas.hpp"
#include "io/quicklook_image.hpp"
#include "io/quicklook_layout.hpp"
#include "io/quicklook_stretch.hpp"
#include "unit/io/cog_fixture.hpp"

#if defined(__SANITIZE_ADDRESS__)
// Fontconfig keeps a few hundred bytes of patterns for ever.
extern "C" const char* __lsan_default_suppressions() { return "leak:libfontconfig\n"; }
#endif

namespace cubemill {
namespace {

using namespace cog_test;
using testing::ElementsAre;
using Panels = std::vector<std::vector<float>>;
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

CogWriter::Preview preview_of(std::int64_t width, std::int64_t height, std::size_t bands) {
  CogSpec spec = spec_of(width, height, SampleType::f32, std::vector<std::string>(bands, "x"));
  return {width, height, ndvi_images(spec)};
}

QuicklookSpec drawing(std::size_t panels) {
  return {
      "NDVI, mean per season", "2021", std::vector<std::string>(panels, "DJF"), false, "NDVI", 1};
}

TEST(Stretch, LeavesTwoPercentOutAtEachEndOverAllPanels) {
  Panels panels(2);
  for (int i = 0; i <= 1000; ++i) panels[i % 2].push_back(float(i));
  panels[0].push_back(nan);
  const ColourScale s = stretch(panels, false);
  EXPECT_EQ(s.low, 20);
  EXPECT_EQ(s.high, 980);
  EXPECT_TRUE(s.below);
  EXPECT_TRUE(s.above);
}

TEST(Stretch, GoesFromZeroToAWholeNumberForCounts) {
  const ColourScale s = stretch(Panels{{0, 0, 0, 1, 2, 3, 3.5f}}, true);
  EXPECT_EQ(s.low, 0);
  EXPECT_EQ(s.high, 4);
  EXPECT_FALSE(s.above);
}

TEST(Stretch, IsNeverOfZeroWidth) {
  for (const Panels& p :
       {Panels{}, Panels{{}}, Panels{{nan}}, Panels{{0, 0}}, Panels{{-3, -3}}, Panels{{0.25f}}})
    for (const bool counts : {false, true}) {
      const ColourScale s = stretch(p, counts);
      EXPECT_LT(s.low, s.high);
      EXPECT_TRUE(std::isfinite(s.low) && std::isfinite(s.high));
    }
}

TEST(Stretch, IsNotMovedByInfinities) {
  const ColourScale s = stretch(Panels{{INFINITY, -INFINITY, 1, 2}}, false);
  EXPECT_EQ(s.low, 1);
  EXPECT_EQ(s.high, 2);
}

TEST(RoundTicks, AreRoundAndInside) {
  EXPECT_THAT(tick_labels(round_ticks(-0.13, 0.82, 6, false)),
              ElementsAre("0.0", "0.2", "0.4", "0.6", "0.8"));
  EXPECT_THAT(tick_labels(round_ticks(0, 3, 8, true)), ElementsAre("0", "1", "2", "3"));
  EXPECT_THAT(tick_labels(round_ticks(0, 1, 8, true)), ElementsAre("0", "1"));
  EXPECT_THAT(tick_labels(round_ticks(-1, 1, 3, false)), ElementsAre("\u22121", "0", "1"));
  EXPECT_THAT(tick_labels(round_ticks(0, 250, 6, true)),
              ElementsAre("0", "50", "100", "150", "200", "250"));
}

TEST(RoundTicks, NeverExceedTheNumberAskedFor) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> value(-5, 5), size(-8, 6);
  for (int i = 0; i < 2000; ++i) {
    const double low = value(random) * std::pow(10, size(random));
    const double high = low + std::pow(10, size(random)) + 1e-6 * std::fabs(low);
    const auto ticks = round_ticks(low, high, 7, i % 2);
    EXPECT_LE(ticks.size(), 7u);
    for (const double t : ticks)
      EXPECT_TRUE(t >= low - 1e-6 * (high - low) && t <= high + 1e-6 * (high - low));
  }
}

class EveryArrangement
    : public testing::TestWithParam<std::tuple<std::size_t, std::pair<int, int>, double>> {};

TEST_P(EveryArrangement, KeepsEverythingApartAndInside) {
  const auto [panels, size, aspect] = GetParam();
  const QuicklookLayout l = arrange(panels, size.first, size.second, aspect);
  std::vector<Rect> all = {l.title, l.subtitle, l.bar, l.ticks, l.unit, l.legend, l.note};
  for (const PanelLayout& p : l.panels) all.push_back(p.label), all.push_back(p.image);
  ASSERT_EQ(l.panels.size(), panels);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_GT(all[i].width, 0);
    EXPECT_GE(all[i].x, 0);
    EXPECT_GE(all[i].y, 0);
    EXPECT_LE(all[i].right(), l.width);
    EXPECT_LE(all[i].bottom(), l.height);
    for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(all[i].overlaps(all[j])) << i << ' ' << j;
  }
  EXPECT_LT(l.width, 4200);
  EXPECT_LT(l.height, 4200);
}
INSTANTIATE_TEST_SUITE_P(All, EveryArrangement,
                         testing::Combine(testing::Values(1, 2, 3, 4, 5, 7, 12, 13, 36),
                                          testing::Values(std::pair(1, 1), std::pair(1000, 980),
                                                          std::pair(2000, 30), std::pair(30, 2000),
                                                          std::pair(300, 299)),
                                          testing::Values(1.0, 0.4, 2.5)));

TEST(Arrangement, SuitsTheShapeOfThePanels) {
  const auto columns = [](std::size_t panels, std::int64_t width, std::int64_t height) {
    const auto l = arrange(panels, width, height, 1);
    std::size_t n = 0;
    for (const PanelLayout& p : l.panels) n += p.image.y == l.panels[0].image.y;
    return n;
  };
  EXPECT_EQ(columns(1, 500, 500), 1u);
  EXPECT_EQ(columns(4, 500, 500), 2u);
  EXPECT_EQ(columns(4, 200, 800), 4u);
  EXPECT_EQ(columns(4, 900, 100), 1u);
  EXPECT_EQ(columns(12, 500, 500), 4u);
}

TEST(Arrangement, EnlargesByWholeFactors) {
  const Rect image = arrange(1, 70, 40, 1).panels[0].image;
  EXPECT_EQ(image.width, 12 * 70);
  EXPECT_EQ(image.height, 12 * 40);
}

TEST(ResampleByArea, RepeatsPixelsForWholeFactors) {
  EXPECT_TRUE(same(resample_by_area({1, nan, 3, 4}, 2, 2, 4, 4),
                   {1, 1, nan, nan, 1, 1, nan, nan, 3, 3, 4, 4, 3, 3, 4, 4}));
}

TEST(ResampleByArea, WeighsPixelsByTheirShareOfTheArea) {
  EXPECT_THAT(resample_by_area({3, 6, 12}, 3, 1, 2, 1), ElementsAre(4, 10));
  EXPECT_THAT(resample_by_area({3, nan, 12}, 3, 1, 1, 1), ElementsAre(7.5f));
}

TEST(Canvas, EndsTextThatIsTooLongInAnEllipsis) {
  Canvas canvas(400, 40, 0xffffff);
  const std::string line(300, 'W');
  EXPECT_LE(canvas.text({0, 0, 200, 40}, line, {}), 200);
  EXPECT_GT(canvas.text({0, 0, 200, 40}, line, {}), 170);
  EXPECT_EQ(canvas.text({0, 0, 1, 40}, line, {}), 0) << "not even an ellipsis fits";
  EXPECT_GT(canvas.text({0, 0, 200, 40}, std::string(50, '\xe2'), {}), -1)
      << "broken UTF-8 is survived";
}

TEST(Quicklook, IsTheSamePictureForTheSamePixels) {
  const Folder folder;
  const auto preview = preview_of(300, 280, 4);
  write_quicklook(folder.file("a.png"), drawing(4), preview);
  write_quicklook(folder.file("b.png"), drawing(4), preview);
  const auto a = bytes_of(folder.file("a.png"));
  EXPECT_TRUE(a == bytes_of(folder.file("b.png")));
  ASSERT_GT(a.size(), 1000u);
  EXPECT_EQ(std::string(a.data(), 4), "\x89PNG");
  auto other = preview;
  other.bands[2][40000] = 0.9f, other.bands[2][40001] = 0.9f;
  write_quicklook(folder.file("b.png"), drawing(4), other);
  EXPECT_FALSE(a == bytes_of(folder.file("b.png")));
}

TEST(Quicklook, ShowsOnePaletteAndGreysOutWhatIsMissing) {
  const Folder folder;
  auto preview = preview_of(200, 200, 2);
  std::fill(preview.bands[0].begin(), preview.bands[0].end(), 0.5f);
  std::fill(preview.bands[1].begin(), preview.bands[1].end(), nan);
  write_quicklook(folder.file("a.png"), drawing(2), preview);
  const Dataset d = open(folder.file("a.png"));
  const auto layout = arrange(2, 200, 200, 1);
  const auto colour_at = [&](const Rect& r) {
    unsigned char rgb[3];
    EXPECT_EQ(d->RasterIO(GF_Read, int(r.x) + 8, int(r.y) + 8, 1, 1, rgb, 1, 1, GDT_Byte, 3,
                          nullptr, 0, 0, 0, nullptr),
              CE_None);
    return Colour(rgb[0]) << 16 | Colour(rgb[1]) << 8 | Colour(rgb[2]);
  };
  EXPECT_THAT(colour_at(layout.panels[0].image),
              testing::AnyOf(Palette::vegetation().at(0.4999), Palette::vegetation().at(0.5001)));
  EXPECT_EQ(colour_at(layout.panels[1].image), 0xe2e2e2u);
}

TEST(Quicklook, DrawsWhatIsOddWithoutComplaint) {
  const Folder folder;
  QuicklookSpec spec = drawing(40);
  spec.title = std::string(500, 'T'), spec.subtitle = "", spec.counts = true;
  write_quicklook(folder.file("a.png"), spec, preview_of(3, 2, 40));
  spec.panels = {std::string(300, 'p')}, spec.aspect = 3;
  write_quicklook(folder.file("a.png"), spec, {1, 1, {{nan}}});
  write_quicklook(folder.file("a.png"), spec, {1, 1, {{7}}});
  EXPECT_GT(bytes_of(folder.file("a.png")).size(), 1000u);
}

TEST(Quicklook, SaysWhereItCannotWrite) {
  EXPECT_THROW(write_quicklook("/nowhere/a.png", drawing(1), preview_of(9, 9, 1)), IoError);
}

TEST(Quicklook, AsksForEnoughPixels) {
  EXPECT_EQ(quicklook_longest(4), 1200);
  EXPECT_EQ(quicklook_longest(1000), quicklook_longest(quicklook_panel_limit));
}

}  // namespace
}  // namespace cubemill
