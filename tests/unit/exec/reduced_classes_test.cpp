// Flags on the grid of overviews (exec/reduced_classes.hpp).
#include "exec/reduced_classes.hpp"

#include <gtest/gtest.h>

#include <random>

#include "cubemill/pixel/qa_rule.hpp"

namespace cubemill {
namespace {

FlagCover cover_of(const std::vector<std::int64_t>& columns,
                   const std::vector<std::int64_t>& rows) {
  return {1, {{columns, 1, 0}}, {{rows, 1, 0}}};
}

struct Plane {
  std::int32_t width, height;
  std::vector<std::uint8_t> classes =
      std::vector<std::uint8_t>(std::size_t(width) * height, qa_good);
  std::uint8_t& at(int x, int y) { return classes[std::size_t(y) * width + x]; }
  FlagPixels all() const { return {{0, 0, width, height}, classes.data(), width}; }
};

std::vector<std::uint8_t> reduced(const FlagPixels& flags, const FlagCover& cover,
                                  const SourceWindow& w) {
  std::vector<std::uint8_t> out(std::size_t(w.right - w.left) * (w.bottom - w.top), 99);
  reduce_classes(flags, cover, w, out.data(), w.right - w.left);
  return out;
}

TEST(ReducedClasses, AreTheWorstUnderAPixel) {
  Plane flags{8, 4};
  flags.at(2, 1) = qa_masked;
  flags.at(7, 3) = qa_missing, flags.at(6, 3) = qa_masked;
  EXPECT_EQ((std::vector<std::uint8_t>{qa_good, qa_masked, qa_good, qa_good,  //
                                       qa_good, qa_good, qa_good, qa_missing}),
            reduced(flags.all(), cover_of({4, 8}, {2, 4}), {0, 0, 4, 2}));
}

TEST(ReducedClasses, CountEveryPixelThatIsTouched) {
  Plane flags{7, 1};
  flags.at(3, 0) = qa_masked;  // 1.75…3.5 and 3.5…5.25 touch it
  EXPECT_EQ((std::vector<std::uint8_t>{qa_good, qa_masked, qa_masked, qa_good}),
            reduced(flags.all(), cover_of({4, 7}, {1, 1}), {0, 0, 4, 1}));
}

TEST(ReducedClasses, AreMissingWhereFlagsWereNotRead) {
  Plane flags{6, 4};
  const FlagPixels part{{2, 0, 8, 4}, flags.classes.data(), 6};
  EXPECT_EQ((std::vector<std::uint8_t>{qa_missing, qa_good, qa_good, qa_good, qa_missing}),
            reduced(part, cover_of({8, 16}, {2, 4}), {0, 0, 5, 1}));
  EXPECT_EQ((std::vector<std::uint8_t>{qa_good, qa_missing}),
            reduced(part, cover_of({8, 16}, {3, 6}), {1, 1, 2, 3}));
}

TEST(ReducedClasses, OfAWindowAreThoseOfTheWhole) {
  std::mt19937 random(3);
  Plane flags{61, 47};
  for (auto& c : flags.classes)
    c = std::uint8_t(random() % 12 == 0 ? random() % 2 : std::uint32_t(qa_good));
  const FlagCover cover = cover_of({15, 30, 61}, {11, 23, 47});
  const auto whole = reduced(flags.all(), cover, {0, 0, 15, 11});
  for (int y = 0; y < 11; ++y)
    for (int x = 0; x < 15; ++x) {
      const PixelRange columns = flags_under(cover.columns, {x, x + 1}),
                       rows = flags_under(cover.rows, {y, y + 1});
      std::uint8_t worst = qa_good;
      for (auto row = rows.first; row < rows.last; ++row)
        for (auto column = columns.first; column < columns.last; ++column)
          worst = std::min(worst, flags.at(int(column), int(row)));
      EXPECT_EQ(worst, whole[std::size_t(y * 15 + x)]) << x << ", " << y;
      EXPECT_EQ(worst, reduced({{std::int32_t(columns.first), std::int32_t(rows.first),
                                 std::int32_t(columns.last), std::int32_t(rows.last)},
                                &flags.at(int(columns.first), int(rows.first)),
                                61},
                               cover, {x, y, x + 1, y + 1})[0]);
    }
}

}  // namespace
}  // namespace cubemill
