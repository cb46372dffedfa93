// Verifying a demo archive, whole and damaged.
#include "cubemill/exec/verify.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cubemill/base/error.hpp"
#include "cubemill/io/demo_archive.hpp"
#include "cubemill/io/raster.hpp"

namespace cubemill {
namespace {

namespace fs = std::filesystem;

class Verify : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { initialise_gdal(16 << 20); }

  void SetUp() override {
    fs::remove_all(folder);
    DemoOptions options;
    options.scenes = 4;
    options.size = 600;
    request.recipe.sources = {make_demo_archive(folder.string(), options).items_path};
    request.recipe.indices = {{"ndvi", ""}};
    request.threads = 2;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      if (entry.path().filename().string().find("SR_B4") != std::string::npos)
        reds.push_back(entry.path());
    std::sort(reds.begin(), reds.end());
    ASSERT_EQ(4u, reds.size());
  }
  void TearDown() override { fs::remove_all(folder); }

  VerifyResult verify() {
    std::istringstream nothing;
    return verify_catalog(request, nothing);
  }

  // Flips a bit in the middle of block (x, y).
  static void damage(const fs::path& path, std::int64_t x, std::int64_t y) {
    const auto place = *open_raster(path.string(), 1)->block_place(x, y);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(std::streamoff(place.offset + place.size / 2));
    const int byte = file.peek();
    file.seekp(std::streamoff(place.offset + place.size / 2));
    file.put(char(byte ^ 1));
  }

  const fs::path folder =
      fs::temp_directory_path() / ("cubemill-verify-test." + std::to_string(::getpid()));
  std::vector<fs::path> reds;
  VerifyRequest request;
};

TEST_F(Verify, FindsNothingInAWholeArchive) {
  std::size_t told = 0;
  request.progress = [&](std::size_t done, std::size_t files) {
    EXPECT_EQ(12u, files);
    EXPECT_EQ(++told, done);
  };
  const VerifyResult result = verify();
  EXPECT_EQ(12u, told);
  EXPECT_EQ(4u, result.items);
  EXPECT_EQ(12u, result.files);
  EXPECT_EQ(0u, result.files_by_gdal);
  EXPECT_GE(result.blocks, 12u * 9);
  EXPECT_GE(result.bytes_decoded, 12u * 600 * 600 * 2);
  EXPECT_TRUE(result.damaged.empty());
}

TEST_F(Verify, NamesEachDamagedFileAndCountsItsBlocks) {
  damage(reds[1], 0, 0);
  damage(reds[1], 1, 1);
  damage(reds[3], 1, 0);
  fs::remove(reds[0]);
  const VerifyResult result = verify();
  EXPECT_EQ(12u, result.files);
  ASSERT_EQ(3u, result.damaged.size());
  std::vector<std::uint64_t> blocks;
  for (const DamagedFile& file : result.damaged) {
    EXPECT_EQ("red", file.asset);
    EXPECT_NE(std::string::npos, file.reason.find(file.href));
    EXPECT_NE(std::string::npos, result.json.find(file.href));
    blocks.push_back(file.blocks);
  }
  std::sort(blocks.begin(), blocks.end());
  EXPECT_EQ((std::vector<std::uint64_t>{0, 1, 2}), blocks);
}

TEST_F(Verify, ReadsTheBandsThatAreAskedFor) {
  damage(reds[2], 0, 0);
  request.recipe.indices = {{"x", "nir08"}};
  EXPECT_EQ(8u, verify().files);  // with the flags
  EXPECT_TRUE(verify().damaged.empty());
  request.recipe.mask.none = true;
  EXPECT_EQ(4u, verify().files);
  request.all_assets = true;
  EXPECT_EQ(12u, verify().files);
  EXPECT_EQ(1u, verify().damaged.size());
}

TEST_F(Verify, SaysWhatDoesNotDependOnThreads) {
  damage(reds[2], 0, 0);
  request.threads = 1;
  const VerifyResult one = verify();
  request.threads = 5;
  const VerifyResult five = verify();
  EXPECT_EQ(one.blocks, five.blocks);
  EXPECT_EQ(one.bytes_read, five.bytes_read);
  ASSERT_EQ(1u, five.damaged.size());
  EXPECT_EQ(one.damaged[0].reason, five.damaged[0].reason);
}

}  // namespace
}  // namespace cubemill
