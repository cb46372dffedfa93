// LZW as libtiff writes it, and what is no such stream.
#include "io/lzw_decoder.hpp"

#include <gtest/gtest.h>
#include <tiffio.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "io/read_failure.hpp"

namespace cubemill {
namespace {

using Bytes = std::vector<std::byte>;

// One strip of a TIFF, compressed by libtiff.
Bytes by_libtiff(const Bytes& plain) {
  const std::string path = (std::filesystem::temp_directory_path() /
                            ("lzw_decoder_test." + std::to_string(::getpid()) + ".tif"))
                               .string();
  TIFF* tiff = TIFFOpen(path.c_str(), "w");
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, std::uint32_t(plain.size()));
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, 1);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_LZW);
  TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 1);
  Bytes copy = plain;
  EXPECT_EQ(tmsize_t(plain.size()),
            TIFFWriteEncodedStrip(tiff, 0, copy.data(), tmsize_t(copy.size())));
  TIFFClose(tiff);
  tiff = TIFFOpen(path.c_str(), "r");
  Bytes stream(std::size_t(TIFFRawStripSize64(tiff, 0)));
  EXPECT_EQ(tmsize_t(stream.size()),
            TIFFReadRawStrip(tiff, 0, stream.data(), tmsize_t(stream.size())));
  TIFFClose(tiff);
  std::filesystem::remove(path);
  return stream;
}

// From one byte over and over to noise.
Bytes some_bytes(std::size_t size, unsigned alphabet) {
  std::mt19937 random(unsigned(size) + alphabet);
  Bytes bytes(size);
  for (auto& byte : bytes) byte = std::byte(random() % alphabet);
  return bytes;
}

// Packs codes of 9 bits, as a stream has them before its 254th code.
Bytes packed(const std::vector<unsigned>& codes) {
  Bytes bytes((codes.size() * 9 + 7) / 8);
  for (std::size_t i = 0; i < codes.size(); ++i)
    for (unsigned bit = 0; bit < 9; ++bit)
      if (codes[i] >> (8 - bit) & 1) {
        const std::size_t at = i * 9 + bit;
        bytes[at / 8] |= std::byte(0x80 >> at % 8);
      }
  return bytes;
}

class LzwTest : public ::testing::Test {
 protected:
  std::string failure(const Bytes& stream) {
    try {
      decoder.decode(stream, out);
    } catch (const ReadFailure& error) {
      return error.what();
    }
    return "";
  }
  bool refused_as(const std::string& part, const std::vector<unsigned>& codes) {
    return failure(packed(codes)).find(part) != std::string::npos;
  }
  std::string text(const std::vector<unsigned>& codes) {
    const std::size_t size = decoder.decode(packed(codes), out);
    return {reinterpret_cast<const char*>(out.data()), size};
  }

  Bytes out = Bytes(100);
  LzwDecoder decoder;
};

TEST_F(LzwTest, GivesWhatLibtiffCompressed) {
  for (const std::size_t size : {1u, 2u, 3u, 15u, 16u, 17u, 255u, 4000u, 131072u, 600001u})
    for (const unsigned alphabet : {1u, 2u, 3u, 17u, 256u}) {
      const Bytes plain = some_bytes(size, alphabet), stream = by_libtiff(plain);
      out.assign(size, std::byte{0xA5});
      EXPECT_EQ(size, decoder.decode(stream, out)) << size << " " << alphabet;
      EXPECT_TRUE(plain == out) << size << " " << alphabet;
    }
}

TEST_F(LzwTest, WritesNothingBehindWhatItDecodes) {
  const Bytes plain = some_bytes(5000, 3);
  out.assign(5100, std::byte{0xA5});
  ASSERT_EQ(5000u, decoder.decode(by_libtiff(plain), {out.data(), 5000}));
  EXPECT_TRUE(
      std::all_of(out.begin() + 5000, out.end(), [](std::byte b) { return b == std::byte{0xA5}; }));
}

TEST_F(LzwTest, ReadsACodeThatDefinesItself) {
  EXPECT_EQ("aaaaaa", text({256, 'a', 258, 259, 257}));
  EXPECT_EQ("ababab", text({256, 'a', 'b', 258, 258, 257}).substr(0, 6));
  EXPECT_EQ("abababa", text({256, 'a', 'b', 258, 260, 257}));
}

TEST_F(LzwTest, NeedsNoEndCodeAndBearsZerosBehindIt) {
  EXPECT_EQ("abc", text({256, 'a', 'b', 'c'}));
  EXPECT_EQ("abc", text({256, 'a', 'b', 'c', 257, 0, 0, 0}));
  EXPECT_EQ("abcd", text({256, 'a', 'b', 256, 'c', 'd', 257}));
}

TEST_F(LzwTest, RefusesWhatCannotBe) {
  EXPECT_TRUE(refused_as("no clear code at its start", {'a', 'b', 257}));
  EXPECT_TRUE(refused_as("not yet defined", {256, 258, 257}));
  EXPECT_TRUE(refused_as("not yet defined", {256, 'a', 259, 257}));
  EXPECT_TRUE(refused_as("not yet defined", {256, 'a', 'b', 256, 258, 257}));
  EXPECT_TRUE(refused_as("data behind its end", {256, 'a', 257, 1}));
  EXPECT_TRUE(refused_as("cut off", {}));
  out.resize(2);
  EXPECT_TRUE(refused_as("more than a block of 2", {256, 'a', 'b', 'c', 257}));
  EXPECT_TRUE(refused_as("more than a block of 2", {256, 'a', 258, 257}));
}

TEST_F(LzwTest, RefusesStreamsOfEveryShorterLengthByTheLengthOfWhatTheyHold) {
  const Bytes plain = some_bytes(5000, 200), whole = by_libtiff(plain);
  out.resize(plain.size());
  // The last two bytes hold an end code, which may be missing.
  for (std::size_t size = 0; size + 2 < whole.size(); ++size) {
    const std::span<const std::byte> part(whole.data(), size);
    std::size_t decoded = 0;
    try {
      decoded = decoder.decode(part, out);
    } catch (const ReadFailure&) {
    }
    EXPECT_LT(decoded, plain.size()) << size;
  }
}

TEST_F(LzwTest, NamesTheOldVariant) {
  EXPECT_NE(std::string::npos,
            failure({std::byte{0}, std::byte{1}, std::byte{0}}).find("before TIFF 6.0"));
}

}  // namespace
}  // namespace cubemill
