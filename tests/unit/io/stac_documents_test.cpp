// Every real document of the data folder beside the project, where it is there.
#include <gmock/gmock.h>

#include <set>

#include "catalog_fixture.hpp"
#include "cubemill/io/product_file.hpp"
#include "test_paths.hpp"

namespace cubemill {
namespace {

namespace fs = std::filesystem;
using testing::AnyOf;
using testing::HasSubstr;

class StacDocuments : public CatalogTest {
 protected:
  void SetUp() override {
    if (!fs::is_directory(documents()))
      GTEST_SKIP() << "not run: " << documents()
                   << " is not there (real STAC documents of many catalogs)";
    ::setenv("CUBEMILL_PRODUCTS", CUBEMILL_SOURCE_DIR "/products", 1);
  }

  static std::string documents() { return CUBEMILL_SHARED_DATA "/stac_docs"; }
  static Catalog document(const std::string& name) { return read(documents() + "/" + name); }
  static std::string product_of(const std::string& name) {
    const auto product = recognise_product(document(name).scenes);
    return product ? product->name : "none";
  }
};

TEST_F(StacDocuments, EveryJsonFileIsReadOrIsOneClearError) {
  std::size_t read_files = 0, scenes = 0, refused = 0;
  for (const auto& entry : fs::recursive_directory_iterator(documents())) {
    if (entry.path().extension() != ".json") continue;
    const std::string file = entry.path().string();
    try {
      scenes += read(file).scenes.size();
      ++read_files;
    } catch (const InvalidInput& error) {
      ++refused;
      EXPECT_THAT(error.what(), HasSubstr(file + ":1: is "));
      EXPECT_THAT(error.what(),
                  AnyOf(HasSubstr("Collection,"), HasSubstr("JSON without STAC Items")));
    }
  }
  EXPECT_GE(read_files, 96U);
  EXPECT_GE(scenes, 100U);
  EXPECT_GE(refused, 16U);
}

TEST_F(StacDocuments, AFolderLeavesOutItsCollections) {
  const Catalog catalog = document("landsat_stactools");
  EXPECT_EQ(catalog.scenes.size(), 8U);
  EXPECT_EQ(catalog.counts.other_json, 2U);
}

TEST_F(StacDocuments, TheSameIdWithOtherContentIsFound) {
  EXPECT_THAT(error(documents() + "/pystac_versions"), HasSubstr("with other content"));
}

TEST_F(StacDocuments, ScenesAtTheAntimeridianHaveTheirCentreThere) {
  for (const char* name : {"landsat_usgs/LC08_L2SR_084024_20160111_20201016_02_T1_SR_stac.json",
                           "landsat_usgs/LT05_L2SR_087017_20090621_20200827_02_T2_SR_stac.json",
                           "odc_types/world-wrapping.stac-item.json"})
    EXPECT_GT(std::abs(document(name).scenes.at(0).centre_longitude()), 178) << name;
}

TEST_F(StacDocuments, ADateWithoutATimeIsKeptAsSuch) {
  const Scene scene =
      document("landsat_usgs/LC08_L2SP_001062_20201031_20201106_02_T2_SR_stac.json").scenes.at(0);
  EXPECT_FALSE(scene.has_time_of_day);
  EXPECT_EQ(to_string(solar_day(scene, 0)), "2020-10-31");
}

TEST_F(StacDocuments, GridsInTheOrderOfGdalAreRead) {
  const Scene scene = document("api_items/landsat-8-l1__LC80140332018166LGN00.json").scenes.at(0);
  EXPECT_THAT(*scene.assets.at("B4").proj.transform,
              testing::ElementsAre(30, 0, 357585, 0, -30, 4423815));
}

TEST_F(StacDocuments, TheProductIsRecognisedWhereThereIsOne) {
  EXPECT_EQ(product_of("api_items/landsat-c2-l2__LC08_L2SP_202033_20220327_02_T1.json"),
            "landsat_c2_l2");
  EXPECT_EQ(product_of("api_items/landsat-8-c2-l2__LC08_L2SP_196023_20220317_02_T2.json"),
            "landsat_c2_l2");
  EXPECT_EQ(product_of("landsat_stactools/LT04_L2SP_002026_19830110_02_T1.json"), "landsat_c2_l2");
  EXPECT_EQ(product_of("api_items/landsat-c2-l1__LM05_L1GS_039039_20130107_02_T2.json"), "none");
  EXPECT_EQ(product_of("landsat_usgs/LM01_L1GS_001010_19720908_20200909_02_T2_stac.json"), "none");
  EXPECT_EQ(product_of("api_pages/item-collection.json"), "sentinel2_l2a");
  EXPECT_EQ(product_of("ga/ga_ls8c_ard_3-1-0_088080_2020-05-25_final.stac-item.json"),
            "ga_ls_ard_3");
  EXPECT_EQ(product_of("hls/HLS.L30.T19LDD.2022165T144027.v2.0.json"), "none");
}

TEST_F(StacDocuments, RedIsTheRedOfEachSensor) {
  const auto red = [&](const char* name) {
    return document(name).scenes.at(0).find_asset("red")->key;
  };
  EXPECT_EQ(red("landsat_usgs/LE07_L2SP_021030_20100109_20200911_02_T1_SR_stac.json"), "SR_B3.TIF");
  EXPECT_EQ(red("landsat_usgs/LC08_L2SR_099120_20191129_20201016_02_T2_SR_stac.json"), "SR_B4.TIF");
  EXPECT_EQ(red("api_items/landsat-8-c2-l2__LC08_L2SP_196023_20220317_02_T2.json"), "SR_B4");
}

}  // namespace
}  // namespace cubemill
