// A TIFF band whose blocks are decoded here, from its own source of bytes or from bytes that were
// fetched before. Holds the table of its blocks. Thread-safe: reads share nothing but the source.
#pragma once
#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cubemill/io/byte_source.hpp"
#include "cubemill/io/raster.hpp"
#include "io/tiff_blocks.hpp"

namespace cubemill {

class TiffBand final : public RasterBand {
 public:
  /// `fill` is one pixel of a sparse block. `overviews` are those of `info`.
  TiffBand(std::string path, RasterInfo info, HeaderProfile profile, TiffBlocks blocks,
           std::array<std::byte, 8> fill, std::shared_ptr<const ByteSource> file,
           std::string version = {}, std::vector<TiffBlocks> overviews = {});

  void read_block(std::int64_t block_x, std::int64_t block_y, std::byte* out,
                  std::ptrdiff_t row_stride, ReadScratch& scratch, ReadCost& cost) const override;
  std::optional<BlockPlace> block_place(std::int64_t block_x, std::int64_t block_y) const override;
  void decode_block(std::int64_t block_x, std::int64_t block_y, std::span<const std::byte> bytes,
                    std::byte* out, std::ptrdiff_t row_stride, ReadScratch& scratch,
                    ReadCost& cost) const override;
  std::unique_ptr<RasterBand> at_level(std::size_t level) const override;

 private:
  BlockPlace place(std::int64_t block_x, std::int64_t block_y) const;
  BlockPlace framed(BlockPlace block) const;
  std::size_t rows_of(std::int64_t block_y) const;
  void fill_block(std::byte* out, std::ptrdiff_t row_stride) const;
  void check_place(BlockPlace place, std::size_t rows) const;
  template <class Bytes>
  void decode_from(std::int64_t block_x, std::int64_t block_y, const Bytes& bytes, std::byte* out,
                   std::ptrdiff_t row_stride, ReadScratch& scratch, ReadCost& cost) const;
  std::span<const std::byte> without_frame(std::span<const std::byte> bytes) const;
  void check_length(std::size_t size, std::size_t rows) const;
  const std::byte* plain_bytes(std::span<const std::byte> stored, std::size_t rows,
                               std::byte* direct, ReadScratch& scratch) const;
  void decode(std::span<const std::byte> stored, std::size_t rows, std::byte* out,
              std::ptrdiff_t row_stride, ReadScratch& scratch) const;

  TiffBlocks blocks_;
  BlockShape block_;  // of the band alone
  std::array<std::byte, 8> fill_;
  std::shared_ptr<const ByteSource> file_;
  std::vector<TiffBlocks> overviews_;
};

}  // namespace cubemill
