// Output, in CPU time of one thread: CogWriter::put per compression and sample type, against GDAL's
// GTiff writer with the same codec and level into memory. Each first checks that GDAL reads back
// what was put. `ratio_to_gdal` above 1 means that ours is faster; GDAL's time has no overviews and
// no statistics in it, ours has both. `restore_means` is CogWriter::restore, with its ratio to
// `put`.
#include <gdal_priv.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "cubemill/io/cog_writer.hpp"
#include "cubemill/io/quicklook.hpp"
#include "in_turns.hpp"

namespace {

using cubemill::CogSpec;
using cubemill::CogWriter;
using cubemill::Compression;
using cubemill::SampleType;
using cubemill::bench::thread_seconds;

constexpr std::int64_t edge = CogWriter::tile, across = 4;

CogSpec make_spec(SampleType type, Compression compression) {
  CogSpec spec;
  spec.grid = {cubemill::Crs::parse("EPSG:32618"),
               {30, 0, 300015, 0, -30, 4500015},
               across * edge,
               across * edge};
  spec.type = type;
  spec.bands = {"all"};
  spec.nodata_nan = type == SampleType::f32;
  spec.compression = compression;
  if (type != SampleType::f32) spec.overviews = cubemill::OverviewRule::nearest;
  return spec;
}

// Means of NDVI as they come out of a season: smooth fields, the noise of quantised reflectances,
// clouds' holes.
float ndvi_mean(std::int64_t x, std::int64_t y, std::mt19937& random) {
  if (std::sin(0.011 * double(x)) * std::sin(0.017 * double(y)) > 0.8)
    return std::numeric_limits<float>::quiet_NaN();
  std::normal_distribution<double> noise(0, 1);
  const double field = std::sin(0.013 * double(x) + 0.4 * std::sin(0.02 * double(y)));
  double sum = 0;
  for (int i = 0; i < 4; ++i) {
    const double nir =
        std::round((0.5 + 0.05 * field + 0.01 * noise(random)) / 2.75e-5) * 2.75e-5 - 0.2;
    const double red =
        std::round((0.28 - 0.02 * field + 0.005 * noise(random)) / 2.75e-5) * 2.75e-5 - 0.2;
    sum += (nir - red) / (nir + red);
  }
  return static_cast<float>(sum / 4);
}

const std::vector<float>& ndvi_image() {
  static const std::vector<float> made = [] {
    std::mt19937 random(1);
    std::vector<float> image;
    for (std::int64_t y = 0; y < across * edge; ++y)
      for (std::int64_t x = 0; x < across * edge; ++x) image.push_back(ndvi_mean(x, y, random));
    return image;
  }();
  return made;
}

std::vector<std::uint16_t> count_image() {
  std::mt19937 random(1);
  std::vector<std::uint16_t> image;
  for (std::int64_t y = 0; y < across * edge; ++y)
    for (std::int64_t x = 0; x < across * edge; ++x)
      image.push_back(static_cast<std::uint16_t>(
          4 + 3 * std::sin(0.011 * double(x)) * std::sin(0.017 * double(y)) +
          (random() % 40 == 0)));
  return image;
}

template <class T>
std::vector<std::vector<T>> tiles_of(const std::vector<T>& image) {
  std::vector<std::vector<T>> tiles;
  for (std::int64_t row = 0; row < across; ++row)
    for (std::int64_t column = 0; column < across; ++column) {
      auto& samples = tiles.emplace_back();
      for (std::int64_t y = 0; y < edge; ++y) {
        const auto from = image.begin() + (row * edge + y) * across * edge + column * edge;
        samples.insert(samples.end(), from, from + edge);
      }
    }
  return tiles;
}

std::string scratch_path() {
  return (std::filesystem::temp_directory_path() /
          ("write_bench." + std::to_string(::getpid()) + ".tif"))
      .string();
}

template <class T>
void put_all(CogWriter& writer, const std::vector<std::vector<T>>& tiles) {
  for (std::int64_t i = 0; i < across * across; ++i)
    writer.put(0, i % across, i / across, tiles[i].data(), false);
}

template <class T>
GDALDataType gdal_type() {
  return sizeof(T) == 2 ? GDT_UInt16 : GDT_Float32;
}

const char* gdal_name(Compression compression) {
  switch (compression) {
    case Compression::deflate:
      return "COMPRESS=DEFLATE";
    case Compression::zstd:
      return "COMPRESS=ZSTD";
    case Compression::lzw:
      return "COMPRESS=LZW";
    default:
      return "COMPRESS=NONE";
  }
}

template <class T>
bool reads_back(const CogSpec& spec, const std::vector<T>& image,
                const std::vector<std::vector<T>>& tiles) {
  CogWriter writer(spec, scratch_path());
  put_all(writer, tiles);
  writer.finish();
  std::unique_ptr<GDALDataset> file(GDALDataset::Open(scratch_path().c_str(), GDAL_OF_RASTER));
  std::vector<T> back(image.size());
  const int side = across * edge;
  const bool read =
      file && file->GetRasterBand(1)->RasterIO(GF_Read, 0, 0, side, side, back.data(), side, side,
                                               gdal_type<T>(), 0, 0, nullptr) == CE_None;
  std::filesystem::remove(scratch_path());
  return read && std::memcmp(back.data(), image.data(), back.size() * sizeof(T)) == 0;
}

// Seconds that GDAL needs to write the image as a tiled GTiff in memory.
template <class T>
double gdal_seconds(const CogSpec& spec, std::vector<T>& image, double& bytes) {
  const std::string predictor = std::is_same_v<T, float> ? "PREDICTOR=3" : "PREDICTOR=2";
  const std::vector<const char*> options = {
      "TILED=YES",
      "BLOCKXSIZE=512",
      "BLOCKYSIZE=512",
      "ZLEVEL=1",
      "ZSTD_LEVEL=1",
      gdal_name(spec.compression),
      spec.compression == Compression::none ? nullptr : predictor.c_str(),
      nullptr};
  const int side = across * edge;
  const double start = thread_seconds();
  {
    GDALDriver* driver = GetGDALDriverManager()->GetDriverByName("GTiff");
    std::unique_ptr<GDALDataset> file(driver->Create(
        "/vsimem/rival.tif", side, side, 1, gdal_type<T>(), const_cast<char**>(options.data())));
    if (file->GetRasterBand(1)->RasterIO(GF_Write, 0, 0, side, side, image.data(), side, side,
                                         gdal_type<T>(), 0, 0, nullptr) != CE_None)
      return 0;
  }
  const double time = thread_seconds() - start;
  vsi_l_offset size = 0;
  VSIGetMemFileBuffer("/vsimem/rival.tif", &size, FALSE);
  VSIUnlink("/vsimem/rival.tif");
  bytes = double(size);
  return time;
}

template <class T>
void write(benchmark::State& state, SampleType type, Compression compression,
           std::vector<T> image) {
  GDALAllRegister();
  const CogSpec spec = make_spec(type, compression);
  const auto tiles = tiles_of(image);
  if (!reads_back(spec, image, tiles))
    return state.SkipWithError("GDAL does not read back what was put");
  double ours = 0, rival = 0, size = 0, rival_size = 0;
  for (auto _ : state) {
    CogWriter writer(spec, scratch_path());
    const double start = thread_seconds();
    put_all(writer, tiles);
    const double time = thread_seconds() - start;
    state.SetIterationTime(time);
    ours += time;
    rival += gdal_seconds(spec, image, rival_size);
    size = double(writer.bytes_written());
  }
  const double bytes = double(image.size() * sizeof(T));
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
  state.counters["ratio_to_gdal"] = rival / ours;
  state.counters["ms_per_tile"] = 1e3 * ours / double(state.iterations() * across * across);
  state.counters["size_with_overviews"] = size / bytes;
  state.counters["gdal_size"] = rival_size / bytes;
}

void write_means(benchmark::State& state, Compression compression) {
  write(state, SampleType::f32, compression, ndvi_image());
}
void write_counts(benchmark::State& state, Compression compression) {
  write(state, SampleType::u16, compression, count_image());
}

// What a run pays for tiles that an earlier one left: read, checked, decoded, folded.
void restore_means(benchmark::State& state, Compression compression) {
  const CogSpec spec = make_spec(SampleType::f32, compression);
  const auto tiles = tiles_of(ndvi_image());
  std::vector<cubemill::StoredTile> stored;
  double putting = 0, restoring = 0;
  for (auto _ : state) {
    stored.clear();
    {
      CogWriter writer(spec, scratch_path(), cubemill::SpoolName::kept);
      const double start = thread_seconds();
      put_all(writer, tiles);
      putting += thread_seconds() - start;
      for (std::int64_t i = 0; i < across * across; ++i)
        stored.push_back(writer.stored(0, i % across, i / across));
    }
    CogWriter writer(spec, scratch_path(), stored);
    const double start = thread_seconds();
    for (const cubemill::StoredTile& tile : stored)
      if (!writer.restore(tile)) state.SkipWithError("a tile is damaged");
    const double time = thread_seconds() - start;
    state.SetIterationTime(time);
    restoring += time;
  }
  std::filesystem::remove(scratch_path() + ".spool");
  state.counters["ratio_to_put"] = putting / restoring;
  state.counters["ms_per_tile"] = 1e3 * restoring / double(state.iterations() * across * across);
}

void write_empty_tiles(benchmark::State& state) {
  const CogSpec spec = make_spec(SampleType::f32, Compression::deflate);
  for (auto _ : state) {
    CogWriter writer(spec, scratch_path());
    for (std::int64_t i = 0; i < across * across; ++i)
      writer.put(0, i % across, i / across, nullptr, true);
  }
  state.SetItemsProcessed(state.iterations() * across * across);
}

void draw_quicklook(benchmark::State& state) {
  const std::vector<float>& image = ndvi_image();
  const CogWriter::Preview preview{across * edge, across * edge, {image, image, image, image}};
  const std::string path = scratch_path() + ".png";
  for (auto _ : state)
    cubemill::write_quicklook(
        path, {"NDVI, mean per season", "", {"DJF", "MAM", "JJA", "SON"}, false, "", 1}, preview);
  std::filesystem::remove(path);
}

#define CUBEMILL_WRITE_BENCH(function)                       \
  BENCHMARK_CAPTURE(function, deflate, Compression::deflate) \
      ->UseManualTime()                                      \
      ->Unit(benchmark::kMillisecond);                       \
  BENCHMARK_CAPTURE(function, zstd, Compression::zstd)       \
      ->UseManualTime()                                      \
      ->Unit(benchmark::kMillisecond);                       \
  BENCHMARK_CAPTURE(function, lzw, Compression::lzw)         \
      ->UseManualTime()                                      \
      ->Unit(benchmark::kMillisecond);                       \
  BENCHMARK_CAPTURE(function, none, Compression::none)       \
      ->UseManualTime()                                      \
      ->Unit(benchmark::kMillisecond)

CUBEMILL_WRITE_BENCH(write_means);
CUBEMILL_WRITE_BENCH(write_counts);
CUBEMILL_WRITE_BENCH(restore_means);
BENCHMARK(write_empty_tiles)->Unit(benchmark::kMillisecond);
BENCHMARK(draw_quicklook)->Unit(benchmark::kMillisecond);

}  // namespace
