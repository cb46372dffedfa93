#include "io/block_codec.hpp"

#include <gtest/gtest.h>
#include <libdeflate.h>
#include <zstd.h>

#include <string>
#include <vector>

#include "io/read_failure.hpp"
#include "unit/io/random_bytes.hpp"

namespace cubemill {
namespace {

std::vector<std::byte> compressed(const std::vector<std::byte>& plain) {
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(6);
  std::vector<std::byte> stream(libdeflate_zlib_compress_bound(compressor, plain.size()));
  stream.resize(libdeflate_zlib_compress(compressor, plain.data(), plain.size(), stream.data(),
                                         stream.size()));
  libdeflate_free_compressor(compressor);
  return stream;
}

std::vector<std::byte> zstd_frame(const std::vector<std::byte>& plain, bool with_size,
                                  bool with_checksum) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, with_size);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, with_checksum);
  std::vector<std::byte> stream(ZSTD_compressBound(plain.size()));
  stream.resize(ZSTD_compress2(context, stream.data(), stream.size(), plain.data(), plain.size()));
  ZSTD_freeCCtx(context);
  return stream;
}

class BlockDecoderTest : public ::testing::Test {
 protected:
  std::string failure(BlockCoding coding = BlockCoding::deflate) {
    try {
      decoder.decode(coding, stream, out);
    } catch (const ReadFailure& error) {
      return error.what();
    }
    return "";
  }
  bool refused_as(const std::string& part, BlockCoding coding = BlockCoding::deflate) {
    return failure(coding).find(part) != std::string::npos;
  }

  const std::vector<std::byte> plain = random_bytes(1000);
  std::vector<std::byte> stream = compressed(plain);
  std::vector<std::byte> out = std::vector<std::byte>(1000);
  BlockDecoder decoder;
};

TEST_F(BlockDecoderTest, GivesBytesAndTheirNumber) {
  for (const std::size_t room : {1000u, 1500u}) {
    out.assign(room, std::byte{0});
    EXPECT_EQ(1000u, decoder.decode(BlockCoding::deflate, stream, out));
    out.resize(1000);
    EXPECT_EQ(plain, out);
  }
}

TEST_F(BlockDecoderTest, IgnoresZerosBehindTheStreamAndNothingElse) {
  stream.resize(stream.size() + 100);
  EXPECT_EQ(1000u, decoder.decode(BlockCoding::deflate, stream, out));
  stream.back() = std::byte{1};
  EXPECT_TRUE(refused_as("data follow its end"));
  stream = zstd_frame(plain, true, false);
  stream.resize(stream.size() + 100);
  EXPECT_EQ(1000u, decoder.decode(BlockCoding::zstd, stream, out));
  stream.back() = std::byte{1};
  EXPECT_TRUE(refused_as("data follow its end", BlockCoding::zstd));
}

TEST_F(BlockDecoderTest, RefusesMoreThanFits) {
  out.resize(999);
  EXPECT_TRUE(refused_as("more than a block of 999"));
  for (const bool with_size : {false, true}) {
    stream = zstd_frame(plain, with_size, false);
    EXPECT_TRUE(refused_as("more than a block of 999", BlockCoding::zstd)) << with_size;
  }
  stream = plain;
  EXPECT_TRUE(refused_as("more than a block of 999", BlockCoding::stored));
}

TEST_F(BlockDecoderTest, TellsDamageOfTheChecksumFromDamageOfTheData) {
  stream.back() ^= std::byte{1};
  EXPECT_TRUE(refused_as("Adler-32"));
  stream.resize(stream.size() / 2);
  EXPECT_TRUE(refused_as("not a whole DEFLATE stream"));
}

TEST_F(BlockDecoderTest, RefusesStreamsOfEveryShorterLength) {
  for (const BlockCoding coding : {BlockCoding::deflate, BlockCoding::zstd}) {
    const auto whole =
        coding == BlockCoding::deflate ? compressed(plain) : zstd_frame(plain, false, false);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      stream.assign(whole.begin(), whole.begin() + std::ptrdiff_t(size));
      EXPECT_NE("", failure(coding)) << size;
    }
  }
}

TEST_F(BlockDecoderTest, WorksOnAfterAFailure) {
  const auto whole = stream;
  stream[10] ^= std::byte{0xFF};
  EXPECT_NE("", failure());
  EXPECT_EQ(1000u, decoder.decode(BlockCoding::deflate, whole, out));
}

TEST_F(BlockDecoderTest, ReadsZstdFramesWithAndWithoutSizeAndChecksum) {
  for (const bool with_size : {false, true})
    for (const bool with_checksum : {false, true}) {
      stream = zstd_frame(plain, with_size, with_checksum);
      out.assign(1000, std::byte{0});
      EXPECT_EQ(1000u, decoder.decode(BlockCoding::zstd, stream, out));
      EXPECT_EQ(plain, out);
    }
}

TEST_F(BlockDecoderTest, RefusesAZstdFrameWithAWrongChecksumAndASecondFrame) {
  stream = zstd_frame(plain, true, true);
  stream.back() ^= std::byte{1};
  EXPECT_TRUE(refused_as("checksum", BlockCoding::zstd));
  stream = zstd_frame(plain, true, false);
  const auto second = stream;
  stream.insert(stream.end(), second.begin(), second.end());
  EXPECT_TRUE(refused_as("data follow its end", BlockCoding::zstd));
}

}  // namespace
}  // namespace cubemill
