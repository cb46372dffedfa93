// What headers are compared by.
#include <gtest/gtest.h>

#include "unit/io/raster_fixture.hpp"

namespace cubemill::test {
namespace {

class Profile : public RasterTest {
 protected:
  HeaderProfile of(const RasterSpec& spec, int band = 1) {
    return open_raster(make_tiff(dir / "r.tif", spec), band)->profile();
  }
  static RasterSpec usual() {
    RasterSpec spec;
    spec.nodata = 0;
    spec.options = {"TILED=YES", "COMPRESS=DEFLATE", "PREDICTOR=2"};
    return spec;
  }
};

TEST_F(Profile, HoldsWhatTheTagsSay) {
  RasterSpec spec = usual();
  spec.options.push_back("ENDIANNESS=BIG");
  spec.options.push_back("BIGTIFF=YES");
  spec.nodata = -9999;
  spec.type = GDT_Float32;
  const HeaderProfile profile = of(spec);
  EXPECT_TRUE(profile.tiff && profile.big_tiff && profile.big_endian && profile.tiled);
  EXPECT_FALSE(profile.framed);
  EXPECT_EQ(8u, profile.compression);
  EXPECT_EQ(2u, profile.predictor);
  EXPECT_EQ(3u, profile.sample_format);
  EXPECT_EQ(32u, profile.bits_per_sample);
  EXPECT_EQ(256u, profile.block_width);
  EXPECT_EQ(301u, profile.width);
  EXPECT_EQ(277u, profile.height);
  EXPECT_EQ("-9999", profile.nodata);
  EXPECT_EQ("", profile.table_fault);
}

TEST_F(Profile, IsThereAlsoWhereGdalDecodes) {
  RasterSpec spec = usual();
  spec.options = {"COMPRESS=PACKBITS"};
  EXPECT_EQ(32773u, of(spec).compression);
  RasterSpec odd = usual();
  odd.options = {"COMPRESS=DEFLATE", "NBITS=12"};
  EXPECT_EQ(12u, of(odd).bits_per_sample);
}

TEST_F(Profile, IsEmptyWhereTheFileIsNoTiff) {
  const std::string vrt = copy_raster(make_tiff(dir / "r.tif", usual()), dir / "r.vrt", "VRT");
  EXPECT_FALSE(open_raster(vrt, 1)->profile().tiff);
}

TEST_F(Profile, IsTheSameForFilesThatAreWrittenAlike) {
  EXPECT_EQ("", difference_between_scenes(of(usual()), of(usual())));
  EXPECT_EQ("", difference_between_bands(of(usual()), of(usual())));
}

TEST_F(Profile, NamesWhatDiffersBetweenScenes) {
  const auto difference = [&](const std::vector<std::string>& options) {
    RasterSpec spec = usual();
    spec.options = options;
    return difference_between_scenes(of(spec), of(usual()));
  };
  EXPECT_EQ("predictor 1 against 2", difference({"TILED=YES", "COMPRESS=DEFLATE", "PREDICTOR=1"}));
  EXPECT_EQ("compression 5 against 8", difference({"TILED=YES", "COMPRESS=LZW", "PREDICTOR=2"}));
  EXPECT_EQ("tiled no against yes", difference({"COMPRESS=DEFLATE", "PREDICTOR=2"}));
  EXPECT_EQ("big-endian yes against no",
            difference({"TILED=YES", "COMPRESS=DEFLATE", "PREDICTOR=2", "ENDIANNESS=BIG"}));
  RasterSpec spec = usual();
  spec.nodata = 1;
  EXPECT_EQ("nodata '1' against '0'", difference_between_scenes(of(spec), of(usual())));
  EXPECT_EQ("", difference_between_bands(of(spec), of(usual())));
  spec = usual();
  spec.type = GDT_Byte;
  EXPECT_EQ("bits per sample 8 against 16", difference_between_scenes(of(spec), of(usual())));
  EXPECT_EQ("", difference_between_bands(of(spec), of(usual())));
}

TEST_F(Profile, NamesWhatDiffersBetweenBands) {
  RasterSpec spec = usual();
  spec.width = 302;
  EXPECT_EQ("width 302 against 301", difference_between_bands(of(spec), of(usual())));
  EXPECT_EQ("", difference_between_scenes(of(spec), of(usual())));
  const HeaderProfile before = of(usual());
  {
    GDALDatasetUniquePtr dataset(GDALDataset::Open((dir / "r.tif").c_str(), GDAL_OF_UPDATE));
    auto moved = grid_transform;
    moved[0] += 30;
    dataset->SetGeoTransform(moved.data());
  }
  const HeaderProfile after = open_raster(dir / "r.tif", 1)->profile();
  EXPECT_EQ("another georeference", difference_between_bands(after, before));
  EXPECT_EQ("", difference_between_scenes(after, before));
}

TEST_F(Profile, OfADamagedTableDiffers) {
  HeaderProfile damaged = of(usual());
  damaged.table_fault = "block 3 overlaps block 2";
  EXPECT_EQ("block table: block 3 overlaps block 2",
            difference_between_bands(damaged, of(usual())));
}

}  // namespace
}  // namespace cubemill::test
