// What the tests of the writer share: a folder that goes away, images cut into tiles, files read by
// GDAL.
#pragma once
#include <gdal_priv.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cubemill/io/cog_writer.hpp"

namespace cubemill::cog_test {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "cubemill_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::filesystem::path path_;
};

inline CogSpec spec_of(std::int64_t width, std::int64_t height, SampleType type,
                       std::vector<std::string> bands = {"DJF", "MAM", "JJA", "SON"}) {
  CogSpec spec;
  spec.grid = {Crs::parse("EPSG:32618"), {30, 0, 300015, 0, -30, 4500015}, width, height};
  spec.type = type;
  spec.bands = std::move(bands);
  spec.nodata_nan = type == SampleType::f32;
  if (type != SampleType::f32) spec.overviews = OverviewRule::nearest;
  return spec;
}

template <class T>
using Image = std::vector<T>;

/// An image per band that looks a little like NDVI: smooth, noisy, with holes.
inline std::vector<Image<float>> ndvi_images(const CogSpec& spec, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> noise(-0.02f, 0.02f);
  std::vector<Image<float>> images;
  for (std::size_t b = 0; b < spec.bands.size(); ++b) {
    auto& image = images.emplace_back();
    for (std::int64_t y = 0; y < spec.grid.height; ++y)
      for (std::int64_t x = 0; x < spec.grid.width; ++x) {
        const bool hole = (x / 97 + y / 61 + static_cast<std::int64_t>(b)) % 5 == 0;
        const float value = 0.5f + 0.3f * std::sin(0.01f * float(x)) * std::cos(0.013f * float(y));
        image.push_back(hole ? std::numeric_limits<float>::quiet_NaN() : value + noise(random));
      }
  }
  return images;
}

inline std::vector<Image<std::uint16_t>> count_images(const CogSpec& spec) {
  std::vector<Image<std::uint16_t>> images(spec.bands.size());
  for (std::size_t b = 0; b < images.size(); ++b)
    for (std::int64_t y = 0; y < spec.grid.height; ++y)
      for (std::int64_t x = 0; x < spec.grid.width; ++x)
        images[b].push_back(
            static_cast<std::uint16_t>((x / 31 + y / 17) % 9 + (b == 0 ? 1000 : 0)));
  return images;
}

template <class T>
Image<T> cut_tile(const CogSpec& spec, const Image<T>& image, std::int64_t column,
                  std::int64_t row) {
  Image<T> samples(static_cast<std::size_t>(CogWriter::tile * CogWriter::tile), T(77));
  for (std::int64_t y = 0; y < CogWriter::tile && row * CogWriter::tile + y < spec.grid.height; ++y)
    for (std::int64_t x = 0; x < CogWriter::tile && column * CogWriter::tile + x < spec.grid.width;
         ++x)
      samples[y * CogWriter::tile + x] =
          image[(row * CogWriter::tile + y) * spec.grid.width + column * CogWriter::tile + x];
  return samples;
}

struct TilePlace {
  int band;
  std::int64_t column, row;
};

inline std::vector<TilePlace> places(const CogSpec& spec) {
  std::vector<TilePlace> all;
  for (int b = 0; b < static_cast<int>(spec.bands.size()); ++b)
    for (std::int64_t row = 0; row * CogWriter::tile < spec.grid.height; ++row)
      for (std::int64_t column = 0; column * CogWriter::tile < spec.grid.width; ++column)
        all.push_back({b, column, row});
  return all;
}

template <class T>
void put_all(CogWriter& writer, const CogSpec& spec, const std::vector<Image<T>>& images,
             const std::vector<TilePlace>& order) {
  for (const TilePlace& p : order)
    writer.put(p.band, p.column, p.row, cut_tile(spec, images[p.band], p.column, p.row).data(),
               false);
}

template <class T>
void write_cog(const CogSpec& spec, const std::vector<Image<T>>& images, const std::string& path) {
  CogWriter writer(spec, path);
  put_all(writer, spec, images, places(spec));
  writer.finish();
}

inline std::vector<char> bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::string text_of(const std::string& path) {
  const auto bytes = bytes_of(path);
  return {bytes.begin(), bytes.end()};
}

using Dataset = std::unique_ptr<GDALDataset>;
inline Dataset open(const std::string& path) {
  GDALAllRegister();
  return Dataset(GDALDataset::Open(path.c_str(), GDAL_OF_RASTER | GDAL_OF_VERBOSE_ERROR));
}

template <class T>
Image<T> read_band(GDALRasterBand* band) {
  Image<T> image(static_cast<std::size_t>(band->GetXSize()) * band->GetYSize());
  const GDALDataType type = sizeof(T) == 2             ? GDT_UInt16
                            : std::is_same_v<T, float> ? GDT_Float32
                                                       : GDT_UInt32;
  EXPECT_EQ(band->RasterIO(GF_Read, 0, 0, band->GetXSize(), band->GetYSize(), image.data(),
                           band->GetXSize(), band->GetYSize(), type, 0, 0, nullptr),
            CE_None);
  return image;
}

/// Equal to the bit, NaN equal to NaN.
template <class T>
bool same(const Image<T>& a, const Image<T>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](T x, T y) { return x == y || (x != x && y != y); });
}

}  // namespace cubemill::cog_test
