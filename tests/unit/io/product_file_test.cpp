#include "cubemill/io/product_file.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "catalog_fixture.hpp"
#include "test_paths.hpp"

namespace cubemill {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ProductFile : public CatalogTest {
 protected:
  ProductFile() { use(CUBEMILL_SOURCE_DIR "/products"); }

  static void use(const std::string& folder) { ::setenv("CUBEMILL_PRODUCTS", folder.c_str(), 1); }

  Product product(const json& definition) const {
    return read_product(write("p.json", definition));
  }

  std::string error(const json& definition) const {
    try {
      product(definition);
    } catch (const InvalidInput& failure) {
      return failure.what();
    }
    return "no error";
  }
};

json minimal() { return {{"name", "p"}, {"bands", {{"red", {{"assets", {"red"}}}}}}}; }

json with_flag(const json& flag) {
  json definition = minimal();
  definition["qa"] = {{"assets", {"qa"}}, {"flags", {{"f", flag}}}};
  return definition;
}

/// The flag as the engine asks it: is it set in this value of the QA band?
bool is_set(const QaFlag& flag, std::uint32_t qa, const std::string& level = "") {
  const auto& values = level.empty() ? flag.values : flag.levels.at(level);
  return std::find(values.begin(), values.end(), qa & flag.mask) != values.end();
}

/// Scenes with these assets, all of this scale.
std::vector<Scene> scenes(const std::string& collection, const std::vector<std::string>& keys,
                          std::optional<double> scale) {
  Scene scene;
  scene.collection = collection;
  for (const std::string& key : keys) {
    scene.assets[key].key = key;
    scene.assets[key].bands = {BandNumbers{0, scale, 0}};
  }
  return {scene, scene};
}

std::string recognised(const std::vector<Scene>& list) {
  const auto product = recognise_product(list);
  return product ? product->name : "none";
}

TEST_F(ProductFile, EveryInstalledProductReadsAndIsNamedAsItsFile) {
  EXPECT_THAT(product_names(), ElementsAre("ga_ls_ard_3", "landsat_c2_l2", "sentinel2_l2a"));
  for (const std::string& name : product_names()) {
    const Product product = find_product(name);
    EXPECT_EQ(product.name, name);
    EXPECT_FALSE(product.title.empty());
    EXPECT_TRUE(product.bands.contains("red") && product.bands.contains("nir")) << name;
    EXPECT_THAT(product.default_mask_out, testing::Contains("nodata"));
  }
}

TEST_F(ProductFile, LandsatNumbersAreThoseOfTheUsgs) {
  const Product product = find_product("landsat_c2_l2");
  for (const auto& [role, band] : product.bands) {
    EXPECT_EQ(band.numbers.nodata, 0) << role;
    EXPECT_EQ(band.numbers.scale, 2.75e-05) << role;
    EXPECT_EQ(band.numbers.offset, -0.2) << role;
    EXPECT_EQ(band.valid_min, 7273) << role;
    EXPECT_EQ(band.valid_max, 43636) << role;
  }
  EXPECT_EQ(product.bands.at("nir").assets.front(), "nir08");
  EXPECT_EQ(product.qa_nodata, 1);
  EXPECT_THAT(product.default_mask_out,
              ElementsAre("nodata", "dilated_cloud", "cirrus", "cloud", "cloud_shadow"));
}

TEST_F(ProductFile, LandsatFlagsReadTheUsualQaValues) {
  const auto flags = find_product("landsat_c2_l2").flags;
  const auto names = [&](std::uint32_t qa) {
    std::vector<std::string> set;
    for (const auto& [name, flag] : flags)
      if (is_set(flag, qa)) set.push_back(name);
    return set;
  };
  // Values and meanings of the USGS table of QA_PIXEL values (Landsat 8-9 C2 L2 Science Product
  // Guide).
  EXPECT_THAT(names(1), ElementsAre("nodata"));
  EXPECT_THAT(names(21824), ElementsAre("clear"));
  EXPECT_THAT(names(21826), ElementsAre("clear", "dilated_cloud"));
  EXPECT_THAT(names(21952), ElementsAre("clear", "water"));
  EXPECT_THAT(names(22280), ElementsAre("cloud"));
  EXPECT_THAT(names(23888), ElementsAre("clear", "cloud_shadow"));
  EXPECT_THAT(names(30048), ElementsAre("clear", "snow"));
  EXPECT_THAT(names(54596), ElementsAre("cirrus", "clear"));
}

TEST_F(ProductFile, ALevelMeansThatConfidenceOrAbove) {
  const QaFlag cloud = find_product("landsat_c2_l2").flags.at("cloud");
  const auto confidence = [](std::uint32_t level) { return 21824U - (1U << 8) + (level << 8); };
  const auto levels = [&](const char* name) {
    std::string set;
    for (std::uint32_t level = 0; level < 4; ++level)
      set += is_set(cloud, confidence(level), name) ? '1' : '0';
    return set;
  };
  EXPECT_EQ(levels("low"), "0111");
  EXPECT_EQ(levels("medium"), "0011");
  EXPECT_EQ(levels("high"), "0001");
  EXPECT_FALSE(is_set(cloud, confidence(3))) << "without a level the flag's own bit decides";
  EXPECT_TRUE(is_set(cloud, 8));
  EXPECT_TRUE(is_set(cloud, confidence(3) | 8, "high"));
}

TEST_F(ProductFile, CategoriesAreWholeValues) {
  const auto flags = find_product("sentinel2_l2a").flags;
  EXPECT_TRUE(is_set(flags.at("cloud"), 8));
  EXPECT_TRUE(is_set(flags.at("cloud"), 9));
  EXPECT_FALSE(is_set(flags.at("cloud"), 8, "high"));
  EXPECT_TRUE(is_set(flags.at("cloud"), 9, "high"));
  EXPECT_FALSE(is_set(flags.at("cloud"), 11));
  EXPECT_TRUE(is_set(flags.at("cirrus"), 10));
  EXPECT_TRUE(is_set(find_product("ga_ls_ard_3").flags.at("cloud_shadow"), 3));
  EXPECT_FALSE(is_set(find_product("ga_ls_ard_3").flags.at("cloud"), 3));
}

TEST_F(ProductFile, ReadsTheSmallestDefinition) {
  const Product p = product(minimal());
  EXPECT_EQ(p.name, "p");
  EXPECT_FALSE(p.bands.at("red").numbers.scale);
  EXPECT_FALSE(p.bands.at("red").valid_min);
  EXPECT_THAT(p.qa_assets, IsEmpty());
  EXPECT_THAT(p.flags, IsEmpty());
}

TEST_F(ProductFile, NodataMayBeNan) {
  json definition = minimal();
  definition["bands"]["red"]["nodata"] = "nan";
  EXPECT_TRUE(std::isnan(product(definition).bands.at("red").numbers.nodata.value()));
}

TEST_F(ProductFile, AnUnknownKeyIsNamedWithThoseThatAreKnown) {
  json definition = minimal();
  definition["bands"]["red"]["sclae"] = 1;
  EXPECT_THAT(error(definition),
              HasSubstr("p.json: not a product definition: 'bands.red.sclae' is not known: the "
                        "keys here are assets, nodata, scale, offset, valid_range"));
  definition = minimal();
  definition["platform"] = "x";
  EXPECT_THAT(error(definition), HasSubstr("'platform' is not known"));
  EXPECT_THAT(error(with_flag({{"bit", 1}, {"bits", {1}}})),
              HasSubstr("'qa.flags.f.bits' is not known"));
}

TEST_F(ProductFile, EveryWrongValueIsAnError) {
  const auto error_with = [&](const char* pointer, const json& value) {
    json definition = with_flag({{"bit", 3}});
    definition[json::json_pointer(pointer)] = value;
    return error(definition);
  };
  EXPECT_EQ(error(with_flag({{"bit", 3}})), "no error");
  EXPECT_THAT(error_with("/name", 7), HasSubstr("'name' must be a text"));
  EXPECT_THAT(error_with("/bands", json::object()), HasSubstr("'bands' must be"));
  EXPECT_THAT(error_with("/bands/red", 1), HasSubstr("'bands.red' must be an object"));
  EXPECT_THAT(error_with("/bands/red/assets", json::array()),
              HasSubstr("'bands.red.assets' must be a list of texts"));
  EXPECT_THAT(error_with("/bands/red/scale", "x"), HasSubstr("'bands.red.scale' must be a number"));
  EXPECT_THAT(error_with("/bands/red/valid_range", {2, 1}),
              HasSubstr("must be [smallest, largest]"));
  EXPECT_THAT(error_with("/bands/red/valid_range", {2}), HasSubstr("must be [smallest, largest]"));
  EXPECT_THAT(error_with("/qa/flags/f/bit", 32), HasSubstr("from 0 to 31"));
  EXPECT_THAT(error_with("/qa/flags/f/bit", -1), HasSubstr("from 0 to 31"));
  EXPECT_THAT(error_with("/qa/flags/f/values", {1}), HasSubstr("either 'bit' or 'values'"));
  EXPECT_THAT(error_with("/qa/flags/f/levels", {{"high", {1}}}),
              HasSubstr("goes with 'values' only"));
  EXPECT_THAT(error_with("/qa/default_mask_out", {"g"}), HasSubstr("names 'g', which is no flag"));
  EXPECT_THAT(error_with("/qa/flags/f/confidence", {{"bits", {3, 4}}}), HasSubstr("own bit"));
  EXPECT_THAT(error_with("/qa/flags/f/confidence", {{"bits", {5, 4}}}), HasSubstr("[first, last]"));
  EXPECT_THAT(error_with("/qa/flags/f/confidence", {{"bits", {4, 5}}, {"low", 4}}),
              HasSubstr("from 0 to 3"));
  EXPECT_THAT(error(with_flag({{"values", {70000}}})), HasSubstr("from 0 to 65535"));
  EXPECT_THAT(error(with_flag(json::object())), HasSubstr("either 'bit' or 'values'"));
  EXPECT_THAT(error({{"name", "p"}}), HasSubstr("lacks 'bands'"));
  EXPECT_THAT(error(json::array()), HasSubstr("must hold one object"));
  EXPECT_THAT(error(json(7)), HasSubstr("must be an object"));
}

TEST_F(ProductFile, BrokenAndMissingFilesAreToldApart) {
  EXPECT_THROW(read_product(path("missing.json")), IoError);
  write("broken.json", "{\"name\": \"p\",\n \"bands\" }");
  try {
    read_product(path("broken.json"));
    FAIL();
  } catch (const InvalidInput& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("broken.json:2:10: not JSON"));
  }
}

