// Classes at two bits a pixel (exec/packed_classes.hpp).
#include "exec/packed_classes.hpp"

#include <gtest/gtest.h>

#include <random>

namespace cubemill {
namespace {

TEST(PackedClasses, ComeBackAsTheyWere) {
  std::mt19937 random(7);
  for (const std::size_t count : {0u, 8u, 64u, 4096u}) {
    std::vector<std::uint8_t> classes(count), back(count, 9);
    for (auto& c : classes) c = std::uint8_t(random() % 4);
    const std::vector<std::uint8_t> packed = pack_classes(classes.data(), count);
    EXPECT_EQ(count / 4, packed.size());
    unpack_classes(packed, back.data(), count);
    EXPECT_EQ(classes, back);
  }
}

TEST(PackedClasses, PutTheFirstPixelIntoTheLowestBits) {
  const std::uint8_t classes[8] = {1, 2, 3, 0, 0, 0, 0, 2};
  EXPECT_EQ((std::vector<std::uint8_t>{1 | 2 << 2 | 3 << 4, 2 << 6}), pack_classes(classes, 8));
}

}  // namespace
}  // namespace cubemill
