#include "io/tile_codec.hpp"

#include <gtest/gtest.h>
#include <libdeflate.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "io/cog_predictor.hpp"
#include "io/cog_sample.hpp"

namespace cubemill {
namespace {

using Bytes = std::vector<std::byte>;

Bytes random_tile(SampleType type, unsigned seed) {
  std::mt19937 random(seed);
  Bytes bytes(tile_bytes(type));
  for (std::byte& b : bytes) b = std::byte(random());
  return bytes;
}

Bytes smooth_tile(SampleType type) {
  Bytes bytes(tile_bytes(type));
  with_sample_type(type, [&](auto sample) {
    using T = decltype(sample);
    for (std::size_t i = 0; i < tile_samples; ++i) {
      const double value = 100 + 50 * std::sin(0.02 * double(i % 512)) + double(i / 512 % 3);
      const T v = static_cast<T>(value);
      std::memcpy(bytes.data() + i * sizeof v, &v, sizeof v);
    }
  });
  return bytes;
}

class EveryCodec : public testing::TestWithParam<std::tuple<Compression, SampleType>> {
 protected:
  Compression compression() const { return std::get<0>(GetParam()); }
  SampleType type() const { return std::get<1>(GetParam()); }
  Bytes encoded(const Bytes& samples) const {
    TileCodec codec(compression(), type());
    const auto view = codec.encode(samples.data());
    return {view.begin(), view.end()};
  }
  Bytes decoded(const Bytes& bytes) const {
    Bytes samples(tile_bytes(type()));
    TileCodec::decode(compression(), type(), bytes, samples.data());
    return samples;
  }
};

TEST_P(EveryCodec, GivesBackTheSamplesToTheBitWhenLibtiffDecodes) {
  for (const Bytes& samples :
       {smooth_tile(type()), random_tile(type(), 7), Bytes(tile_bytes(type()))})
    EXPECT_TRUE(decoded(encoded(samples)) == samples);
}

TEST_P(EveryCodec, GivesTheSameBytesWhateverItEncodedBefore) {
  TileCodec codec(compression(), type());
  codec.encode(random_tile(type(), 3).data());
  const Bytes samples = smooth_tile(type());
  const auto second = codec.encode(samples.data());
  EXPECT_TRUE(Bytes(second.begin(), second.end()) == encoded(samples));
}

TEST_P(EveryCodec, MakesSmoothTilesSmallerUnlessNothingIsAsked) {
  const std::size_t size = encoded(smooth_tile(type())).size();
  if (compression() == Compression::none)
    EXPECT_EQ(size, tile_bytes(type()));
  else
    EXPECT_LT(size, tile_bytes(type()) / 2);
}

TEST_P(EveryCodec, SaysSoWhenTheBytesAreCutOff) {
  Bytes bytes = encoded(random_tile(type(), 5));
  bytes.resize(bytes.size() / 2);
  EXPECT_THROW(decoded(bytes), std::runtime_error);
}

INSTANTIATE_TEST_SUITE_P(All, EveryCodec,
                         testing::Combine(testing::Values(Compression::none, Compression::deflate,
                                                          Compression::zstd, Compression::lzw),
                                          testing::Values(SampleType::f32, SampleType::u16,
                                                          SampleType::u32)));

TEST(TileCodec, StaysWithinTwoPercentOfDeflateLevelSix) {
  Bytes samples(tile_bytes(SampleType::f32));
  std::mt19937 random(1);
  for (std::size_t i = 0; i < tile_samples; ++i) {
    const float v =
        0.5f + 0.2f * std::sin(0.01f * float(i % 512)) + 1e-6f * float(random() % 40000);
    std::memcpy(samples.data() + 4 * i, &v, 4);
  }
  TileCodec codec(Compression::deflate, SampleType::f32);
  Bytes predicted(samples.size()), six(2 * samples.size());
  predict_float_rows(reinterpret_cast<const std::uint32_t*>(samples.data()),
                     reinterpret_cast<std::uint8_t*>(predicted.data()));
  auto* compressor = libdeflate_alloc_compressor(6);
  const std::size_t size = libdeflate_zlib_compress(compressor, predicted.data(), predicted.size(),
                                                    six.data(), six.size());
  libdeflate_free_compressor(compressor);
  EXPECT_LT(double(codec.encode(samples.data()).size()), 1.02 * double(size));
}

TEST(FloatPredictor, SplitsRowsIntoDifferencesOfBytePlanes) {
  const Bytes samples = random_tile(SampleType::f32, 11);
  Bytes out(samples.size());
  predict_float_rows(reinterpret_cast<const std::uint32_t*>(samples.data()),
                     reinterpret_cast<std::uint8_t*>(out.data()));
  for (const std::size_t row : {0, 1, 511}) {
    unsigned before = 0;
    for (std::size_t i = 0; i < 4 * tile_edge; ++i) {
      const std::size_t plane = i / tile_edge, x = i % tile_edge;
      const auto byte = unsigned(samples[4 * (row * tile_edge + x) + 3 - plane]);
      ASSERT_EQ(unsigned(out[4 * row * tile_edge + i]), (byte - before) & 255u) << row << ' ' << i;
      before = byte;
    }
  }
}

}  // namespace
}  // namespace cubemill
