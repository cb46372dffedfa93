// Rasters that the tests of reading make for themselves with GDAL, and the comparison with GDAL's
// own reading of them.
#pragma once
#include <cpl_conv.h>
#include <cpl_string.h>
#include <gdal_priv.h>
#include <gtest/gtest.h>
#include <ogr_spatialref.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "cubemill/base/error.hpp"
#include "cubemill/io/raster.hpp"
#include "io/gdal_header.hpp"

namespace cubemill::test {

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "cubemill-raster-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary directory");
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

class RasterTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { initialise_gdal(16 << 20); }
  TempDir dir;
};

struct RasterSpec {
  int width = 301;
  int height = 277;
  int bands = 1;
  GDALDataType type = GDT_UInt16;
  std::vector<std::string> options;  ///< creation options of the GTiff driver
  std::optional<double> nodata;
  int written_rows =
      -1;  ///< rows that get pixels, all by default: the rest stays sparse with SPARSE_OK
  bool point = false;  ///< PixelIsPoint
  bool georeferenced = true;
};

inline const std::array<double, 6> grid_transform{399975, 30, 0, -3000015, 0, -30};

inline GDALDriver& driver(const char* name) {
  GDALDriver* found = GetGDALDriverManager()->GetDriverByName(name);
  if (!found) throw std::runtime_error(std::string("no GDAL driver ") + name);
  return *found;
}

/// Smooth with noise in the low bits: different in every pixel and band, compressible, wraps around
/// in small types.
inline double pixel_value(int x, int y, int band) {
  const unsigned noise = (unsigned(x) * 2654435761u ^ unsigned(y) * 40503u) >> 27;
  return 3 * x + 5 * y + 1000 * band + noise;
}

inline void georeference(GDALDataset& dataset) {
  OGRSpatialReference crs;
  crs.importFromEPSG(32719);
  dataset.SetSpatialRef(&crs);
  auto transform = grid_transform;
  dataset.SetGeoTransform(transform.data());
}

inline void write_pixels(GDALDataset& dataset, int rows) {
  const int width = dataset.GetRasterXSize();
  std::vector<double> row(std::size_t(width), 0);
  for (int b = 1; b <= dataset.GetRasterCount(); ++b)
    for (int y = 0; y < rows; ++y) {
      GDALRasterBand* band = dataset.GetRasterBand(b);
      const double modulus = band->GetRasterDataType() == GDT_Byte ? 256 : 1e9;
      for (int x = 0; x < width; ++x)
        row[std::size_t(x)] = std::fmod(pixel_value(x, y, b), modulus);
      ASSERT_EQ(CE_None, band->RasterIO(GF_Write, 0, y, width, 1, row.data(), width, 1, GDT_Float64,
                                        0, 0, nullptr));
    }
}

/// Makes a GeoTIFF.
inline std::string make_tiff(const std::string& path, const RasterSpec& spec) {
  CPLStringList options;
  for (const auto& option : spec.options) options.AddString(option.c_str());
  GDALDatasetUniquePtr dataset(driver("GTiff").Create(path.c_str(), spec.width, spec.height,
                                                      spec.bands, spec.type, options.List()));
  if (!dataset) throw std::runtime_error("cannot make " + path);
  if (spec.georeferenced) georeference(*dataset);
  if (spec.point) dataset->SetMetadataItem("AREA_OR_POINT", "Point");
  if (spec.nodata) dataset->GetRasterBand(1)->SetNoDataValue(*spec.nodata);
  write_pixels(*dataset, spec.written_rows < 0 ? spec.height : spec.written_rows);
  return path;
}

/// Copies a raster with another driver.
inline std::string copy_raster(const std::string& from, const std::string& to, const char* with,
                               const std::vector<std::string>& options = {}) {
  CPLStringList list;
  for (const auto& option : options) list.AddString(option.c_str());
  GDALDatasetUniquePtr source(GDALDataset::Open(from.c_str()));
  GDALDatasetUniquePtr copy(
      driver(with).CreateCopy(to.c_str(), source.get(), 0, list.List(), nullptr, nullptr));
  if (!copy) throw std::runtime_error("cannot make " + to);
  return to;
}