TEST_F(ProductFile, IsFoundByNameOrPath) {
  EXPECT_EQ(find_product(write("mine.json", minimal())).name, "p");
  try {
    find_product("landsat");
    FAIL();
  } catch (const InvalidInput& failure) {
    EXPECT_STREQ(failure.what(),
                 "unknown product 'landsat': choose one of ga_ls_ard_3, landsat_c2_l2, "
                 "sentinel2_l2a, or give the "
                 "path of a definition");
  }
}

TEST_F(ProductFile, TheEnvironmentNamesTheFolder) {
  write("mine.json", minimal());
  use(folder_.string());
  EXPECT_THAT(product_names(), ElementsAre("mine"));
  use(path("missing"));
  EXPECT_THROW(product_names(), IoError);
}

TEST_F(ProductFile, IsRecognisedByCollectionWhateverTheAssets) {
  EXPECT_EQ(recognised(scenes("landsat-c2-l2", {"red"}, std::nullopt)), "landsat_c2_l2");
  EXPECT_EQ(recognised(scenes("sentinel-2-l2a", {"B04", "B08"}, std::nullopt)), "sentinel2_l2a");
  EXPECT_EQ(recognised(scenes("ga_ls8c_ard_3", {}, std::nullopt)), "ga_ls_ard_3");
  EXPECT_EQ(recognised({}), "none");
}

