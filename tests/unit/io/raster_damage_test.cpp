// Damaged files: an error that says where, never zeros, never silence.
#include <gtest/gtest.h>
#include <libdeflate.h>

#include <algorithm>

#include "unit/io/raster_fixture.hpp"

namespace cubemill::test {
namespace {

std::string zlib(const std::string& plain) {
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(6);
  std::string stream(libdeflate_zlib_compress_bound(compressor, plain.size()), '\0');
  stream.resize(libdeflate_zlib_compress(compressor, plain.data(), plain.size(), stream.data(),
                                         stream.size()));
  libdeflate_free_compressor(compressor);
  return stream;
}

template <class T>
std::string little_endian(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

class DamagedRaster : public RasterTest {
 protected:
  void SetUp() override {
    RasterSpec spec;
    spec.options = {"TILED=YES", "BLOCKXSIZE=64", "BLOCKYSIZE=64", "COMPRESS=DEFLATE",
                    "PREDICTOR=2"};
    make_tiff(path, spec);
    bytes = file_bytes(path);
    std::tie(offset, size) = block_place(path, 2, 3);
    ASSERT_GT(size, 100u);
  }

  /// Writes the damaged bytes and gives the error of reading block (2, 3); its neighbours must
  /// read.
  std::string error_of_block() {
    write_file(path, bytes);
    const auto raster = open_raster(path, 1);
    EXPECT_TRUE(raster->info().direct);
    ReadCost cost;
    ReadScratch scratch;
    std::vector<std::byte> block(64 * 64 * 2);
    ::testing::internal::CaptureStderr();
    const std::string error =
        error_of<IoError>([&] { raster->read_block(2, 3, block.data(), 128, scratch, cost); });
    EXPECT_EQ("", ::testing::internal::GetCapturedStderr());
    EXPECT_NO_THROW(raster->read_block(1, 3, block.data(), 128, scratch, cost));
    EXPECT_TRUE(contains(error, path) && contains(error, "block (2, 3)")) << error;
    return error;
  }

  /// Replaces the entry of block (2, 3) in one of the file's tables.
  void patch_table(std::uint32_t before, std::uint32_t own, std::uint32_t value) {
    const std::size_t at = bytes.rfind(little_endian(before) + little_endian(own));
    ASSERT_NE(std::string::npos, at);
    bytes.replace(at + 4, 4, little_endian(value));
  }

  const std::string path = dir / "damaged.tif";
  std::string bytes;
  std::uint64_t offset = 0, size = 0;
};

TEST_F(DamagedRaster, NamesTheBlockWhoseStreamIsBroken) {
  std::fill_n(bytes.begin() + long(offset) + 20, 40, '\xFF');
  const std::string error = error_of_block();
  EXPECT_TRUE(contains(error, "DEFLATE")) << error;
  EXPECT_TRUE(contains(error, std::to_string(size) + " bytes at byte " + std::to_string(offset)))
      << error;
}

TEST_F(DamagedRaster, NoticesAWrongChecksum) {
  char& last = bytes[std::size_t(offset + size - 1)];
  last = char(last ^ 1);
  EXPECT_TRUE(contains(error_of_block(), "Adler-32"));
}

TEST_F(DamagedRaster, NoticesEverySingleFlippedBit) {
  const std::string whole = bytes;
  const auto pixels = read_by_blocks(*open_raster(path, 1));
  for (std::size_t i = 2; i < size;
       i += 97) {  // 0 and 1: the zlib header, of which some bits do not matter
    bytes = whole;
    char& byte = bytes[std::size_t(offset) + i];
    byte = char(byte ^ (1 << (i % 8)));
    write_file(path, bytes);
    const auto raster = open_raster(path, 1);
    EXPECT_THROW(read_by_blocks(*raster), IoError) << "byte " << i;
  }
}

TEST_F(DamagedRaster, NoticesABlockThatIsTooShort) {
  const std::string stream = zlib(std::string(100, 'x'));
  bytes.replace(std::size_t(offset), std::size_t(size),
                stream + std::string(std::size_t(size) - stream.size(), '\0'));
  EXPECT_TRUE(contains(error_of_block(), "100 bytes of pixels instead of 8192"));
}

TEST_F(DamagedRaster, NoticesABlockThatIsTooLong) {
  const std::string stream = zlib(std::string(8193, 'x'));
  bytes.replace(std::size_t(offset), stream.size(), stream);
  EXPECT_TRUE(contains(error_of_block(), "more than a block"));
}

TEST_F(DamagedRaster, NoticesABlockBeyondTheEndOfTheFile) {
  const auto before = block_place(path, 1, 3);
  patch_table(std::uint32_t(before.first), std::uint32_t(offset), 0x7FFFFFFF);
  const std::string error = error_of_block();
  EXPECT_TRUE(contains(error, "beyond the end") && contains(error, std::to_string(bytes.size())))
      << error;
}

TEST_F(DamagedRaster, SpendsNoMemoryOnASizeThatCannotBe) {
  bytes.resize(bytes.size() +
               (std::size_t(8) << 20));  // inside the file, so that only the size itself is wrong
  const auto before = block_place(path, 1, 3);
  const auto wrong = std::uint32_t(4) << 20;
  if (bytes.rfind(little_endian(std::uint32_t(before.second)) +
                  little_endian(std::uint32_t(size))) == std::string::npos)
    GTEST_SKIP() << "this GDAL keeps the sizes of blocks in 16 bits";
  patch_table(std::uint32_t(before.second), std::uint32_t(size), wrong);
  EXPECT_TRUE(contains(error_of_block(), "cannot be"));
}

TEST_F(DamagedRaster, NoticesATableEntryThatIsHalfZero) {
  const auto before = block_place(path, 1, 3);
  patch_table(std::uint32_t(before.first), std::uint32_t(offset), 0);
  EXPECT_TRUE(contains(error_of_block(), "block table"));
}

TEST_F(DamagedRaster, NoticesATruncatedFile) {
  const std::uint64_t end = bytes.size();
  ASSERT_GT(end, offset + size);
  bytes.resize(std::size_t(offset + size - 1));
  write_file(path, bytes);
  std::unique_ptr<RasterBand> raster;
  try {
    raster = open_raster(path, 1);
  } catch (const IoError&) {
    return;  // the directory lies behind the blocks: then opening already fails, which is as good
  }
  EXPECT_THROW(read_by_blocks(*raster), IoError);
}

TEST_F(DamagedRaster, NoticesAFileThatVanishesOrShrinksWhileItIsRead) {
  const auto raster = open_raster(path, 1);
  std::vector<std::byte> block(64 * 64 * 2);
  ReadScratch scratch;
  ReadCost cost;
  raster->read_block(2, 3, block.data(), 128, scratch, cost);
  std::filesystem::resize_file(path, offset + size / 2);
  const std::string shrunk =
      error_of<IoError>([&] { raster->read_block(2, 3, block.data(), 128, scratch, cost); });
  EXPECT_TRUE(contains(shrunk, "only " + std::to_string(size / 2) + " of " + std::to_string(size)))
      << shrunk;
  write_file(path, bytes);
  const auto later = open_raster(path, 1);
  std::filesystem::remove(path);
  const std::string gone =
      error_of<IoError>([&] { later->read_block(2, 3, block.data(), 128, scratch, cost); });
  EXPECT_TRUE(contains(gone, "No such file")) << gone;
}

TEST_F(DamagedRaster, NoticesShortUncompressedBlocks) {
  RasterSpec spec;
  spec.options = {"TILED=YES", "BLOCKXSIZE=64", "BLOCKYSIZE=64"};
  make_tiff(path, spec);
  const auto raster = open_raster(path, 1);
  ASSERT_TRUE(raster->info().direct);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1000);
  EXPECT_THROW(read_by_blocks(*raster), IoError);
}

TEST_F(DamagedRaster, NamesTheBlockThatGdalCannotRead) {
  RasterSpec spec;
  spec.options = {"TILED=YES", "BLOCKXSIZE=64", "BLOCKYSIZE=64", "COMPRESS=LERC"};
  make_tiff(path, spec);
  bytes = file_bytes(path);
  std::fill_n(bytes.begin() + long(block_place(path, 2, 3).first), 64, '\x55');
  write_file(path, bytes);
  const auto raster = open_raster(path, 1);
  std::vector<std::byte> block(64 * 64 * 2);
  ReadScratch scratch;
  ReadCost cost;
  ::testing::internal::CaptureStderr();
  const std::string error =
      error_of<IoError>([&] { raster->read_block(2, 3, block.data(), 128, scratch, cost); });
  EXPECT_EQ("", ::testing::internal::GetCapturedStderr());
  EXPECT_TRUE(contains(error, path) && contains(error, "block (2, 3)") && !contains(error, "\n"))
      << error;
  EXPECT_NO_THROW(raster->read_block(1, 3, block.data(), 128, scratch, cost));
}

TEST_F(DamagedRaster, NoticesAVirtualRasterWhoseSourceIsGone) {
  const std::string vrt = copy_raster(path, dir / "mosaic.vrt", "VRT");
  std::filesystem::remove(path);
  EXPECT_THROW(read_by_blocks(*open_raster(vrt, 1)), IoError);
}

class LastStrip : public RasterTest {
 protected:
  static constexpr int width = 301, strip = 7, last = 277 / strip, rows_left = 277 % strip;

