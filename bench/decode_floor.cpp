// The decode floor of an archive: CPU seconds of one thread for every block of the files at full
// resolution, decoded once by libdeflate and the predictor's running sum, and nothing else. Files
// are read into memory before the clock starts; only files of 16 bits with DEFLATE and predictor 2.
// Usage: decode_floor FILE…      prints one JSON line
#include <gdal_priv.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "bare_decode.hpp"

namespace {

struct Block {
  std::size_t offset = 0, size = 0;
};

struct File {
  std::vector<char> bytes;
  std::vector<Block> blocks;
  int width = 0, height = 0;  // of a block
};

struct Floor {
  std::size_t blocks = 0, bytes_read = 0, bytes_decoded = 0;
  double seconds = 0;
  std::uint64_t checksum = 0;  // keeps the decoded pixels in use
};

// 0 where the file has no such block.
std::size_t place(GDALRasterBand& band, const char* what, int x, int y) {
  const char* const text = band.GetMetadataItem(CPLSPrintf("BLOCK_%s_%d_%d", what, x, y), "TIFF");
  return text ? std::size_t(std::strtoull(text, nullptr, 10)) : 0;
}

void check_format(GDALDataset& dataset, const std::string& path) {
  const char* const codec = dataset.GetMetadataItem("COMPRESSION", "IMAGE_STRUCTURE");
  const char* const predictor = dataset.GetMetadataItem("PREDICTOR", "IMAGE_STRUCTURE");
  if (dataset.GetRasterBand(1)->GetRasterDataType() != GDT_UInt16 || !codec ||
      std::string(codec) != "DEFLATE" || (predictor && std::string(predictor) != "2"))
    throw std::runtime_error(path + ": not 16 bits with DEFLATE and predictor 2");
}

File load(const std::string& path) {
  GDALDatasetUniquePtr dataset(GDALDataset::Open(path.c_str(), GDAL_OF_RASTER));
  if (!dataset) throw std::runtime_error(path + ": cannot be opened as a raster");
  check_format(*dataset, path);
  File file;
  GDALRasterBand& band = *dataset->GetRasterBand(1);
  band.GetBlockSize(&file.width, &file.height);
  for (int y = 0; y * file.height < band.GetYSize(); ++y)
    for (int x = 0; x * file.width < band.GetXSize(); ++x)
      if (const Block block{place(band, "OFFSET", x, y), place(band, "SIZE", x, y)}; block.size)
        file.blocks.push_back(block);
  std::ifstream in(path, std::ios::binary);
  file.bytes.assign(std::istreambuf_iterator<char>(in), {});
  return file;
}

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

void decode(const File& file, const std::string& path, Floor& floor) {
  cubemill::bench::BareDecoder decoder;
  std::vector<std::uint16_t> pixels(std::size_t(file.width) * std::size_t(file.height));
  const double start = thread_seconds();
  for (const Block& block : file.blocks) {
    if (block.offset + block.size > file.bytes.size() ||
        !decoder.decode(&file.bytes[block.offset], block.size, pixels.data(), file.width,
                        file.height))
      throw std::runtime_error(path + ": a block is cut short or corrupt");
    floor.checksum += pixels.back();
    floor.bytes_read += block.size;
  }
  floor.seconds += thread_seconds() - start;
  floor.blocks += file.blocks.size();
  floor.bytes_decoded += file.blocks.size() * pixels.size() * 2;
}

}  // namespace

int main(int count, char** paths) try {
  if (count < 2) throw std::runtime_error("name the files to decode");
  GDALAllRegister();
  Floor floor;
  for (int i = 1; i < count; ++i) decode(load(paths[i]), paths[i], floor);
  std::printf(
      "{\"blocks\": %zu, \"bytes_read\": %zu, \"bytes_decoded\": %zu, \"cpu_seconds\": %.3f, "
      "\"checksum\": %llu}\n",
      floor.blocks, floor.bytes_read, floor.bytes_decoded, floor.seconds,
      static_cast<unsigned long long>(floor.checksum));
  return 0;
} catch (const std::exception& wrong) {
  std::fprintf(stderr, "decode_floor: %s\n", wrong.what());
  return 1;
}