TEST_F(ProductFile, IsRecognisedByAssetsWhenTheScaleAgrees) {
  EXPECT_EQ(recognised(scenes("mine", {"red", "nir08", "qa_pixel"}, 2.75e-05)), "landsat_c2_l2");
  EXPECT_EQ(recognised(scenes("mine", {"red", "nir", "scl"}, 0.0001)), "sentinel2_l2a");
  EXPECT_EQ(recognised(scenes("", {"nbart_red", "nbart_nir", "oa_fmask"}, std::nullopt)),
            "ga_ls_ard_3");
  EXPECT_EQ(recognised(scenes("landsat-c2-l1", {"red", "nir08", "qa_pixel"}, 0.66)), "none");
  EXPECT_EQ(recognised(scenes("landsat-c2-l1", {"red", "nir08", "qa_pixel"}, std::nullopt)),
            "none");
  EXPECT_EQ(recognised(scenes("mine", {"red", "nir08"}, 2.75e-05)), "none")
      << "without its flag band";
  EXPECT_EQ(recognised(scenes("mine", {"red", "qa_pixel"}, 2.75e-05)), "none")
      << "with one band only";
}

TEST_F(ProductFile, ScenesOfTwoProductsHaveNone) {
  auto mixed = scenes("landsat-c2-l2", {"red", "nir08", "qa_pixel"}, 2.75e-05);
  mixed.push_back(scenes("sentinel-2-l2a", {"red", "nir", "scl"}, 0.0001).front());
  EXPECT_EQ(recognised(mixed), "none");
}

TEST_F(ProductFile, TwoThatFitEquallyAreNone) {
  json a = minimal(), b = minimal();
  a["collections"] = b["collections"] = {"c"};
  b["name"] = "q";
  write("a.json", a);
  write("b.json", b);
  use(folder_.string());
  EXPECT_EQ(recognised(scenes("c", {"red", "nir"}, std::nullopt)), "none");
  b["bands"]["nir"] = {{"assets", {"nir"}}};
  write("b.json", b);
  EXPECT_EQ(recognised(scenes("c", {"red", "nir"}, std::nullopt)), "q");
}

}  // namespace
}  // namespace cubemill
