// Decoding Landsat-like blocks (predictor 2, 256×256 uint16) through RasterBand::read_block,
// against a rival over the same bytes, already in memory: for DEFLATE a bare loop of libdeflate and
// an AVX2 running sum, for ZSTD the same with libzstd, for LZW libtiff's own decoder. Answers are
// checked.
#include <cpl_string.h>
#include <gdal_priv.h>
#include <ogr_spatialref.h>
#include <tiffio.h>
#include <unistd.h>
#include <zstd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "bare_decode.hpp"
#include "cubemill/io/raster.hpp"
#include "in_turns.hpp"

namespace {

using namespace cubemill;
using bench::seconds;

constexpr int edge = 256, across = 8, blocks = across * across;
constexpr std::size_t block_bytes = std::size_t(edge) * edge * 2;

struct Packed {
  std::uint64_t offset = 0;
  std::size_t size = 0;
};

// The archive: one file of 64 blocks that compress about as reflectance does (1.7 : 1), its bytes,
// and its pixels.
struct Archive {
  std::string path;
  std::vector<char> bytes;
  std::vector<Packed> places;
  std::vector<std::uint16_t> pixels;  // block after block
  std::unique_ptr<RasterBand> band;
};

std::vector<std::uint16_t> reflectance(int width) {
  std::mt19937 random(1);
  std::normal_distribution<double> noise(0, 60);
  std::vector<std::uint16_t> image(std::size_t(width) * width);
  for (int y = 0; y < width; ++y)
    for (int x = 0; x < width; ++x) {
      const double smooth = 9000 + 1500 * std::sin(x / 37.0) * std::cos(y / 51.0);
      image[std::size_t(y) * width + x] = std::uint16_t(smooth + noise(random));
    }
  return image;
}

void write_file(const std::string& path, const std::string& coding) {
  const int width = edge * across;
  std::vector<std::uint16_t> image = reflectance(width);
  CPLStringList options;
  options.SetNameValue("TILED", "YES");
  options.SetNameValue("COMPRESS", coding.c_str());
  options.SetNameValue("PREDICTOR", "2");
  GDALDriver* driver = GetGDALDriverManager()->GetDriverByName("GTiff");
  GDALDatasetUniquePtr file(
      driver->Create(path.c_str(), width, width, 1, GDT_UInt16, options.List()));
  OGRSpatialReference crs;
  crs.importFromEPSG(32618);
  double transform[6] = {399975, 30, 0, 4500015, 0, -30};
  if (!file || file->SetSpatialRef(&crs) != CE_None ||
      file->SetGeoTransform(transform) != CE_None ||
      file->GetRasterBand(1)->RasterIO(GF_Write, 0, 0, width, width, image.data(), width, width,
                                       GDT_UInt16, 0, 0, nullptr) != CE_None)
    throw std::runtime_error("cannot make " + path);
}

void find_places(Archive& archive) {
  GDALDatasetUniquePtr file(GDALDataset::Open(archive.path.c_str()));
  const auto item = [&](const char* name, int x, int y) {
    return std::stoull(
        file->GetRasterBand(1)->GetMetadataItem(CPLSPrintf("BLOCK_%s_%d_%d", name, x, y), "TIFF"));
  };
  archive.pixels.resize(blocks * block_bytes / 2);
  for (int y = 0; y < across; ++y)
    for (int x = 0; x < across; ++x) {
      std::uint16_t* block = &archive.pixels[archive.places.size() * block_bytes / 2];
      archive.places.push_back({item("OFFSET", x, y), std::size_t(item("SIZE", x, y))});
      if (file->GetRasterBand(1)->ReadBlock(x, y, block) != CE_None)
        throw std::runtime_error("unreadable");
    }
}

struct TemporaryFile {
  explicit TemporaryFile(const std::string& name)
      : path((std::filesystem::temp_directory_path() /
              ("decode_bench." + std::to_string(::getpid()) + "." + name))
                 .string()) {}
  ~TemporaryFile() { std::filesystem::remove(path); }
  std::string path;
};

Archive make_archive(const std::string& coding, const std::string& path) {
  initialise_gdal(16 << 20);
  Archive result;
  result.path = path;
  write_file(result.path, coding);
  find_places(result);
  std::ifstream in(result.path, std::ios::binary);
  result.bytes.assign(std::istreambuf_iterator<char>(in), {});
  result.band = open_raster(result.path, 1);
  if (!result.band->info().direct) throw std::runtime_error("the file should be decoded directly");
  return result;
}

// Made when first asked for.
Archive& archive(const std::string& coding) {
  static std::map<std::string, std::unique_ptr<TemporaryFile>> files;
  static std::map<std::string, Archive> made;
  const auto found = made.find(coding);
  if (found != made.end()) return found->second;
  auto& file = files[coding] = std::make_unique<TemporaryFile>(coding);
  return made.emplace(coding, make_archive(coding, file->path)).first->second;
}

// The least that decodes a block; false when it cannot.
struct Rival {
  virtual ~Rival() = default;
  virtual bool decode(const Archive& from, int block, std::uint16_t* out) = 0;
};

struct BareDeflate final : Rival {
  bench::BareDecoder decoder;

