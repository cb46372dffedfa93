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

#include "io/cog_deflate.hpp"
#include "io/cog_huffman.hpp"
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

std::vector<std::uint8_t> inflated(const std::vector<std::uint8_t>& stream, std::size_t size) {
  std::vector<std::uint8_t> out(size + 1);
  auto* decompressor = libdeflate_alloc_decompressor();
  std::size_t got = 0;
  const auto result = libdeflate_zlib_decompress(decompressor, stream.data(), stream.size(),
                                                 out.data(), out.size(), &got);
  libdeflate_free_decompressor(decompressor);
  EXPECT_EQ(result, LIBDEFLATE_SUCCESS);
  out.resize(got);
  return out;
}

std::vector<std::uint8_t> deflated(RowDeflater& deflater, const std::vector<std::uint8_t>& in) {
  std::vector<std::uint8_t> out(RowDeflater::bound(in.size()));
  out.resize(deflater.compress(in, out.data()));
  return out;
}

// One byte of a kind: noise, few values, runs, repeated rows, values whose codes exceed any limit,
// zeros with specks.
std::uint8_t byte_of_kind(unsigned kind, const std::vector<std::uint8_t>& before, std::size_t row,
                          std::mt19937& random) {
  const auto r = static_cast<unsigned>(random());
  switch (kind) {
    case 0:
      return static_cast<std::uint8_t>(r);
    case 1:
      return static_cast<std::uint8_t>(r % 5);
    case 2:
      return r % 50 && !before.empty() ? before.back() : static_cast<std::uint8_t>(r >> 8);
    case 3:
      return r % 300 && before.size() >= row ? before[before.size() - row]
                                             : static_cast<std::uint8_t>(r >> 9);
    case 4:
      return static_cast<std::uint8_t>(37 * std::countr_zero(r | 1u << 30));
    default:
      return r % 20 ? 0 : static_cast<std::uint8_t>(r >> 8);
  }
}

TEST(RowDeflater, GivesBackEveryKindOfBytesAtEverySize) {
  std::mt19937 random(1);
  for (const std::size_t row : {1024, 2048}) {
    RowDeflater deflater(row);
    for (unsigned kind = 0; kind < 6; ++kind)
      for (const std::size_t size :
           {1, 3, 7, 8, 9, 257, 258, 259, 2047, 2048, 2057, 61439, 61440, 61441, 61449, 130000}) {
        std::vector<std::uint8_t> in;
        while (in.size() < size) in.push_back(byte_of_kind(kind, in, row, random));
        EXPECT_TRUE(inflated(deflated(deflater, in), size) == in) << kind << ' ' << size;
      }
  }
}

TEST(RowDeflater, NeverNeedsMoreRoomThanItsBound) {
  RowDeflater deflater(2048);
  std::mt19937 random(1);
  std::vector<std::uint8_t> noise(std::size_t{1} << 20);
  for (auto& b : noise) b = static_cast<std::uint8_t>(random());
  EXPECT_LE(deflated(deflater, noise).size() + 8, RowDeflater::bound(noise.size()));
}

TEST(RowDeflater, FindsRepeatedRows) {
  RowDeflater deflater(2048);
  std::mt19937 random(1);
  std::vector<std::uint8_t> in(std::size_t{1} << 20);
  for (std::size_t i = 0; i < in.size(); ++i)
    in[i] = i < 2048 ? static_cast<std::uint8_t>(random()) : in[i - 2048];
  EXPECT_LT(deflated(deflater, in).size(), in.size() / 100);
}

TEST(HuffmanCodes, AreCompleteAndNeverLongerThanAllowed) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    const std::size_t symbols = 2 + random() % 285;
    std::vector<std::uint32_t> counts(symbols);
    for (auto& c : counts)
      c = static_cast<std::uint32_t>(round % 3 ? 1u << random() % 24 : random() % 4);
    counts[0] = counts[1] = 1;
    std::vector<HuffmanCode> codes(symbols);
    make_huffman_codes(counts, 9, codes);
    double space = 0;
    for (std::size_t s = 0; s < symbols; ++s) {
      EXPECT_EQ(codes[s].length > 0, counts[s] > 0);
      EXPECT_LE(codes[s].length, 9);
      if (codes[s].length > 0) space += std::ldexp(1, -codes[s].length);
    }
    EXPECT_EQ(space, 1);
  }
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
