#include "io/block_codec.hpp"

#include <gtest/gtest.h>
#include <libdeflate.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "io/read_failure.hpp"

namespace cubemill {
namespace {

std::vector<std::byte> random_bytes(std::size_t size) {
  std::mt19937 random(7);
  std::vector<std::byte> bytes(size);
  for (auto& byte : bytes) byte = std::byte(random());
  return bytes;
}

template <class T>
std::vector<std::byte> differences(const std::vector<std::byte>& plain, std::size_t width) {
  std::vector<T> samples(plain.size() / sizeof(T));
  std::memcpy(samples.data(), plain.data(), plain.size());
  for (std::size_t i = samples.size(); i-- > 0;)
    if (i % width != 0) samples[i] = T(samples[i] - samples[i - 1]);
  std::vector<std::byte> coded(plain.size());
  std::memcpy(coded.data(), samples.data(), coded.size());
  return coded;
}

template <class T>
class Difference : public ::testing::Test {};
using SampleTypes = ::testing::Types<std::uint8_t, std::uint16_t, std::uint32_t>;
TYPED_TEST_SUITE(Difference, SampleTypes);

TYPED_TEST(Difference, IsUndoneForEveryWidthWithAndWithoutSimdAndInPlace) {
  for (std::size_t width = 1; width <= 130; ++width) {
    const BlockShape shape{width, 3, sizeof(TypeParam)};
    const auto plain = random_bytes(shape.bytes());
    const auto coded = differences<TypeParam>(plain, width);
    auto fast = coded;
    undo_difference(fast.data(), shape, fast.data(), std::ptrdiff_t(shape.row_bytes()));
    EXPECT_EQ(plain, fast) << width;
    auto portable = coded;
    undo_difference_portable(portable.data(), shape, portable.data(),
                             std::ptrdiff_t(shape.row_bytes()));
    EXPECT_EQ(plain, portable) << width;
  }
}

TYPED_TEST(Difference, IsUndoneIntoRowsThatLieApartAndAskew) {
  const BlockShape shape{77, 5, sizeof(TypeParam)};
  const auto plain = random_bytes(shape.bytes());
  const auto coded = differences<TypeParam>(plain, shape.width);
  const std::size_t stride = shape.row_bytes() + 13;
  std::vector<std::byte> out(stride * shape.rows + 1, std::byte{0xA5});
  undo_difference(coded.data(), shape, out.data() + 1, std::ptrdiff_t(stride));
  for (std::size_t row = 0; row < shape.rows; ++row) {
    const std::byte* start = out.data() + 1 + row * stride;
    EXPECT_EQ(0, std::memcmp(start, plain.data() + row * shape.row_bytes(), shape.row_bytes()));
    for (std::size_t gap = shape.row_bytes(); gap < stride; ++gap)
      EXPECT_EQ(std::byte{0xA5}, start[gap]);
  }
}

std::vector<std::byte> compressed(const std::vector<std::byte>& plain) {
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(6);
  std::vector<std::byte> stream(libdeflate_zlib_compress_bound(compressor, plain.size()));
  stream.resize(libdeflate_zlib_compress(compressor, plain.data(), plain.size(), stream.data(),
                                         stream.size()));
  libdeflate_free_compressor(compressor);
  return stream;
}

class InflaterTest : public ::testing::Test {
 protected:
  std::string failure() {
    try {
      inflater.inflate(stream, out);
    } catch (const ReadFailure& error) {
      return error.what();
    }
    return "";
  }

  const std::vector<std::byte> plain = random_bytes(1000);
  std::vector<std::byte> stream = compressed(plain);
  std::vector<std::byte> out = std::vector<std::byte>(1000);
  Inflater inflater;
};

TEST_F(InflaterTest, GivesBytesAndTheirNumber) {
  EXPECT_EQ(1000u, inflater.inflate(stream, out));
  EXPECT_EQ(plain, out);
  out.resize(1500);
  EXPECT_EQ(1000u, inflater.inflate(stream, out));
}

TEST_F(InflaterTest, IgnoresPaddingBehindTheStream) {
  stream.resize(stream.size() + 100);
  EXPECT_EQ(1000u, inflater.inflate(stream, out));
}

TEST_F(InflaterTest, RefusesMoreThanFits) {
  out.resize(999);
  EXPECT_NE(std::string::npos, failure().find("more than a block of 999"));
}

TEST_F(InflaterTest, TellsDamageOfTheChecksumFromDamageOfTheData) {
  stream.back() ^= std::byte{1};
  EXPECT_NE(std::string::npos, failure().find("Adler-32"));
  stream.resize(stream.size() / 2);
  EXPECT_NE(std::string::npos, failure().find("not a whole DEFLATE stream"));
}

TEST_F(InflaterTest, RefusesStreamsOfEveryShorterLength) {
  const auto whole = stream;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    stream.assign(whole.begin(), whole.begin() + std::ptrdiff_t(size));
    EXPECT_NE("", failure()) << size;
  }
}

TEST_F(InflaterTest, WorksOnAfterAFailure) {
  const auto whole = stream;
  stream[10] ^= std::byte{0xFF};
  EXPECT_NE("", failure());
  EXPECT_EQ(1000u, inflater.inflate(whole, out));
}

}  // namespace
}  // namespace cubemill