  /// A file whose last strip (4 rows are left of 7) holds `rows` rows of the sample 0x0707.
  std::string with_rows(int rows) {
    RasterSpec spec;
    spec.options = {"COMPRESS=DEFLATE", "BLOCKYSIZE=7"};
    const std::string path = make_tiff(dir / "strips.tif", spec);
    std::string bytes = file_bytes(path);
    const std::string stream = zlib(std::string(std::size_t(rows * width * 2), '\7'));
    const auto [offset, size] = block_place(path, 0, last);
    EXPECT_LE(stream.size(), size);
    bytes.replace(std::size_t(offset), std::size_t(size),
                  stream + std::string(std::size_t(size) - stream.size(), '\0'));
    write_file(path, bytes);
    return path;
  }
};

TEST_F(LastStrip, MayBeFilledUpToAWholeOne) {
  for (const int rows : {rows_left, strip}) {
    const auto raster = open_raster(with_rows(rows), 1);
    ASSERT_TRUE(raster->info().direct);
    const auto pixels = read_by_blocks(*raster);
    EXPECT_TRUE(std::all_of(pixels.end() - rows_left * width * 2, pixels.end(), [](std::byte b) {
      return b == std::byte{7};
    })) << rows;
  }
}

TEST_F(LastStrip, MayHoldNoOtherNumberOfRows) {
  for (const int rows : {rows_left - 1, rows_left + 1, strip + 1})
    EXPECT_THROW(read_by_blocks(*open_raster(with_rows(rows), 1)), IoError) << rows;
}

}  // namespace
}  // namespace cubemill::test
