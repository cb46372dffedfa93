// A TIFF band whose blocks are read and decoded here. Holds the table of its blocks, 12 bytes each.
// Thread-safe: reads share nothing but the file.
#pragma once
#include <array>
#include <span>
#include <string>

#include "cubemill/io/raster.hpp"
#include "io/block_codec.hpp"
#include "io/raw_file.hpp"
#include "io/tiff_blocks.hpp"

namespace cubemill {

class TiffBand final : public RasterBand {
 public:
  /// `fill` is one pixel of a sparse block.
  TiffBand(std::string path, RasterInfo info, TiffBlocks blocks, std::array<std::byte, 8> fill,
           std::string version = {});

  void read_block(std::int64_t block_x, std::int64_t block_y, std::byte* out,
                  std::ptrdiff_t row_stride, ReadScratch& scratch, ReadCost& cost) const override;
  std::optional<BlockPlace> block_place(std::int64_t block_x, std::int64_t block_y) const override;
  void decode_block(std::int64_t block_x, std::int64_t block_y, std::span<const std::byte> bytes,
                    std::byte* out, std::ptrdiff_t row_stride, ReadScratch& scratch,
                    ReadCost& cost) const override;

 private:
  struct Place {
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
  };

  Place place(std::int64_t block_x, std::int64_t block_y) const;
  std::size_t rows_of(std::int64_t block_y) const;
  void fill_block(std::byte* out, std::ptrdiff_t row_stride) const;
  std::size_t stored_bytes(Place place, std::size_t rows) const;
  std::span<const std::byte> read_bytes(Place place, std::size_t rows, ReadScratch& scratch,
                                        ReadCost& cost) const;
  template <class Bytes>
  void decode_from(std::int64_t block_x, std::int64_t block_y, const Bytes& bytes, std::byte* out,
                   std::ptrdiff_t row_stride, ReadScratch& scratch, ReadCost& cost) const;
  void decode(std::span<const std::byte> bytes, std::size_t rows, std::byte* out,
              std::ptrdiff_t row_stride, ReadScratch& scratch) const;

  TiffBlocks blocks_;
  BlockShape block_;
  std::array<std::byte, 8> fill_;
  RawFile file_;
};

}  // namespace cubemill
