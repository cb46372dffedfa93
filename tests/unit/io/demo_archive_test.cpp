#include "cubemill/io/demo_archive.hpp"

#include <gdal_priv.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "cubemill/base/error.hpp"
#include "io/demo_item.hpp"
#include "io/demo_pixels.hpp"
#include "io/demo_scene.hpp"

namespace cubemill {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class DemoArchive : public testing::Test {
 protected:
  void SetUp() override {
    root_ =
        fs::temp_directory_path() / ("cubemill_demo_" + std::to_string(getpid()) + "_" +
                                     testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string make(const std::string& name, DemoOptions options) {
    return fs::path(make_demo_archive((root_ / name).string(), options).items_path)
        .parent_path()
        .string();
  }

  fs::path root_;
};

DemoOptions small(int scenes = 2, int size = 96, std::uint64_t seed = 1) {
  DemoOptions options;
  options.scenes = scenes, options.size = size, options.seed = seed;
  return options;
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Name below `root` → bytes, of every file.
std::map<std::string, std::string> files_below(const std::string& root) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(root))
    if (entry.is_regular_file())
      files[fs::relative(entry.path(), root).string()] = text_of(entry.path());
  return files;
}

nlohmann::json items_of(const std::string& root) {
  return nlohmann::json::parse(text_of(fs::path(root) / "items.json")).at("features");
}

GDALDatasetUniquePtr opened(const std::string& path) {
  GDALAllRegister();
  return GDALDatasetUniquePtr(GDALDataset::Open(path.c_str(), GDAL_OF_RASTER));
}

std::vector<std::uint16_t> pixels_of(const std::string& path) {
  const auto dataset = opened(path);
  const int w = dataset->GetRasterXSize(), h = dataset->GetRasterYSize();
  std::vector<std::uint16_t> pixels(std::size_t(w) * std::size_t(h));
  EXPECT_EQ(dataset->GetRasterBand(1)->RasterIO(GF_Read, 0, 0, w, h, pixels.data(), w, h,
                                                GDT_UInt16, 0, 0),
            CE_None);
  return pixels;
}

TEST_F(DemoArchive, HasTheSameBytesForTheSameSeedWithAnyNumberOfThreads) {
  DemoOptions one = small(4), three = small(4);
  one.threads = 1, three.threads = 3;
  const auto a = files_below(make("a", one)), b = files_below(make("b", three));
  EXPECT_EQ(a.size(), 4U * 4 + 1);
  EXPECT_TRUE(a == b);
}

TEST_F(DemoArchive, DiffersBetweenSeeds) {
  const std::string a = make("a", small(1, 96, 1)), b = make("b", small(1, 96, 2));
  const auto first = items_of(a)[0], second = items_of(b)[0];
  const std::string href = first["assets"]["red"]["href"], other = second["assets"]["red"]["href"];
  EXPECT_NE(pixels_of(a + "/" + href), pixels_of(b + "/" + other));
}

TEST_F(DemoArchive, HasFilesAsUsgsDeliversThem) {
  const std::string root = make("a", small(2, 300));
  for (const auto& item : items_of(root))
    for (const auto& [key, asset] : item.at("assets").items()) {
      const auto dataset = opened(root + "/" + asset["href"].get<std::string>());
      ASSERT_TRUE(dataset);
      int block_width = 0, block_height = 0;
      GDALRasterBand* band = dataset->GetRasterBand(1);
      band->GetBlockSize(&block_width, &block_height);
      EXPECT_EQ(block_width, 256);
      EXPECT_EQ(block_height, 256);
      EXPECT_EQ(band->GetRasterDataType(), GDT_UInt16);
      EXPECT_EQ(band->GetNoDataValue(), key == "qa_pixel" ? 1 : 0);
      EXPECT_GE(band->GetOverviewCount(), 1);
      EXPECT_STREQ(dataset->GetMetadataItem("AREA_OR_POINT"), "Point");
      EXPECT_STREQ(dataset->GetMetadataItem("LAYOUT", "IMAGE_STRUCTURE"), "COG");
      EXPECT_STREQ(dataset->GetMetadataItem("COMPRESSION", "IMAGE_STRUCTURE"), "DEFLATE");
      EXPECT_STREQ(dataset->GetMetadataItem("PREDICTOR", "IMAGE_STRUCTURE"), "2");
    }
}

TEST_F(DemoArchive, SaysInTheItemWhatTheFilesSay) {
  const std::string root = make("a", small(4));
  for (const auto& item : items_of(root)) {
    const auto dataset = opened(root + "/" + item["assets"]["nir08"]["href"].get<std::string>());
    ASSERT_TRUE(dataset);
    double t[6];
    dataset->GetGeoTransform(t);
    const auto& p = item["properties"];
    EXPECT_EQ(p["proj:shape"],
              (nlohmann::json{dataset->GetRasterYSize(), dataset->GetRasterXSize()}));
    EXPECT_EQ(p["proj:transform"], (nlohmann::json{t[1], t[2], t[0], t[4], t[5], t[3]}));
    EXPECT_EQ(dataset->GetSpatialRef()->GetAuthorityCode(nullptr),
              std::to_string(p["proj:epsg"].get<int>()));
    EXPECT_EQ(item["bbox"].size(), 4U);
    EXPECT_LT(item["bbox"][0], item["bbox"][2]);
    EXPECT_LT(item["bbox"][1], item["bbox"][3]);
    const fs::path alone =
        fs::path(root) / item["id"].get<std::string>() / (item["id"].get<std::string>() + ".json");
    EXPECT_EQ(nlohmann::json::parse(text_of(alone))["properties"], p);
  }
}

TEST_F(DemoArchive, ComputesTheCloudCoverFromThePixels) {
  const std::string root = make("a", small(6));
  for (const auto& item : items_of(root)) {
    double valid = 0, cloud = 0;
    for (const std::uint16_t code :
         pixels_of(root + "/" + item["assets"]["qa_pixel"]["href"].get<std::string>())) {
      valid += code != 1;
      cloud += code != 1 && (code & 8) != 0;
    }
    EXPECT_GT(valid, 0);
    EXPECT_NEAR(item["properties"]["eo:cloud_cover"].get<double>(), 100 * cloud / valid, 0.006);
  }
}

TEST_F(DemoArchive, SummarisesWhatItWrote) {
  const DemoSummary summary = make_demo_archive((root_ / "a").string(), small(5));
  EXPECT_EQ(summary.scenes, 5);
  EXPECT_EQ(summary.acquisitions, 3);
  EXPECT_EQ(summary.files, 15U);
  EXPECT_EQ(summary.epsg, (std::vector<int>{32618, 32619}));
  EXPECT_EQ(summary.first_date, "2022-12-10");
  std::uint64_t bytes = 0;
  for (const auto& [name, content] : files_below((root_ / "a").string()))
    if (name.ends_with(".TIF")) bytes += content.size();
  EXPECT_EQ(summary.bytes, bytes);
}

TEST_F(DemoArchive, TakesAnEmptyDirectory) {
  fs::create_directory(root_ / "empty");
  EXPECT_NO_THROW(make("empty", small(1)));
}

TEST_F(DemoArchive, RefusesADirectoryThatHoldsSomethingAndLeavesItAlone) {
  std::ofstream(root_ / "precious.txt") << "x";
  try {
    make_demo_archive(root_.string(), small(1));
    FAIL() << "accepted";
  } catch (const InvalidInput& error) {
    EXPECT_THAT(error.what(), HasSubstr(root_.string()));
    EXPECT_THAT(error.what(), HasSubstr("not empty"));
  }
  EXPECT_EQ(files_below(root_.string()).size(), 1U);
}

TEST_F(DemoArchive, RefusesAFileInPlaceOfADirectory) {
  std::ofstream(root_ / "file") << "x";
  EXPECT_THROW(make("file", small(1)), InvalidInput);
  EXPECT_THROW(make("file/below", small(1)), IoError);
}

TEST_F(DemoArchive, RefusesOptionsOutOfRangeAndMakesNothing) {
  for (const DemoOptions& wrong : {small(0), small(161), small(1, 63), small(1, 8193)})
    EXPECT_THROW(make("a", wrong), InvalidInput);
  EXPECT_FALSE(fs::exists(root_ / "a"));
  EXPECT_NO_THROW(make("a", small(1, 64)));
}

TEST_F(DemoArchive, LeavesNothingWhenTheDiskIsFull) {
  const std::string target = (root_ / "a").string();
  const pid_t child = fork();
  if (child == 0) {  // only a process of its own may be short of space for good
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      make_demo_archive(target, small(1));
    } catch (const IoError&) {
      _exit(fs::exists(target) ? 3 : 7);
    } catch (...) {
      _exit(4);
    }
    _exit(5);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(DemoScenes, HaveDistinctIdsAndGridsThatNeedResampling) {
  DemoOptions options = small(160, 256);
  std::set<std::string> ids, stems;
  for (const demo::DemoScene& scene : demo::plan_scenes(options)) {
    ids.insert(scene.id), stems.insert(scene.file_stem);
    EXPECT_NE(scene.grid.width % 256, 0);
    EXPECT_NE(scene.grid.height % 256, 0);
    const Affine& t = scene.grid.transform;
    EXPECT_EQ(std::fmod(std::fmod(t.c, 30) + 30, 30), 15);
    EXPECT_EQ(std::fmod(std::fmod(t.f, 30) + 30, 30), 15);
    EXPECT_LT(t.f, 0) << "northings of the south are negative in a northern zone";
  }
  EXPECT_EQ(ids.size(), 160U);
  EXPECT_EQ(stems.size(), 160U);
}

TEST(DemoScenes, ComeAsTwoOverlappingRowsOfOneSolarDay) {
  const auto scenes = demo::plan_scenes(small(36, 400));
  for (std::size_t i = 0; i + 1 < scenes.size(); i += 2) {
    const demo::DemoScene &north = scenes[i], &south = scenes[i + 1];
    EXPECT_EQ(north.acquisition, south.acquisition);
    EXPECT_EQ(solar_date(north.datetime, -72), solar_date(south.datetime, -72));
    EXPECT_EQ(south.datetime.microseconds - north.datetime.microseconds, 23'900'000);
    const Box a = project_box(north.grid.bounds(), north.grid.crs, demo::reference_crs());
    const Box b = project_box(south.grid.bounds(), south.grid.crs, demo::reference_crs());
    EXPECT_NEAR((b.top - a.bottom) / (400 * 30), 0.15, 0.09);
  }
}

TEST(DemoScenes, CoverAllSeasonsOfTheYearAndADecemberBefore) {
  std::map<int, int> months, years;
  for (const demo::DemoScene& scene : demo::plan_scenes(DemoOptions{})) {
    const CivilDate date = civil(utc_date(scene.datetime));
    ++years[date.year];
    ++months[date.month % 12 / 3];
    EXPECT_TRUE(date.year == 2023 || date.month == 12);
  }
  EXPECT_EQ(years.size(), 2U);
  EXPECT_EQ(years[2022], 4);
  ASSERT_EQ(months.size(), 4U);
  for (const auto& [season, count] : months) EXPECT_GE(count, 8) << "season " << season;
}

TEST(DemoPixels, HoldTheQaCodesAndTheAwkwardPixelsOfRealScenes) {
  const demo::Landscape landscape(1);
  std::map<std::uint16_t, int> codes;
  int red_hole = 0, nir_hole = 0, saturated = 0, dark = 0;
  for (const demo::DemoScene& scene : demo::plan_scenes(small(16, 300))) {
    const demo::ScenePixels pixels = demo::render(scene, landscape);
    for (std::size_t i = 0; i < pixels.red.size(); ++i) {
      const std::uint16_t r = pixels.red[i], n = pixels.nir08[i], q = pixels.qa_pixel[i];
      ++codes[q];
      if (q == 1) {
        ASSERT_EQ(r, 0);
        ASSERT_EQ(n, 0);
      } else {
        red_hole += r == 0 && n != 0, nir_hole += n == 0 && r != 0;
        saturated += r == 65535, dark += r > 0 && r < 7273;
      }
    }
  }
  for (const int code : {1, 21824, 21952, 30048, 54596, 22280, 24344, 55052, 22080, 21826, 23888})
    EXPECT_GT(codes[std::uint16_t(code)], 0) << code;
  EXPECT_GT(red_hole, 0);
  EXPECT_GT(nir_hole, 0);
  EXPECT_GT(saturated, 0);
  EXPECT_GT(dark, 0);
}

// A wrong zone or a shifted landscape would make the two rows of one day disagree where they
// overlap.
TEST(DemoPixels, AgreeOnTheGroundAcrossTheZones) {
  const demo::Landscape landscape(3);
  const auto scenes = demo::plan_scenes(small(2, 300, 3));
  const demo::DemoScene &north = scenes[0], &south = scenes[1];
  ASSERT_NE(north.grid.crs.epsg(), south.grid.crs.epsg());
  const demo::ScenePixels a = demo::render(north, landscape), b = demo::render(south, landscape);
  const Affine to_south = south.grid.transform.inverse();
  Transformer transformer(north.grid.crs, south.grid.crs);
  int both = 0, close = 0;
  for (std::int64_t row = 0; row < north.grid.height; ++row)
    for (std::int64_t col = 0; col < north.grid.width; ++col) {
      Point p = north.grid.transform.apply(double(col) + 0.5, double(row) + 0.5);
      transformer.forward(&p.x, &p.y, 1);
      const Point q = to_south.apply(p.x, p.y);
      const auto x = std::int64_t(std::floor(q.x)), y = std::int64_t(std::floor(q.y));
      if (x < 0 || y < 0 || x >= south.grid.width || y >= south.grid.height) continue;
      const auto i = std::size_t(row * north.grid.width + col),
                 j = std::size_t(y * south.grid.width + x);
      if (a.qa_pixel[i] == 1 || b.qa_pixel[j] == 1) continue;
      ++both;
      close += std::abs(int(a.nir08[i]) - int(b.nir08[j])) < 700;  // 0.02 of reflectance
    }
  EXPECT_GT(both, 5000);
  EXPECT_GT(double(close) / both, 0.85);
}

TEST(DemoItem, IsMarkedAsSynthetic) {
  const auto item = demo::stac_item(demo::plan_scenes(small(1))[0], 12.5, "./");
  EXPECT_THAT(item["properties"]["description"].get<std::string>(), HasSubstr("Synthetic"));
  EXPECT_EQ(item["properties"]["eo:cloud_cover"], 12.5);
  EXPECT_EQ(item["assets"]["red"]["raster:bands"][0]["scale"], 2.75e-5);
}

}  // namespace
}  // namespace cubemill
