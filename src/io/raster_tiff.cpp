#include "io/raster_tiff.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "cubemill/base/error.hpp"
#include "io/pixel_interleave.hpp"
#include "io/read_failure.hpp"
#include "io/read_scratch.hpp"
#include "io/thread_clock.hpp"

namespace cubemill {

TiffBand::TiffBand(std::string path, RasterInfo info, HeaderProfile profile, TiffBlocks blocks,
                   std::array<std::byte, 8> fill, std::shared_ptr<const ByteSource> file,
                   std::string version, std::vector<TiffBlocks> overviews)
    : RasterBand(std::move(path), std::move(info), std::move(profile), std::move(version)),
      blocks_(std::move(blocks)),
      block_{std::size_t(this->info().block_width), std::size_t(this->info().block_height),
             size_of(this->info().type)},
      fill_(fill),
      file_(std::move(file)),
      overviews_(std::move(overviews)) {
  assert(overviews_.size() == this->info().overviews.size());
}

std::unique_ptr<RasterBand> TiffBand::at_level(std::size_t level) const {
  return std::make_unique<TiffBand>(path(), info_at_level(info(), level), profile(),
                                    level == 0 ? blocks_ : overviews_.at(level - 1), fill_, file_,
                                    version());
}

BlockPlace TiffBand::place(std::int64_t block_x, std::int64_t block_y) const {
  assert(block_x >= 0 && block_x < info().blocks_across());
  assert(block_y >= 0 && block_y < info().blocks_down());
  return blocks_.table[std::size_t(block_y * info().blocks_across() + block_x)];
}

// A block that is not sparse, with what lies around it.
BlockPlace TiffBand::framed(BlockPlace block) const {
  if (!blocks_.framed || block.size == 0 || block.offset < frame_before) return block;
  return {block.offset - frame_before, frame_before + block.size + frame_behind};
}

std::optional<BlockPlace> TiffBand::block_place(std::int64_t block_x, std::int64_t block_y) const {
  return framed(place(block_x, block_y));
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

// Some writers fill the last strip up.
void TiffBand::check_length(std::size_t size, std::size_t rows) const {
  const std::size_t row = block_.row_bytes() * blocks_.samples_in_pixel;
  if (size == rows * row || size == block_.rows * row) return;
  throw ReadFailure("it holds " + std::to_string(size) + " bytes of pixels instead of " +
                    std::to_string(rows * row) + ": the file is damaged, fetch it again");
}

// Memory and network are not spent on a damaged number.
void TiffBand::check_place(BlockPlace place, std::size_t rows) const {
  if (place.offset == 0 || place.size == 0)
    throw ReadFailure("the block table is damaged: offset and size must both be 0 or neither");
  if (blocks_.framed && place.offset < frame_before)
    throw ReadFailure("the block table is damaged: no block can be there");
  if (blocks_.coding == BlockCoding::stored) return check_length(place.size, rows);
  // No coding grows data beyond twice their size; LZW by a half at most.
  if (place.size > 2 * block_.bytes() * blocks_.samples_in_pixel + (std::size_t(1) << 20))
    throw ReadFailure("that size cannot be: the file is damaged");
}

std::span<const std::byte> TiffBand::without_frame(std::span<const std::byte> bytes) const {
  if (!blocks_.framed) return bytes;
  const std::size_t size = bytes.size() - frame_before - frame_behind;
  const auto block = bytes.subspan(frame_before, size);
  std::size_t leader = 0;
  for (std::size_t i = 0; i < frame_before; ++i) leader |= std::size_t(bytes[i]) << 8 * i;
  if (leader != size)
    throw ReadFailure("the size before it says " + std::to_string(leader) +
                      ": the file is damaged, fetch it again");
  std::array<std::byte, frame_behind> last{};
  const std::size_t repeated = std::min(size, last.size());
  std::copy_n(block.end() - std::ptrdiff_t(repeated), repeated, last.begin());
  if (!std::equal(last.begin(), last.end(), block.end()))
    throw ReadFailure(
        "its last bytes are not repeated behind it: the file is damaged, fetch it again");
  return block;
}

// All samples of the block as they were before they were compressed: in `direct` where that is
// given, else in the scratch; stored ones where they are.
const std::byte* TiffBand::plain_bytes(std::span<const std::byte> stored, std::size_t rows,
                                       std::byte* direct, ReadScratch& scratch) const {
  if (blocks_.coding == BlockCoding::stored) return stored.data();
  const std::size_t most = block_.bytes() * blocks_.samples_in_pixel;
  std::byte* const plain = direct ? direct : scratch.state().decoded.at_least(most);
  check_length(scratch.state().decoder.decode(blocks_.coding, stored, {plain, most}), rows);
  return plain;
}

void TiffBand::decode(std::span<const std::byte> stored, std::size_t rows, std::byte* out,
                      std::ptrdiff_t row_stride, ReadScratch& scratch) const {
  BlockShape shape = block_;
  shape.rows = rows;
  const bool floating = blocks_.floating;
  const bool by_pixel = blocks_.samples_in_pixel > 1;
  // Then no second buffer is needed.
  const bool direct = row_stride == std::ptrdiff_t(block_.row_bytes()) && !floating && !by_pixel;
  const std::byte* plain = plain_bytes(stored, rows, direct ? out : nullptr, scratch);
  std::byte* const decoded = direct ? nullptr : scratch.state().decoded.at_least(block_.bytes());
  if (by_pixel) {
    const std::size_t unit = floating ? 1 : shape.sample_bytes;
    take_sample(plain, shape.bytes() / unit, unit, blocks_.samples_in_pixel, blocks_.sample,
                decoded);
    plain = decoded;
  }
  if (floating)
    undo_floating(decoded, shape, out, row_stride);
  else
    undo_samples(plain, shape, blocks_.samples, out, row_stride);
}

template <class Bytes>
void TiffBand::decode_from(std::int64_t block_x, std::int64_t block_y, const Bytes& bytes,
                           std::byte* out, std::ptrdiff_t row_stride, ReadScratch& scratch,
                           ReadCost& cost) const {
  const BlockPlace at = place(block_x, block_y);
  if (at.offset == 0 && at.size == 0) return fill_block(out, row_stride);
  const std::size_t rows = rows_of(block_y);
  try {
    check_place(at, rows);
    const std::span<const std::byte> stored = bytes(framed(at));
    const std::uint64_t start = thread_nanoseconds();
    decode(without_frame(stored), rows, out, row_stride, scratch);
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
  const auto read = [&](BlockPlace at) {
    std::byte* const bytes = scratch.state().compressed.at_least(at.size);
    const std::uint64_t start = thread_nanoseconds();
    file_->read(at.offset, bytes, at.size);
    cost.nanoseconds_reading += thread_nanoseconds() - start;
    ++cost.requests;
    cost.bytes_read += at.size;
    return std::span<const std::byte>(bytes, at.size);
  };
  decode_from(block_x, block_y, read, out, row_stride, scratch, cost);
}

void TiffBand::decode_block(std::int64_t block_x, std::int64_t block_y,
                            std::span<const std::byte> bytes, std::byte* out,
                            std::ptrdiff_t row_stride, ReadScratch& scratch, ReadCost& cost) const {
  const auto given = [&](BlockPlace at) {
    if (bytes.size() != at.size)
      throw ReadFailure("fetched were " + std::to_string(bytes.size()) + " bytes instead of " +
                        std::to_string(at.size));
    return bytes;
  };
  decode_from(block_x, block_y, given, out, row_stride, scratch, cost);
}

}  // namespace cubemill
