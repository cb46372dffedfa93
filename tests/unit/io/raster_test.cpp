// Pixels: every type, coding and layout gives what GDAL gives.
#include <gtest/gtest.h>

#include <algorithm>

#include "unit/io/raster_fixture.hpp"

namespace cubemill::test {
namespace {

struct Coding {
  const char* compress;
  int predictor;
};
struct Layout {
  const char* name;
  std::vector<std::string> options;
  bool whole = false;  // one block holds the whole image
};

const std::vector<Coding> codings{{"NONE", 1}, {"DEFLATE", 1}, {"DEFLATE", 2}, {"DEFLATE", 3},
                                  {"LZW", 1},  {"LZW", 2},     {"LZW", 3},     {"ZSTD", 1},
                                  {"ZSTD", 2}, {"ZSTD", 3},    {"PACKBITS", 1}};
const std::vector<Layout> layouts{
    {"tiles256", {"TILED=YES"}},
    {"tiles512", {"TILED=YES", "BLOCKXSIZE=512", "BLOCKYSIZE=512"}},
    {"tiles48x16", {"TILED=YES", "BLOCKXSIZE=48", "BLOCKYSIZE=16"}},
    {"strips7", {"BLOCKYSIZE=7"}},
    {"one strip", {"BLOCKYSIZE=277"}, true},
    {"bigtiff", {"TILED=YES", "BIGTIFF=YES"}},
    {"big-endian tiles", {"TILED=YES", "ENDIANNESS=BIG"}},
    {"big-endian strips", {"BLOCKYSIZE=7", "ENDIANNESS=BIG"}},
    {"big-endian bigtiff", {"TILED=YES", "ENDIANNESS=BIG", "BIGTIFF=YES"}},
};
class EveryRaster : public RasterTest, public ::testing::WithParamInterface<PixelType> {
 protected:
  static bool possible(PixelType type, const Coding& coding) {
    return coding.predictor != 3 || type == PixelType::f32 || type == PixelType::f64;
  }

  static bool decoded_here(const Coding& coding, const Layout& layout) {
    const bool chopped =
        coding.compress == std::string("NONE") && layout.whole;  // libtiff cuts one stored strip up
    return coding.compress != std::string("PACKBITS") && !chopped;
  }

  static RasterSpec spec_of(PixelType type, const Coding& coding, const Layout& layout) {
    RasterSpec spec;
    spec.type = gdal_type(type);
    spec.options = layout.options;
    spec.options.push_back(std::string("COMPRESS=") + coding.compress);
    if (coding.predictor > 1)
      spec.options.push_back("PREDICTOR=" + std::to_string(coding.predictor));
    if (type == PixelType::i8) spec.options.push_back("PIXELTYPE=SIGNEDBYTE");
    return spec;
  }

