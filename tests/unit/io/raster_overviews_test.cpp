// Overviews of TIFFs as rasters of their own, against GDAL's reading of them.
#include <gtest/gtest.h>

#include "unit/io/raster_fixture.hpp"

namespace cubemill::test {
namespace {

class Overviews : public RasterTest {
 protected:
  std::string with_overviews(const RasterSpec& spec, const std::vector<int>& factors = {2, 4}) {
    const std::string path = make_tiff(dir / "r.tif", spec);
    GDALDatasetUniquePtr dataset(GDALDataset::Open(path.c_str(), GDAL_OF_UPDATE));
    EXPECT_EQ(CE_None, dataset->BuildOverviews("AVERAGE", int(factors.size()), factors.data(), 0,
                                               nullptr, nullptr, nullptr));
    return path;
  }
  static std::vector<std::byte> by_gdal(const std::string& path, int band, int overview,
                                        const RasterInfo& info) {
    GDALDatasetUniquePtr dataset(GDALDataset::Open(path.c_str()));
    GDALRasterBand* of = dataset->GetRasterBand(band)->GetOverview(overview);
    EXPECT_EQ(info.grid.width, of->GetXSize());
    EXPECT_EQ(info.grid.height, of->GetYSize());
    const int w = of->GetXSize(), h = of->GetYSize();
    std::vector<std::byte> pixels(std::size_t(w) * std::size_t(h) * size_of(info.type));
    EXPECT_EQ(CE_None, of->RasterIO(GF_Read, 0, 0, w, h, pixels.data(), w, h, gdal_type(info.type),
                                    0, 0, nullptr));
    return pixels;
  }
  static void expect_as_gdal(const std::string& path, std::size_t overviews, int band = 1) {
    const auto raster = open_raster(path, band, OverviewHeaders::read);
    ASSERT_EQ(overviews, raster->info().overviews.size()) << path;
    EXPECT_EQ("", raster->profile().table_fault);
    for (std::size_t level = 1; level <= overviews; ++level) {
      const auto overview = raster->at_level(level);
      EXPECT_TRUE(by_gdal(path, band, int(level) - 1, overview->info()) ==
                  read_by_blocks(*overview))
          << path << ", overview " << level;
    }
    EXPECT_TRUE(read_by_blocks(*raster) == read_by_blocks(*raster->at_level(0)));
  }
};

TEST_F(Overviews, AreReadInEveryCoding) {
  for (const char* compress : {"NONE", "DEFLATE", "LZW", "ZSTD"}) {
    RasterSpec spec;
    spec.options = {"TILED=YES", "BLOCKXSIZE=64", "BLOCKYSIZE=64", "PREDICTOR=2",
                    std::string("COMPRESS=") + compress};
    expect_as_gdal(with_overviews(spec), 2);
    const std::string cog =
        copy_raster(make_tiff(dir / "plain.tif", spec), dir / "cog.tif", "COG",
                    {"BLOCKSIZE=128", std::string("COMPRESS=") + compress, "PREDICTOR=YES"});
    expect_as_gdal(cog, 2);
  }
}

TEST_F(Overviews, AreReadInEveryLayout) {
  RasterSpec spec;
  spec.nodata = 7;
  for (const std::vector<std::string>& options : {std::vector<std::string>{"ENDIANNESS=BIG"},
                                                  {"BIGTIFF=YES"},
                                                  {"TILED=YES", "BIGTIFF=YES"}}) {
    spec.options = options;
    expect_as_gdal(with_overviews(spec, {2, 3, 8}), 3);
  }
  spec.bands = 3;
  for (const char* interleave : {"INTERLEAVE=PIXEL", "INTERLEAVE=BAND"}) {
    spec.options = {"TILED=YES", "COMPRESS=DEFLATE", interleave};
    const std::string path = with_overviews(spec);
    for (int band = 1; band <= 3; ++band) expect_as_gdal(path, 2, band);
  }
}

TEST_F(Overviews, HaveTheGroundAndTheNodataOfTheRaster) {
  RasterSpec spec;
  spec.nodata = 7;
  const auto raster = open_raster(with_overviews(spec), 1, OverviewHeaders::read);
  const auto overview = raster->at_level(2);
  EXPECT_EQ(7, overview->info().numbers.nodata);
  EXPECT_EQ(76, overview->info().grid.width);  // 301 / 4, rounded up
  EXPECT_DOUBLE_EQ(30 * 301 / 76., overview->info().grid.transform.a);
  EXPECT_EQ(raster->info().grid.transform.c, overview->info().grid.transform.c);
  EXPECT_TRUE(overview->info().overviews.empty());
  EXPECT_GT(overview->info().stored_bytes, 0u);
}

TEST_F(Overviews, AreFoundBetweenMasks) {
  const std::string plain = make_tiff(dir / "masked.tif", RasterSpec{});
  {
    GDALDatasetUniquePtr dataset(GDALDataset::Open(plain.c_str(), GDAL_OF_UPDATE));
    CPLSetThreadLocalConfigOption("GDAL_TIFF_INTERNAL_MASK", "YES");
    dataset->CreateMaskBand(GMF_PER_DATASET);
    dataset->GetRasterBand(1)->GetMaskBand()->Fill(255);
    CPLSetThreadLocalConfigOption("GDAL_TIFF_INTERNAL_MASK", nullptr);
  }
  expect_as_gdal(copy_raster(plain, dir / "cog.tif", "COG", {"BLOCKSIZE=128"}), 2);
}

TEST_F(Overviews, AreOnlyLookedForWhereTheyAreAskedFor) {
  const std::string path = with_overviews(RasterSpec{});
  EXPECT_TRUE(open_raster(path, 1)->info().overviews.empty());
  EXPECT_EQ(0u, open_raster(path, 1)->profile().overviews);
  EXPECT_EQ(2u, read_header(path, 1, OverviewHeaders::read).overviews.size());
}

TEST_F(Overviews, OfAnotherImageOrFileAreNotTaken) {
  RasterSpec spec;
  const std::string path = make_tiff(dir / "pages.tif", spec);
  {
    GDALDatasetUniquePtr source(GDALDataset::Open(path.c_str()));
    CPLStringList options;
    options.AddString("APPEND_SUBDATASET=YES");
    GDALDatasetUniquePtr page(driver("GTiff").CreateCopy((dir / "pages.tif").c_str(), source.get(),
                                                         0, options.List(), nullptr, nullptr));
  }
  EXPECT_TRUE(read_header(path, 1, OverviewHeaders::read).overviews.empty());
  const std::string beside = make_tiff(dir / "beside.tif", spec);
  {
    GDALDatasetUniquePtr dataset(GDALDataset::Open(beside.c_str()));
    const int factor = 2;  // opened for reading: they go into beside.tif.ovr
    ASSERT_EQ(CE_None,
              dataset->BuildOverviews("NEAREST", 1, &factor, 0, nullptr, nullptr, nullptr));
  }
  ASSERT_TRUE(std::filesystem::exists(beside + ".ovr"));
  EXPECT_TRUE(read_header(beside, 1, OverviewHeaders::read).overviews.empty());
  EXPECT_EQ(
      nullptr,
      open_raster(copy_raster(path, dir / "r.vrt", "VRT"), 1, OverviewHeaders::read)->at_level(0));
}

TEST_F(Overviews, OfWaveletsAreNotTakenForTheyLieElsewhere) {
  RasterSpec spec;
  spec.width = spec.height = 512;
  const std::string plain = make_tiff(dir / "ramp.tif", spec);
  {
    GDALDatasetUniquePtr dataset(GDALDataset::Open(plain.c_str(), GDAL_OF_UPDATE));
    std::vector<std::uint16_t> row(512);
    for (std::size_t x = 0; x < 512; ++x) row[x] = std::uint16_t(8 * x);
    for (int y = 0; y < 512; ++y)
      ASSERT_EQ(CE_None, dataset->GetRasterBand(1)->RasterIO(GF_Write, 0, y, 512, 1, row.data(),
                                                             512, 1, GDT_UInt16, 0, 0, nullptr));
  }
  if (!GetGDALDriverManager()->GetDriverByName("JP2OpenJPEG"))
    GTEST_SKIP() << "this GDAL was built without OpenJPEG";
  const std::string path =
      copy_raster(plain, dir / "ramp.jp2", "JP2OpenJPEG", {"REVERSIBLE=YES", "QUALITY=100"});
  GDALDatasetUniquePtr dataset(GDALDataset::Open(path.c_str()));
  GDALRasterBand* const halved = dataset->GetRasterBand(1)->GetOverview(0);
  ASSERT_NE(nullptr, halved);
  std::uint16_t value = 0;
  ASSERT_EQ(CE_None,
            halved->RasterIO(GF_Read, 20, 20, 1, 1, &value, 1, 1, GDT_UInt16, 0, 0, nullptr));
  EXPECT_EQ(8 * 40, value);  // of the pixels 40 and 41 the first; the mean is 4 more
  EXPECT_TRUE(read_header(path, 1, OverviewHeaders::read).overviews.empty());
  EXPECT_EQ(nullptr, open_raster(path, 1, OverviewHeaders::read)->at_level(1));
}

TEST_F(Overviews, ThatAreDamagedAreRefusedOrSeen) {
  RasterSpec spec;
  spec.options = {"TILED=YES", "BLOCKXSIZE=64", "BLOCKYSIZE=64", "COMPRESS=DEFLATE"};
  const std::string plain = make_tiff(dir / "plain.tif", spec);
  const std::string whole =
      file_bytes(copy_raster(plain, dir / "cog.tif", "COG", {"BLOCKSIZE=128", "COMPRESS=DEFLATE"}));
  const HeaderProfile profile = open_raster(dir / "cog.tif", 1, OverviewHeaders::read)->profile();
  std::size_t seen = 0, unseen = 0;
  for (std::size_t at = 192; at < 1400; ++at) {
    std::string flipped = whole;
    flipped[at] = char(flipped[at] ^ 4);
    write_file(dir / "flipped.tif", flipped);
    try {
      const auto raster = open_raster(dir / "flipped.tif", 1, OverviewHeaders::read);
      ++(raster->profile() == profile ? unseen : seen);
    } catch (const Error&) {
      ++seen;
    }
  }
  EXPECT_GT(seen, 600u) << unseen;  // tables of sizes and offsets, tags; what is unseen is not read
}

TEST_F(Overviews, BeyondTheEndOfTheFileAreAFaultOfTheHeader) {
  const std::string path = with_overviews(RasterSpec{});
  write_file(path, file_bytes(path).substr(0, std::size_t(block_place(path, 0, 0).first)) +
                       std::string(16, '\0'));
  EXPECT_THROW(open_raster(path, 1, OverviewHeaders::read), Error);
}

}  // namespace
}  // namespace cubemill::test
