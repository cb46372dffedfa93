// What the header says, and what is refused at once.
#include <gtest/gtest.h>

#include "unit/io/raster_fixture.hpp"

namespace cubemill::test {
namespace {

class RasterHeader : public RasterTest {};

using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

TEST_F(RasterHeader, TellsGridTypeAndBlocks) {
  RasterSpec spec;
  spec.options = {"TILED=YES", "BLOCKXSIZE=64", "BLOCKYSIZE=32"};
  const RasterInfo info = read_header(make_tiff(dir / "r.tif", spec), 1);
  EXPECT_EQ(301, info.grid.width);
  EXPECT_EQ(277, info.grid.height);
  EXPECT_EQ((Affine{30, 0, 399975, 0, -30, -3000015}), info.grid.transform);
  EXPECT_EQ(32719, info.grid.crs.epsg());
  EXPECT_EQ(64, info.block_width);
  EXPECT_EQ(32, info.block_height);
  EXPECT_EQ(5, info.blocks_across());
  EXPECT_EQ(9, info.blocks_down());
  EXPECT_EQ("uint16", to_string(info.type));
}

TEST_F(RasterHeader, ResolvesPixelIsPointToCorners) {
  RasterSpec spec;
  spec.point = true;
  const std::string path = make_tiff(dir / "point.tif", spec);
  const RasterInfo info = read_header(path, 1);
  EXPECT_EQ((Affine{30, 0, 399975, 0, -30, -3000015}), info.grid.transform);
  // The file itself says the centre of the first pixel, so this is a test of more than a copy.
  const double centre = 399990;
  EXPECT_NE(std::string::npos, file_bytes(path).find(std::string(
                                   reinterpret_cast<const char*>(&centre), sizeof centre)));
}

TEST_F(RasterHeader, KeepsRotation) {
  const std::string path = make_tiff(dir / "rotated.tif", {});
  {
    GDALDatasetUniquePtr dataset(GDALDataset::Open(path.c_str(), GDAL_OF_UPDATE));
    double rotated[6] = {400000, 29, 3, -3000000, 2, -28};
    dataset->SetGeoTransform(rotated);
  }
  EXPECT_EQ((Affine{29, 3, 400000, 2, -28, -3000000}), read_header(path, 1).grid.transform);
}

TEST_F(RasterHeader, TellsNodataScaleAndOffsetOnlyWhereTheFileDoes) {
  RasterSpec spec;
  const std::string bare = make_tiff(dir / "bare.tif", spec);
  const RasterInfo none = read_header(bare, 1);
  EXPECT_FALSE(none.numbers.nodata || none.numbers.scale || none.numbers.offset);
  {
    GDALDatasetUniquePtr dataset(GDALDataset::Open(bare.c_str(), GDAL_OF_UPDATE));
    dataset->GetRasterBand(1)->SetNoDataValue(0);
    dataset->GetRasterBand(1)->SetScale(2.75e-5);
    dataset->GetRasterBand(1)->SetOffset(-0.2);
  }
  const RasterInfo all = read_header(bare, 1);
  EXPECT_EQ(0, all.numbers.nodata);
  EXPECT_EQ(2.75e-5, all.numbers.scale);
  EXPECT_EQ(-0.2, all.numbers.offset);
}

TEST_F(RasterHeader, TellsNodataOfUnsigned64) {
  RasterSpec spec;
  spec.type = GDT_UInt64;
  const std::string path = make_tiff(dir / "u64.tif", spec);
  {
    GDALDatasetUniquePtr dataset(GDALDataset::Open(path.c_str(), GDAL_OF_UPDATE));
    dataset->GetRasterBand(1)->SetNoDataValueAsUInt64(18446744073709551615u);
  }
  EXPECT_EQ(18446744073709551616.0, read_header(path, 1).numbers.nodata);
}

TEST_F(RasterHeader, ReadsAWorldFileBesideTheRaster) {
  RasterSpec spec;
  spec.georeferenced = false;
  const std::string path = make_tiff(dir / "world.tif", spec);
  {
    GDALDatasetUniquePtr dataset(GDALDataset::Open(path.c_str(), GDAL_OF_UPDATE));
    OGRSpatialReference crs;
    crs.importFromEPSG(32719);
    dataset->SetSpatialRef(&crs);
  }
  write_file(dir / "world.tfw", "10\n0\n0\n-10\n500005\n-4000005\n");
  EXPECT_EQ((Affine{10, 0, 500000, 0, -10, -4000000}), read_header(path, 1).grid.transform);
}

TEST_F(RasterHeader, RefusesARasterWithoutGeoreference) {
  RasterSpec spec;
  spec.georeferenced = false;
  const std::string path = make_tiff(dir / "nowhere.tif", spec);
  EXPECT_TRUE(
      contains(error_of<IoError>([&] { read_header(path, 1); }), "no coordinate reference system"));
  {
    GDALDatasetUniquePtr dataset(GDALDataset::Open(path.c_str(), GDAL_OF_UPDATE));
    OGRSpatialReference crs;
    crs.importFromEPSG(32719);
    dataset->SetSpatialRef(&crs);
  }
  const std::string error = error_of<IoError>([&] { read_header(path, 1); });
  EXPECT_TRUE(contains(error, "no geotransform") && contains(error, path)) << error;
}

TEST_F(RasterHeader, RefusesABandThatIsNotThere) {
  const std::string path = make_tiff(dir / "r.tif", {});
  for (const int band : {-1, 0, 2}) {
    const std::string error = error_of<InvalidInput>([&] { open_raster(path, band); });
    EXPECT_TRUE(contains(error, "band " + std::to_string(band)) && contains(error, path)) << error;
  }
}

TEST_F(RasterHeader, RefusesComplexPixels) {
  RasterSpec spec;
  spec.type = GDT_CFloat32;
  const std::string path = make_tiff(dir / "complex.tif", spec);
  EXPECT_TRUE(contains(error_of<InvalidInput>([&] { open_raster(path, 1); }), "CFloat32"));
}

TEST_F(RasterHeader, SaysWhyAFileCannotBeOpenedAndPrintsNothing) {
  write_file(dir / "text.tif", "no raster at all");
  write_file(dir / "cut.tif", std::string("II*\0\x08\0\0\0\x30\0", 10));
  CaptureStderr();
  const std::string missing = error_of<IoError>([&] { open_raster(dir / "missing.tif", 1); });
  const std::string text = error_of<IoError>([&] { open_raster(dir / "text.tif", 1); });
  const std::string cut = error_of<IoError>([&] { open_raster(dir / "cut.tif", 1); });
  EXPECT_EQ("", GetCapturedStderr());
  EXPECT_TRUE(contains(missing, "No such file")) << missing;
  EXPECT_TRUE(contains(text, "text.tif") && contains(text, "not recognized")) << text;
  EXPECT_TRUE(contains(cut, "cut.tif") && !contains(cut, "\n")) << cut;
}

TEST_F(RasterHeader, BelievesASideFileMoreThanTheTagsThatOtherFilesShare) {
  RasterSpec spec;
  const std::string first = make_tiff(dir / "first.tif", spec);
  const std::string second = make_tiff(dir / "second.tif", spec);
  EXPECT_TRUE(read_header(first, 1).grid.crs.same(read_header(second, 1).grid.crs));
  write_file(dir / "second.tif.aux.xml", "<PAMDataset><SRS>EPSG:32633</SRS></PAMDataset>");
  EXPECT_TRUE(read_header(first, 1).grid.crs.same(Crs::parse("EPSG:32719")));
  EXPECT_TRUE(read_header(second, 1).grid.crs.same(Crs::parse("EPSG:32633")));
}

TEST_F(RasterHeader, TellsSystemsApartByTheirTags) {
  const std::string path = make_tiff(dir / "r.tif", {});
  EXPECT_TRUE(read_header(path, 1).grid.crs.same(Crs::parse("EPSG:32719")));
  {
    GDALDatasetUniquePtr dataset(GDALDataset::Open(path.c_str(), GDAL_OF_UPDATE));
    OGRSpatialReference crs;
    crs.importFromEPSG(32633);
    dataset->SetSpatialRef(&crs);
  }
  EXPECT_TRUE(read_header(path, 1).grid.crs.same(Crs::parse("EPSG:32633")));
}

}  // namespace
}  // namespace cubemill::test
