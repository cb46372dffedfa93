// What the tests of sums share: the sums of single pixels, and their comparison to the bit.
#pragma once
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "backend/tile_sums.hpp"
#include "cubemill/pixel/accumulator.hpp"

namespace cubemill::testing_pass {

/// The sum of every pixel of an index; a packed one lies in `low`. Whether `rare` is set in vain
/// does not matter, a missing one does.
inline std::vector<WideSum> pixels_of(const TileSums& sums, std::size_t index) {
  const std::vector<std::span<const std::byte>> all = sums.bytes();
  const std::span<const std::byte> bytes = all[index];
  std::vector<WideSum> pixels;
  if (sums.kind(index) == AccumulatorKind::packed) {
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(PackedSum)) {
      WideSum& pixel = pixels.emplace_back();
      std::memcpy(&pixel.low, bytes.data() + at, sizeof pixel.low);
    }
    return pixels;
  }
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(WideRun)) {
    WideRun run;
    std::memcpy(&run, bytes.data() + at, sizeof run);
    for (int i = 0; i < run_length; ++i) {
      pixels.push_back(run.get(i));
      EXPECT_TRUE(run.rare || (run.high[i] == 0 && run.beyond[i] == 0)) << "at " << pixels.size();
    }
  }
  return pixels;
}

inline bool equal(const WideSum& a, const WideSum& b) {
  return a.low == b.low && a.high == b.high && a.count_ == b.count_ && a.beyond_ == b.beyond_;
}

/// Expects the same bits of every pixel of every index.
inline void expect_equal(const TileSums& got, const TileSums& expected) {
  for (std::size_t i = 0; i < expected.bytes().size(); ++i) {
    const auto a = pixels_of(got, i), b = pixels_of(expected, i);
    ASSERT_EQ(a.size(), b.size());
    std::size_t different = 0;
    for (std::size_t p = 0; p < a.size(); ++p) different += !equal(a[p], b[p]);
    EXPECT_EQ(different, 0u) << "of " << a.size() << " pixels of index " << i;
  }
}

/// How many pixels of an index hold something.
inline std::size_t held(const TileSums& sums, std::size_t index) {
  std::size_t n = 0;
  for (const WideSum& sum : pixels_of(sums, index)) n += !equal(sum, {});
  return n;
}

/// What finishing an index gives.
struct Finished {
  std::vector<float> means;
  std::vector<std::uint32_t> counts;
  std::uint64_t beyond = 0;
};

/// Expects the same bits.
inline void expect_equal(const Finished& got, const Finished& expected) {
  ASSERT_EQ(got.means.size(), expected.means.size());
  EXPECT_EQ(std::memcmp(got.means.data(), expected.means.data(), got.means.size() * sizeof(float)),
            0);
  EXPECT_EQ(got.counts, expected.counts);
  EXPECT_EQ(got.beyond, expected.beyond);
}

}  // namespace cubemill::testing_pass