  template <class Action>
  void for_each_case(Action action) {
    for (const Coding& coding : codings)
      for (const Layout& layout : layouts) {
        if (!possible(GetParam(), coding)) continue;
        SCOPED_TRACE(std::string(coding.compress) + " " + std::to_string(coding.predictor) + ", " +
                     layout.name);
        action(coding, layout, spec_of(GetParam(), coding, layout));
      }
  }
};

TEST_P(EveryRaster, GivesThePixelsThatGdalGivesInEveryCodingAndLayout) {
  for_each_case([&](const Coding& coding, const Layout& layout, const RasterSpec& spec) {
    const RasterInfo info = expect_as_gdal(make_tiff(dir / "r.tif", spec));
    EXPECT_EQ(GetParam(), info.type);
    EXPECT_EQ(decoded_here(coding, layout), info.direct);
  });
}

TEST_P(EveryRaster, GivesTheBandsThatLieInterleavedByPixelOrAsPlanes) {
  for (const char* interleave : {"PIXEL", "BAND"})
    for_each_case([&](const Coding& coding, const Layout& layout, RasterSpec spec) {
      const std::string name = layout.name;
      if (name != "tiles48x16" && name != "strips7" && name != "big-endian tiles") return;
      spec.bands = 3;
      spec.width = 101;
      spec.height = 91;
      spec.options.push_back(std::string("INTERLEAVE=") + interleave);
      const std::string path = make_tiff(dir / "r.tif", spec);
      for (const int band : {1, 2, 3})
        EXPECT_EQ(decoded_here(coding, layout), expect_as_gdal(path, band).direct) << band;
    });
}

INSTANTIATE_TEST_SUITE_P(Tiff, EveryRaster,
                         ::testing::Values(PixelType::u8, PixelType::i8, PixelType::u16,
                                           PixelType::i16, PixelType::u32, PixelType::i32,
                                           PixelType::u64, PixelType::i64, PixelType::f32,
                                           PixelType::f64),
                         [](const ::testing::TestParamInfo<PixelType>& test) {
                           return to_string(test.param);
                         });

class Raster : public RasterTest {};

TEST_F(Raster, ReadsSizesAroundABlock) {
  for (const int size : {1, 15, 16, 17, 31, 32, 33}) {
    RasterSpec spec;
    spec.width = size;
    spec.height = 49 - size;
    spec.options = {"TILED=YES", "BLOCKXSIZE=16", "BLOCKYSIZE=16", "COMPRESS=DEFLATE",
                    "PREDICTOR=2"};
    EXPECT_TRUE(expect_as_gdal(make_tiff(dir / "r.tif", spec)).direct) << size;
  }
}

TEST_F(Raster, LeavesOddCodingsToGdal) {
  for (const char* odd : {"NBITS=12", "PHOTOMETRIC=MINISWHITE"}) {
    RasterSpec spec;
    spec.options = {odd, "COMPRESS=DEFLATE"};
    EXPECT_FALSE(expect_as_gdal(make_tiff(dir / "odd.tif", spec)).direct) << odd;
  }
  RasterSpec half;
  half.type = GDT_Float32;
  half.options = {"NBITS=16", "COMPRESS=DEFLATE"};
  EXPECT_FALSE(expect_as_gdal(make_tiff(dir / "half.tif", half)).direct);
}

TEST_F(Raster, ReadsFullResolutionWhereOverviewsLieInTheSameFile) {
  RasterSpec spec;
  spec.width = spec.height = 1100;
  const std::string plain = make_tiff(dir / "plain.tif", spec);
  const std::string cog = copy_raster(plain, dir / "cog.tif", "COG",
                                      {"COMPRESS=DEFLATE", "PREDICTOR=2", "BLOCKSIZE=256"});
  const RasterInfo info = expect_as_gdal(cog);
  EXPECT_TRUE(info.direct);
  EXPECT_EQ(1100, info.grid.width);
  EXPECT_TRUE(read_by_blocks(*open_raster(plain, 1)) == read_by_blocks(*open_raster(cog, 1)));
}

TEST_F(Raster, ReadsAnOverviewThatIsNamedAsADirectoryThroughGdal) {
  RasterSpec spec;
  spec.width = spec.height = 1100;
  const std::string cog =
      copy_raster(make_tiff(dir / "plain.tif", spec), dir / "cog.tif", "COG", {"BLOCKSIZE=256"});
  // GDAL gives overview directories no georeference, so that a mix-up with the first image cannot
  // pass silently.
  EXPECT_THROW(open_raster("GTIFF_DIR:2:" + cog, 1), IoError);
}

TEST_F(Raster, FillsSparseBlocksWithNodata) {
  RasterSpec spec;
  spec.written_rows = 100;
  spec.nodata = 7;
  spec.options = {"TILED=YES", "BLOCKXSIZE=64", "BLOCKYSIZE=64", "COMPRESS=DEFLATE",
                  "SPARSE_OK=TRUE"};
  for (const GDALDataType type :
       {GDT_Byte, GDT_UInt16, GDT_Int16, GDT_UInt32, GDT_Int32, GDT_Float32, GDT_Float64}) {
    spec.type = type;
    const std::string path = make_tiff(dir / "sparse.tif", spec);
    EXPECT_TRUE(expect_as_gdal(path).direct);
    const auto raster = open_raster(path, 1);
    EXPECT_GT(raster->block_place(0, 0)->size, 0u);
    EXPECT_EQ(0u, raster->block_place(0, 4)->size);
  }
}

TEST_F(Raster, FillsSparseBlocksWithZeroWithoutNodata) {
  RasterSpec spec;
  spec.written_rows = 0;
  spec.options = {"COMPRESS=DEFLATE", "SPARSE_OK=TRUE", "BLOCKYSIZE=10"};
  expect_as_gdal(make_tiff(dir / "sparse.tif", spec));
}

TEST_F(Raster, FillsSparseBlocksWithNodataOutOfRangeAsGdalDoes) {
  RasterSpec spec;
  spec.written_rows = 0;
  spec.nodata = -9999;
  spec.options = {"COMPRESS=DEFLATE", "SPARSE_OK=TRUE"};
  expect_as_gdal(make_tiff(dir / "sparse.tif", spec));
}

TEST_F(Raster, FillsSparseSignedBytesWithNegativeNodata) {
  RasterSpec spec;
  spec.type = GDT_Byte;
  spec.written_rows = 0;
  spec.nodata = -1;
  spec.options = {"COMPRESS=DEFLATE", "SPARSE_OK=TRUE", "PIXELTYPE=SIGNEDBYTE"};
  const auto pixels = read_by_blocks(*open_raster(make_tiff(dir / "sparse.tif", spec), 1));
  EXPECT_TRUE(
      std::all_of(pixels.begin(), pixels.end(), [](std::byte b) { return b == std::byte{0xFF}; }));
}

TEST_F(Raster, FillsSparseBlocksWithWideNodataToTheLastBit) {
  const std::string path = dir / "wide.tif";
  const std::int64_t nodata = 9007199254740993;  // 2^53 + 1: no double
  {
    RasterSpec spec;
    spec.type = GDT_Int64;
    spec.written_rows = 0;
    spec.options = {"COMPRESS=DEFLATE", "SPARSE_OK=TRUE"};
    make_tiff(path, spec);
    GDALDatasetUniquePtr dataset(GDALDataset::Open(path.c_str(), GDAL_OF_UPDATE));
    dataset->GetRasterBand(1)->SetNoDataValueAsInt64(nodata);
  }
  const auto raster = open_raster(path, 1);
  const auto pixels = read_by_blocks(*raster);
  std::int64_t first = 0;
  std::memcpy(&first, pixels.data(), sizeof first);
  EXPECT_EQ(nodata, first);
  EXPECT_EQ(double(nodata), raster->info().numbers.nodata);
}

TEST_F(Raster, ReadsOtherFormatsThroughGdal) {
  RasterSpec spec;
  const std::string tiff = make_tiff(dir / "r.tif", spec);
  const auto expected = read_by_blocks(*open_raster(tiff, 1));
  for (const auto& [name, options] : std::vector<std::pair<const char*, std::vector<std::string>>>{
           {"VRT", {}},
           {"PNG", {}},
           {"ENVI", {}},
           {"JP2OpenJPEG", {"REVERSIBLE=YES", "QUALITY=100"}}}) {
    if (!GetGDALDriverManager()->GetDriverByName(name)) continue;
    const std::string path = copy_raster(tiff, dir / (std::string("copy.") + name), name, options);
    EXPECT_FALSE(expect_as_gdal(path).direct) << name;
    EXPECT_TRUE(expected == read_by_blocks(*open_raster(path, 1))) << name;
  }
}

TEST_F(Raster, CountsWhatReadingCost) {
  RasterSpec spec;
  spec.options = {"TILED=YES", "COMPRESS=DEFLATE", "PREDICTOR=2"};
  const auto raster = open_raster(make_tiff(dir / "r.tif", spec), 1);
  std::vector<std::byte> block(256 * 256 * 2);
  ReadScratch scratch;
  ReadCost cost;
  raster->read_block(0, 0, block.data(), 512, scratch, cost);
  raster->read_block(1, 1, block.data(), 512, scratch, cost);
  EXPECT_EQ(2u, cost.requests);
  EXPECT_EQ(raster->block_place(0, 0)->size + raster->block_place(1, 1)->size, cost.bytes_read);
  EXPECT_EQ(2 * block.size(), cost.bytes_decoded);
  EXPECT_GT(cost.nanoseconds_decoding, 0u);
}

}  // namespace
}  // namespace cubemill::test
