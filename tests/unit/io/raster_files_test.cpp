// Many files, many threads, and files that GDAL's virtual file systems hold.
#include <cpl_vsi.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <thread>

#include "io/raw_file.hpp"
#include "unit/io/raster_fixture.hpp"

namespace cubemill::test {
namespace {

const std::vector<std::string> landsat_like{"TILED=YES", "BLOCKXSIZE=64", "BLOCKYSIZE=64",
                                            "COMPRESS=DEFLATE", "PREDICTOR=2"};

class RasterFiles : public RasterTest {};

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    ++count;
  return count;
}

TEST_F(RasterFiles, KeepsFewFilesOpenHoweverManyAreRead) {
  RasterSpec spec;
  spec.width = spec.height = 64;
  spec.options = landsat_like;
  const std::string first = make_tiff(dir / "0.tif", spec);
  std::vector<std::unique_ptr<RasterBand>> rasters;
  for (int i = 1; i <= 300; ++i) {
    const std::string path = dir / (std::to_string(i) + ".tif");
    std::filesystem::copy_file(first, path);
    rasters.push_back(open_raster(path, 1));
  }
  const std::size_t before = open_descriptors();
  rlimit old{};
  ::getrlimit(RLIMIT_NOFILE, &old);
  const rlimit tight{before + raw_file_limit() + 2, old.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &tight);
  std::size_t most = 0;
  for (int round = 0; round < 2; ++round)
    for (const auto& raster : rasters) {
      EXPECT_NO_THROW(read_by_blocks(*raster));
      most = std::max(most, open_descriptors());
    }
  ::setrlimit(RLIMIT_NOFILE, &old);
  EXPECT_LE(most, before + raw_file_limit() + 2);
  rasters.clear();
  EXPECT_LE(open_descriptors(), before);
}

TEST_F(RasterFiles, ReopensDatasetsThatWereClosedToStayWithinTheLimit) {
  RasterSpec spec;
  spec.width = spec.height = 64;
  spec.options = {"COMPRESS=PACKBITS"};
  std::vector<std::unique_ptr<RasterBand>> rasters;
  for (int i = 0; i < 40; ++i)
    rasters.push_back(open_raster(make_tiff(dir / (std::to_string(i) + ".tif"), spec), 1));
  const std::size_t before = open_descriptors();
  const auto expected = read_by_blocks(*rasters[0]);
  for (int round = 0; round < 2; ++round)
    for (const auto& raster : rasters) EXPECT_TRUE(expected == read_by_blocks(*raster));
  EXPECT_LE(open_descriptors(), before + 16);
}

TEST_F(RasterFiles, NoticesADatasetThatWasReplacedByAnotherShape) {
  RasterSpec spec;
  spec.options = {"COMPRESS=PACKBITS"};
  const auto raster = open_raster(make_tiff(dir / "r.tif", spec), 1);
  spec.width = 100;
  make_tiff(dir / "r.tif", spec);
  EXPECT_THROW(read_by_blocks(*raster), IoError);
}

void expect_same_from_many_threads(const RasterBand& raster) {
  const auto expected = read_by_blocks(raster);
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 3; ++round) wrong += expected != read_by_blocks(raster);
    });
  threads.clear();
  EXPECT_EQ(0, wrong);
}

TEST_F(RasterFiles, ReadsOneBandFromManyThreads) {
  RasterSpec spec;
  spec.options = landsat_like;
  expect_same_from_many_threads(*open_raster(make_tiff(dir / "direct.tif", spec), 1));
  spec.options = {"COMPRESS=PACKBITS", "TILED=YES"};
  expect_same_from_many_threads(*open_raster(make_tiff(dir / "fallback.tif", spec), 1));
  spec.options = landsat_like;
  expect_same_from_many_threads(*open_raster(make_tiff("/vsimem/threads.tif", spec), 1));
  VSIUnlink("/vsimem/threads.tif");
}

TEST_F(RasterFiles, ReadsManyFilesFromManyThreadsThroughFewHandles) {
  RasterSpec spec;
  spec.width = spec.height = 64;
  spec.options = landsat_like;
  std::vector<std::unique_ptr<RasterBand>> rasters;
  for (int i = 0; i < 150; ++i)
    rasters.push_back(open_raster(make_tiff(dir / (std::to_string(i) + ".tif"), spec), 1));
  const auto expected = read_by_blocks(*rasters[0]);
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (std::size_t start = 0; start < 8; ++start)
    threads.emplace_back([&, start] {
      for (std::size_t i = 0; i < rasters.size(); ++i)
        wrong += expected != read_by_blocks(*rasters[(i + 19 * start) % rasters.size()]);
    });
  threads.clear();
  EXPECT_EQ(0, wrong);
}

TEST_F(RasterFiles, ReadsBlocksBeyondFourGibibytes) {
  RasterSpec spec;
  spec.options = landsat_like;
  spec.options.push_back("BIGTIFF=YES");
  const std::string path = make_tiff(dir / "big.tif", spec);
  const auto expected = read_by_blocks(*open_raster(path, 1));
  const auto [before, unused] = block_place(path, 1, 2);
  const auto [offset, size] = block_place(path, 2, 2);
  const std::uint64_t far = (std::uint64_t(5) << 30) + 3;
  std::string bytes = file_bytes(path);
  const auto table_entries = [](std::uint64_t a, std::uint64_t b) {
    std::string text(16, '\0');
    std::memcpy(text.data(), &a, 8);
    std::memcpy(text.data() + 8, &b, 8);
    return text;
  };
  const std::size_t entry = bytes.rfind(table_entries(before, offset));
  ASSERT_NE(std::string::npos, entry);
  const std::string block = bytes.substr(std::size_t(offset), std::size_t(size));
  bytes.replace(entry, 16, table_entries(before, far));
  bytes.replace(std::size_t(offset), std::size_t(size), std::string(std::size_t(size), '\0'));
  write_file(path, bytes);
  std::filesystem::resize_file(path, far);  // a hole, which takes no room on the disk
  std::ofstream(path, std::ios::binary | std::ios::app) << block;
  EXPECT_TRUE(expected == read_by_blocks(*open_raster(path, 1)));
}

TEST_F(RasterFiles, ReadsFromMemoryFiles) {
  RasterSpec spec;
  spec.options = landsat_like;
  EXPECT_TRUE(expect_as_gdal(make_tiff("/vsimem/in_memory.tif", spec)).direct);
  const auto raster = open_raster("/vsimem/in_memory.tif", 1);
  VSIUnlink("/vsimem/in_memory.tif");
  EXPECT_THROW(read_by_blocks(*raster), IoError);
}

TEST_F(RasterFiles, ReadsFromZipArchives) {
  RasterSpec spec;
  spec.options = landsat_like;
  const std::string bytes = file_bytes(make_tiff(dir / "r.tif", spec));
  const std::string inside = "/vsizip/" + (dir / "r.zip") + "/folder/r.tif";
  VSILFILE* file = VSIFOpenL(inside.c_str(), "wb");
  ASSERT_NE(nullptr, file);
  ASSERT_EQ(bytes.size(), VSIFWriteL(bytes.data(), 1, bytes.size(), file));
  VSIFCloseL(file);
  EXPECT_TRUE(expect_as_gdal(inside).direct);
  EXPECT_THROW(open_raster("/vsizip/" + (dir / "r.zip") + "/folder/missing.tif", 1), IoError);
}

}  // namespace
}  // namespace cubemill::test
