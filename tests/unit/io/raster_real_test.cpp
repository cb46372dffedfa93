// Real files as found in the wild, whole and truncated.
#include <gtest/gtest.h>

#include <algorithm>

#include "test_paths.hpp"
#include "unit/io/raster_fixture.hpp"

namespace cubemill::test {
namespace {

class RealCog : public RasterTest {
 protected:
  /// Files as found in the wild; nothing when they are not on this machine.
  static std::vector<std::string> files() {
    std::vector<std::string> found;
    const std::filesystem::path folder =
        std::filesystem::path(CUBEMILL_SHARED_DATA) / "real_cogs/data";
    if (!std::filesystem::is_directory(folder)) return found;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      found.push_back(entry.path().string());
    std::sort(found.begin(), found.end());
    return found;
  }
};

TEST_F(RealCog, GivesGdalsPixelsOrAnErrorWhereGdalHasOne) {
  if (files().empty())
    GTEST_SKIP() << "real files are not beside the project: " << CUBEMILL_SHARED_DATA;
  int whole = 0, truncated = 0;
  for (const std::string& path : files()) {
    const auto raster = open_raster(path, 1);
    if (read_by_gdal(path, 1, raster->info().type).empty()) {
      const std::string error = error_of<IoError>([&] { read_by_blocks(*raster); });
      EXPECT_TRUE(contains(error, path) && contains(error, "block (")) << error;
      ++truncated;
    } else {
      expect_as_gdal(path);
      ++whole;
    }
  }
  EXPECT_GE(whole, 1);
  EXPECT_GE(truncated, 1);
}

}  // namespace
}  // namespace cubemill::test