  bool decode(const Archive& from, int block, std::uint16_t* out) override {
    const Packed& place = from.places[std::size_t(block)];
    return decoder.decode(&from.bytes[place.offset], place.size, out, edge, edge);
  }
};

struct BareZstd final : Rival {
  ZSTD_DCtx* const decoder = ZSTD_createDCtx();
  ~BareZstd() override { ZSTD_freeDCtx(decoder); }

  bool decode(const Archive& from, int block, std::uint16_t* out) override {
    const Packed& place = from.places[std::size_t(block)];
    if (ZSTD_decompressDCtx(decoder, out, block_bytes, &from.bytes[place.offset], place.size) !=
        block_bytes)
      return false;
    bench::undo_predictor_best(out, edge, edge);
    return true;
  }
};

// libtiff's decoder of a file that is open, given the bytes of a tile.
struct LibtiffDecoder final : Rival {
  TIFF* tiff = nullptr;
  ~LibtiffDecoder() override {
    if (tiff) TIFFClose(tiff);
  }

  bool decode(const Archive& from, int block, std::uint16_t* out) override {
    if (!tiff) tiff = TIFFOpen(from.path.c_str(), "r");
    const Packed& place = from.places[std::size_t(block)];
    return tiff && TIFFReadFromUserBuffer(tiff, std::uint32_t(block),
                                          const_cast<char*>(&from.bytes[place.offset]),
                                          tmsize_t(place.size), out, tmsize_t(block_bytes)) == 1;
  }
};

std::unique_ptr<Rival> rival_for(const std::string& coding) {
  if (coding == "DEFLATE") return std::make_unique<BareDeflate>();
  if (coding == "ZSTD") return std::make_unique<BareZstd>();
  return std::make_unique<LibtiffDecoder>();
}

struct Ours {
  ReadScratch scratch;
  ReadCost cost;

  void decode(const Archive& from, int block, std::byte* out, std::ptrdiff_t stride) {
    from.band->read_block(block % across, block / across, out, stride, scratch, cost);
  }
};

bool same(const Archive& expected, int block, const void* pixels) {
  return std::memcmp(&expected.pixels[std::size_t(block) * block_bytes / 2], pixels, block_bytes) ==
         0;
}

void count_bytes(benchmark::State& state) {
  state.SetBytesProcessed(std::int64_t(state.iterations()) * blocks * std::int64_t(block_bytes));
}

// Rows either without gaps or apart, as in a window of several blocks.
void read_block(benchmark::State& state) {
  const Archive& from = archive("DEFLATE");
  Ours ours;
  const auto stride = std::ptrdiff_t(state.range(0));
  std::vector<std::byte> out(std::size_t(stride) * edge);
  for (auto _ : state)
    for (int block = 0; block < blocks; ++block) ours.decode(from, block, out.data(), stride);
  for (int y = 0; y < edge; ++y)
    std::memmove(&out[std::size_t(y) * edge * 2], &out[std::size_t(y * stride)], edge * 2);
  if (!same(from, blocks - 1, out.data())) state.SkipWithError("wrong pixels");
  count_bytes(state);
}

// Both in turns, so that a busy machine hits both alike: the ratio of CPU times, reading included
// on our side only.
void read_block_over_rival(benchmark::State& state, const std::string& coding) {
  const Archive& from = archive(coding);
  const std::unique_ptr<Rival> rival = rival_for(coding);
  Ours ours;
  std::vector<std::uint16_t> out(block_bytes / 2);
  double rival_time = 0, our_time = 0;
  for (auto _ : state)
    for (int block = 0; block < blocks; ++block) {
      bool decoded = false;
      rival_time += seconds([&] { decoded = rival->decode(from, block, out.data()); });
      if (!decoded || !same(from, block, out.data()))
        return state.SkipWithError("the rival gave wrong pixels");
      std::fill(out.begin(), out.end(), std::uint16_t(0));
      our_time += seconds(
          [&] { ours.decode(from, block, reinterpret_cast<std::byte*>(out.data()), edge * 2); });
      if (!same(from, block, out.data())) return state.SkipWithError("wrong pixels");
    }
  const double gib = double(state.iterations()) * blocks * double(block_bytes) / double(1 << 30);
  state.counters["ratio"] = our_time / rival_time;
  state.counters["decode_only_ratio"] = 1e-9 * double(ours.cost.nanoseconds_decoding) / rival_time;
  state.counters["rival_cpu_s_per_GiB"] = rival_time / gib;
  state.counters["our_cpu_s_per_GiB"] = our_time / gib;
}

// What opening costs: GDAL's reading of the header, ours, and the table of blocks.
void open_header(benchmark::State& state) {
  const Archive& from = archive("DEFLATE");
  for (auto _ : state)
    if (!open_raster(from.path, 1)->info().direct)
      return state.SkipWithError("the file should be decoded directly");
}

BENCHMARK(read_block)
    ->Arg(edge * 2)
    ->Arg(edge * 8 + 64)
    ->ArgName("stride")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read_block_over_rival, deflate, std::string("DEFLATE"))
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read_block_over_rival, zstd, std::string("ZSTD"))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read_block_over_rival, lzw, std::string("LZW"))->Unit(benchmark::kMillisecond);
BENCHMARK(open_header)->Unit(benchmark::kMicrosecond);

}  // namespace
