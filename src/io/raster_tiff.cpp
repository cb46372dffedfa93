#include "io/raster_tiff.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "cubemill/base/error.hpp"
#include "io/read_failure.hpp"
#include "io/read_scratch.hpp"
#include "io/thread_clock.hpp"

namespace cubemill {

TiffBand::TiffBand(std::string path, RasterInfo info, TiffBlocks blocks,
                   std::array<std::byte, 8> fill, std::string version)
    : RasterBand(path, std::move(info), std::move(version)),
      blocks_(std::move(blocks)),
      block_{std::size_t(this->info().block_width), std::size_t(this->info().block_height),
             size_of(this->info().type)},
      fill_(fill),
      file_(std::move(path)) {}

TiffBand::Place TiffBand::place(std::int64_t block_x, std::int64_t block_y) const {
  assert(block_x >= 0 && block_x < info().blocks_across());
  assert(block_y >= 0 && block_y < info().blocks_down());
  const auto index = std::size_t(block_y * info().blocks_across() + block_x);
  return {blocks_.offsets[index], blocks_.sizes[index]};
}

std::optional<BlockPlace> TiffBand::block_place(std::int64_t block_x, std::int64_t block_y) const {
  const Place at = place(block_x, block_y);
  return BlockPlace{at.offset, at.size};
}

std::size_t TiffBand::rows_of(std::int64_t block_y) const {
  if (!blocks_.strips) return block_.rows;
  return std::min(block_.rows, std::size_t(info().grid.height - block_y * info().block_height));
}

void TiffBand::fill_block(std::byte* out, std::ptrdiff_t row_stride) const {
  for (std::size_t x = 0; x < block_.width; ++x)
    std::memcpy(out + x * block_.sample_bytes, fill_.data(), block_.sample_bytes);
  for (std::size_t row = 1; row < block_.rows; ++row)
    std::memcpy(out + std::ptrdiff_t(row) * row_stride, out, block_.row_bytes());
}

// Memory and network are not spent on a damaged number.
std::size_t TiffBand::stored_bytes(Place place, std::size_t rows) const {
  if (place.offset == 0 || place.size == 0)
    throw ReadFailure("the block table is damaged: offset and size must both be 0 or neither");
  if (!blocks_.deflate) {
    const std::size_t needed = rows * block_.row_bytes();
    if (place.size < needed)
      throw ReadFailure("the block needs " + std::to_string(needed) +
                        " bytes: the file is damaged");
    return needed;
  }
  // DEFLATE never grows data by more than a fraction.
  if (place.size > 2 * block_.bytes() + (std::size_t(1) << 20))
    throw ReadFailure("that size cannot be: the file is damaged");
  return place.size;
}

std::span<const std::byte> TiffBand::read_bytes(Place place, std::size_t rows, ReadScratch& scratch,
                                                ReadCost& cost) const {
  const std::size_t size = stored_bytes(place, rows);
  std::byte* bytes = scratch.state().compressed.at_least(size);
  const std::uint64_t start = thread_nanoseconds();
  file_.read(place.offset, bytes, size);
  cost.nanoseconds_reading += thread_nanoseconds() - start;
  ++cost.requests;
  cost.bytes_read += size;
  return {bytes, size};
}

void TiffBand::decode(std::span<const std::byte> bytes, std::size_t rows, std::byte* out,
                      std::ptrdiff_t row_stride, ReadScratch& scratch) const {
  BlockShape shape = block_;
  shape.rows = rows;
  if (!blocks_.deflate) return copy_rows(bytes.data(), shape, out, row_stride);
  const bool whole =
      row_stride == std::ptrdiff_t(block_.row_bytes());  // then no second buffer is needed
  std::byte* plain = whole ? out : scratch.state().decoded.at_least(block_.bytes());
  const std::size_t size = scratch.state().inflater.inflate(bytes, {plain, block_.bytes()});
  if (size != shape.bytes() && size != block_.bytes())  // some writers fill the last strip up
    throw ReadFailure("it inflates to " + std::to_string(size) + " bytes instead of " +
                      std::to_string(shape.bytes()) + ": the file is damaged, fetch it again");
  if (blocks_.difference)
    undo_difference(plain, shape, out, row_stride);
  else if (!whole)
    copy_rows(plain, shape, out, row_stride);
}

template <class Bytes>
void TiffBand::decode_from(std::int64_t block_x, std::int64_t block_y, const Bytes& bytes,
                           std::byte* out, std::ptrdiff_t row_stride, ReadScratch& scratch,
                           ReadCost& cost) const {
  const Place at = place(block_x, block_y);
  if (at.offset == 0 && at.size == 0) return fill_block(out, row_stride);
  const std::size_t rows = rows_of(block_y);
  try {
    const std::span<const std::byte> stored = bytes(at, rows);
    const std::uint64_t start = thread_nanoseconds();
    decode(stored, rows, out, row_stride, scratch);
    cost.nanoseconds_decoding += thread_nanoseconds() - start;
    cost.bytes_decoded += rows * block_.row_bytes();
  } catch (const ReadFailure& failure) {
    throw IoError(path(), "block (" + std::to_string(block_x) + ", " + std::to_string(block_y) +
                              "), " + std::to_string(at.size) + " bytes at byte " +
                              std::to_string(at.offset) + ": " + failure.what());
  }
}

void TiffBand::read_block(std::int64_t block_x, std::int64_t block_y, std::byte* out,
                          std::ptrdiff_t row_stride, ReadScratch& scratch, ReadCost& cost) const {
  const auto read = [&](Place at, std::size_t rows) { return read_bytes(at, rows, scratch, cost); };
  decode_from(block_x, block_y, read, out, row_stride, scratch, cost);
}

void TiffBand::decode_block(std::int64_t block_x, std::int64_t block_y,
                            std::span<const std::byte> bytes, std::byte* out,
                            std::ptrdiff_t row_stride, ReadScratch& scratch, ReadCost& cost) const {
  const auto given = [&](Place at, std::size_t rows) {
    const std::size_t size = stored_bytes(at, rows);
    if (bytes.size() < size) throw ReadFailure("only " + std::to_string(bytes.size()) + " of them");
    return bytes.first(size);
  };
  decode_from(block_x, block_y, given, out, row_stride, scratch, cost);
}

}  // namespace cubemill