/// All pixels of a band by GDAL, row-major without gaps; empty when GDAL cannot read them.
inline std::vector<std::byte> read_by_gdal(const std::string& path, int band, PixelType type) {
  GDALDatasetUniquePtr dataset(GDALDataset::Open(path.c_str()));
  const int w = dataset->GetRasterXSize(), h = dataset->GetRasterYSize();
  std::vector<std::byte> pixels(std::size_t(w) * std::size_t(h) * size_of(type));
  const CPLErr status = dataset->GetRasterBand(band)->RasterIO(
      GF_Read, 0, 0, w, h, pixels.data(), w, h, gdal_type(type), 0, 0, nullptr);
  if (status != CE_None) pixels.clear();
  return pixels;
}

/// All pixels of a band block by block, with `gap` bytes between the rows of a block that must stay
/// as they are.
inline std::vector<std::byte> read_by_blocks(const RasterBand& band, std::size_t gap = 0) {
  const RasterInfo& info = band.info();
  const std::size_t pixel = size_of(info.type), row = std::size_t(info.block_width) * pixel;
  const std::size_t line = std::size_t(info.grid.width) * pixel;
  std::vector<std::byte> block((row + gap) * std::size_t(info.block_height));
  std::vector<std::byte> pixels(line * std::size_t(info.grid.height));
  ReadScratch scratch;
  ReadCost cost;
  for (std::int64_t by = 0; by < info.blocks_down(); ++by)
    for (std::int64_t bx = 0; bx < info.blocks_across(); ++bx) {
      std::fill(block.begin(), block.end(), std::byte{0xA5});
      band.read_block(bx, by, block.data(), std::ptrdiff_t(row + gap), scratch, cost);
      const std::size_t left = std::size_t(bx) * row;
      for (int y = 0; y < info.block_height; ++y) {
        const std::byte* from = block.data() + std::size_t(y) * (row + gap);
        for (std::size_t g = 0; g < gap; ++g)
          EXPECT_EQ(std::byte{0xA5}, from[row + g]) << "gap of row " << y;
        const std::int64_t at = by * info.block_height + y;
        if (at < info.grid.height)
          std::memcpy(&pixels[std::size_t(at) * line + left], from, std::min(row, line - left));
      }
    }
  return pixels;
}

/// Opens the band and expects the pixels that GDAL gives, whether rows lie together or apart.
inline RasterInfo expect_as_gdal(const std::string& path, int band = 1) {
  const auto raster = open_raster(path, band);
  const auto expected = read_by_gdal(path, band, raster->info().type);
  EXPECT_FALSE(expected.empty());
  EXPECT_TRUE(expected == read_by_blocks(*raster, 0)) << path;
  EXPECT_TRUE(expected == read_by_blocks(*raster, 24)) << path << ", rows apart";
  return raster->info();
}

/// Where GDAL says that a block lies: offset and size in bytes.
inline std::pair<std::uint64_t, std::uint64_t> block_place(const std::string& path, int x, int y) {
  GDALDatasetUniquePtr dataset(GDALDataset::Open(path.c_str()));
  const auto item = [&](const char* format) {
    const char* text = dataset->GetRasterBand(1)->GetMetadataItem(CPLSPrintf(format, x, y), "TIFF");
    return text ? std::stoull(text) : 0;
  };
  return {item("BLOCK_OFFSET_%d_%d"), item("BLOCK_SIZE_%d_%d")};
}

inline std::string file_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// The text of the error of kind `Failure` that `action` throws; fails the test when it throws
/// none.
template <class Failure, class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Failure& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error where one was due";
  return {};
}

}  // namespace cubemill::test
