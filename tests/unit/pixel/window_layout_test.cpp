#include "cubemill/pixel/window_layout.hpp"

#include <gtest/gtest.h>

namespace cubemill {
namespace {

TEST(WindowLayout, HoldsItsPixelsAndTheRimAroundThem) {
  for (std::int64_t columns = 0; columns < 70; ++columns)
    for (std::int64_t rows = 0; rows < 5; ++rows)
      for (const std::size_t pixel : {1, 2, 4, 8}) {
        const WindowLayout w{columns, rows};
        EXPECT_GE(w.stride(), columns + 2 * WindowLayout::rim_columns);
        EXPECT_LT(w.stride(), columns + 2 * WindowLayout::rim_columns + 16);
        EXPECT_EQ(w.lines(), rows + 2 * WindowLayout::rim_rows);
        EXPECT_EQ(w.bytes(pixel) % 64, 0u);
        EXPECT_GE(w.bytes(pixel), std::size_t(w.stride() * w.lines()) * pixel + 64)
            << "no slack for the last load";
      }
}

TEST(WindowLayout, CountsMoreThanFourGigabytes) {
  EXPECT_GT((WindowLayout{100'000, 100'000}.bytes(8)), std::size_t(1) << 36);
  EXPECT_EQ(class_plane_bytes(1 << 20, 1 << 14), std::size_t(1) << 34);
}

TEST(WindowLayout, PadsClassesToWholeRuns) {
  EXPECT_EQ(class_stride(1), 32);
  EXPECT_EQ(class_stride(32), 32);
  EXPECT_EQ(class_stride(33), 64);
  EXPECT_EQ(class_plane_bytes(1, 1), 64u);
  EXPECT_EQ(class_plane_bytes(33, 2), 128u);
  EXPECT_EQ(class_plane_bytes(0, 0), 0u);
}

}  // namespace
}  // namespace cubemill
