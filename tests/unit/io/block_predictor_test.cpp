#include "io/block_predictor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "io/pixel_interleave.hpp"
#include "unit/io/random_bytes.hpp"

namespace cubemill {
namespace {

using Bytes = std::vector<std::byte>;

// Codes rows of samples as a writer does, `samples` of a pixel side by side.
template <class T>
Bytes coded(const Bytes& plain, std::size_t width, SampleCoding coding, std::size_t samples = 1) {
  std::vector<T> values(plain.size() / sizeof(T));
  std::memcpy(values.data(), plain.data(), plain.size());
  const std::size_t row = width * samples;
  if (coding.differences)
    for (std::size_t i = values.size(); i-- > 0;)
      if (i % row >= samples) values[i] = T(values[i] - values[i - samples]);
  Bytes bytes(plain.size());
  std::memcpy(bytes.data(), values.data(), bytes.size());
  if (coding.swapped)
    for (std::size_t i = 0; i < bytes.size(); i += sizeof(T))
      std::reverse(bytes.begin() + long(i), bytes.begin() + long(i + sizeof(T)));
  return bytes;
}

// TIFF technical note 3: a row's bytes in planes, the most significant first, then differences.
Bytes floating_coded(const Bytes& plain, std::size_t width, std::size_t sample_bytes,
                     std::size_t samples = 1) {
  const std::size_t values = width * samples, row = values * sample_bytes;
  Bytes bytes(plain.size());
  for (std::size_t start = 0; start < plain.size(); start += row) {
    for (std::size_t i = 0; i < values; ++i)
      for (std::size_t b = 0; b < sample_bytes; ++b) {
        const bool little = std::endian::native == std::endian::little;
        const std::size_t plane = little ? sample_bytes - 1 - b : b;
        bytes[start + plane * values + i] = plain[start + i * sample_bytes + b];
      }
    for (std::size_t i = row; i-- > samples;)
      bytes[start + i] =
          std::byte(unsigned(bytes[start + i]) - unsigned(bytes[start + i - samples]));
  }
  return bytes;
}

template <class T>
class Samples : public ::testing::Test {
 protected:
  static constexpr SampleCoding codings[] = {
      {false, false}, {true, false}, {false, true}, {true, true}};
};
using SampleTypes = ::testing::Types<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(Samples, SampleTypes);

TYPED_TEST(Samples, AreUndoneForEveryWidthWithAndWithoutSimdAndInPlace) {
  for (const SampleCoding coding : this->codings)
    for (std::size_t width = 1; width <= 130; ++width) {
      const BlockShape shape{width, 3, sizeof(TypeParam)};
      const auto stride = std::ptrdiff_t(shape.row_bytes());
      const Bytes plain = random_bytes(shape.bytes());
      Bytes fast = coded<TypeParam>(plain, width, coding), portable = fast;
      undo_samples(fast.data(), shape, coding, fast.data(), stride);
      EXPECT_EQ(plain, fast) << width;
      undo_samples_portable(portable.data(), shape, coding, portable.data(), stride);
      EXPECT_EQ(plain, portable) << width;
    }
}

void expect_rows_apart(const Bytes& plain, const BlockShape& shape, const Bytes& out,
                       std::size_t stride) {
  for (std::size_t row = 0; row < shape.rows; ++row) {
    const std::byte* start = out.data() + 1 + row * stride;
    EXPECT_EQ(0, std::memcmp(start, plain.data() + row * shape.row_bytes(), shape.row_bytes()));
    for (std::size_t gap = shape.row_bytes(); gap < stride; ++gap)
      EXPECT_EQ(std::byte{0xA5}, start[gap]);
  }
}

TYPED_TEST(Samples, AreUndoneIntoRowsThatLieApartAndAskew) {
  for (const SampleCoding coding : this->codings) {
    const BlockShape shape{77, 5, sizeof(TypeParam)};
    const Bytes plain = random_bytes(shape.bytes());
    const std::size_t stride = shape.row_bytes() + 13;
    Bytes out(stride * shape.rows + 1, std::byte{0xA5});
    undo_samples(coded<TypeParam>(plain, shape.width, coding).data(), shape, coding, out.data() + 1,
                 std::ptrdiff_t(stride));
    expect_rows_apart(plain, shape, out, stride);
  }
}

TYPED_TEST(Samples, OfAPixelAreTakenApartAndUndoneAlone) {
  for (const SampleCoding coding : this->codings)
    for (const std::size_t samples : {2u, 3u, 5u}) {
      const BlockShape shape{41, 3, sizeof(TypeParam)};
      const Bytes plain = random_bytes(shape.bytes() * samples);
      const Bytes block = coded<TypeParam>(plain, shape.width, coding, samples);
      for (std::size_t sample = 0; sample < samples; ++sample) {
        Bytes expected(shape.bytes()), taken = block;
        take_sample(plain.data(), shape.width * shape.rows, sizeof(TypeParam), samples, sample,
                    expected.data());
        take_sample(taken.data(), shape.width * shape.rows, sizeof(TypeParam), samples, sample,
                    taken.data());
        undo_samples(taken.data(), shape, coding, taken.data(), std::ptrdiff_t(shape.row_bytes()));
        taken.resize(shape.bytes());
        EXPECT_EQ(expected, taken) << samples << " " << sample;
      }
    }
}

class Floating : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Floating, IsUndoneForEveryWidthWithAndWithoutSimd) {
  for (std::size_t width = 1; width <= 130; ++width) {
    const BlockShape shape{width, 3, GetParam()};
    const Bytes plain = random_bytes(shape.bytes());
    Bytes block = floating_coded(plain, width, shape.sample_bytes), out(shape.bytes());
    undo_floating(block.data(), shape, out.data(), std::ptrdiff_t(shape.row_bytes()));
    EXPECT_EQ(plain, out) << width;
    block = floating_coded(plain, width, shape.sample_bytes);
    out.assign(shape.bytes(), std::byte{0});
    undo_floating_portable(block.data(), shape, out.data(), std::ptrdiff_t(shape.row_bytes()));
    EXPECT_EQ(plain, out) << width;
  }
}

TEST_P(Floating, IsUndoneIntoRowsThatLieApartAndAskew) {
  const BlockShape shape{77, 5, GetParam()};
  const Bytes plain = random_bytes(shape.bytes());
  const std::size_t stride = shape.row_bytes() + 13;
  Bytes block = floating_coded(plain, shape.width, shape.sample_bytes);
  Bytes out(stride * shape.rows + 1, std::byte{0xA5});
  undo_floating(block.data(), shape, out.data() + 1, std::ptrdiff_t(stride));
  expect_rows_apart(plain, shape, out, stride);
}

TEST_P(Floating, OfAPixelsSamplesIsUndoneAlone) {
  for (const std::size_t samples : {2u, 3u}) {
    const BlockShape shape{41, 3, GetParam()};
    const Bytes plain = random_bytes(shape.bytes() * samples);
    const Bytes block = floating_coded(plain, shape.width, shape.sample_bytes, samples);
    for (std::size_t sample = 0; sample < samples; ++sample) {
      Bytes expected(shape.bytes()), taken(shape.bytes()), out(shape.bytes());
      take_sample(plain.data(), shape.width * shape.rows, shape.sample_bytes, samples, sample,
                  expected.data());
      take_sample(block.data(), shape.bytes(), 1, samples, sample, taken.data());
      undo_floating(taken.data(), shape, out.data(), std::ptrdiff_t(shape.row_bytes()));
      EXPECT_EQ(expected, out) << samples << " " << sample;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Bytes, Floating, ::testing::Values(4, 8));

}  // namespace
}  // namespace cubemill
