// The decode floor of an archive: CPU seconds of one thread for every block of the files at full
// resolution, decoded once by libdeflate and the predictor's running sum, and nothing else. Files
// are read into memory before the clock starts; only files of 16 bits with DEFLATE and predictor 2.
// With --ours each block is also read by RasterBand::read_block, in turns with the floor, and the
// pixels are compared.
// Usage: decode_floor [--ours] FILE…      prints one JSON line
#include <time.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bare_blocks.hpp"
#include "bare_decode.hpp"
#include "cubemill/io/raster.hpp"

namespace {

using cubemill::bench::Block;

struct File {
  std::vector<char> bytes;
  cubemill::bench::Blocks blocks;
};

struct Floor {
  std::size_t blocks = 0, bytes_read = 0, bytes_decoded = 0;
  double seconds = 0;
  double our_seconds = 0;
  std::uint64_t checksum = 0;  // keeps the decoded pixels in use
};

File load(const std::string& path) {
  File file{{}, cubemill::bench::blocks_of(path)};
  std::ifstream in(path, std::ios::binary);
  file.bytes.assign(std::istreambuf_iterator<char>(in), {});
  return file;
}

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

// What the program itself takes, reading included.
class Ours {
 public:
  explicit Ours(const std::string& path) : band_(cubemill::open_raster(path, 1)) {}

  double seconds(const Block& block, const std::vector<std::uint16_t>& expected) {
    pixels_.resize(expected.size());
    const double start = thread_seconds();
    band_->read_block(block.x, block.y, reinterpret_cast<std::byte*>(pixels_.data()),
                      band_->info().block_width * 2, scratch_, cost_);
    const double taken = thread_seconds() - start;
    if (std::memcmp(pixels_.data(), expected.data(), expected.size() * 2) != 0)
      throw std::runtime_error(band_->path() + ": two decoders give two answers");
    return taken;
  }

 private:
  std::unique_ptr<cubemill::RasterBand> band_;
  cubemill::ReadScratch scratch_;
  cubemill::ReadCost cost_;
  std::vector<std::uint16_t> pixels_;
};

void decode(const File& file, const std::string& path, Ours* ours, Floor& floor) {
  cubemill::bench::BareDecoder decoder;
  const auto& [blocks, width, height] = file.blocks;
  std::vector<std::uint16_t> pixels(std::size_t(width) * std::size_t(height));
  for (const Block& block : blocks) {
    const double start = thread_seconds();
    if (block.offset + block.size > file.bytes.size() ||
        !decoder.decode(&file.bytes[block.offset], block.size, pixels.data(), width, height))
      throw std::runtime_error(path + ": a block is cut short or corrupt");
    floor.seconds += thread_seconds() - start;
    if (ours) floor.our_seconds += ours->seconds(block, pixels);
    floor.checksum += pixels.back();
    floor.bytes_read += block.size;
  }
  floor.blocks += blocks.size();
  floor.bytes_decoded += blocks.size() * pixels.size() * 2;
}

}  // namespace

int main(int count, char** arguments) try {
  std::vector<std::string> paths(arguments + 1, arguments + count);
  const bool compare = !paths.empty() && paths.front() == "--ours";
  if (compare) paths.erase(paths.begin());
  if (paths.empty()) throw std::runtime_error("name the files to decode");
  cubemill::initialise_gdal(16 << 20);
  Floor floor;
  for (const std::string& path : paths) {
    const auto ours = compare ? std::make_unique<Ours>(path) : nullptr;
    decode(load(path), path, ours.get(), floor);
  }
  std::printf(
      "{\"blocks\": %zu, \"bytes_read\": %zu, \"bytes_decoded\": %zu, \"cpu_seconds\": %.3f, "
      "\"checksum\": %llu",
      floor.blocks, floor.bytes_read, floor.bytes_decoded, floor.seconds,
      static_cast<unsigned long long>(floor.checksum));
  if (compare)
    std::printf(", \"our_cpu_seconds\": %.3f, \"ratio\": %.3f", floor.our_seconds,
                floor.our_seconds / floor.seconds);
  std::printf("}\n");
  return 0;
} catch (const std::exception& wrong) {
  std::fprintf(stderr, "decode_floor: %s\n", wrong.what());
  return 1;
}
