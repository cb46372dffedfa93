// The bands of one file that is verified, and how their blocks are read: one by one, or from a
// range of the file that was fetched before. One thread a reader.
#pragma once
#include <memory>
#include <vector>

#include "exec/range_merge.hpp"
#include "exec/verify_reading.hpp"

namespace cubemill {

/// A block of a band, and its place in the order of bands and blocks.
struct BlockToVerify {
  std::int64_t x = 0, y = 0;
  std::uint64_t where = 0;
};

/// Blocks of a band that lie near each other.
struct RangeToVerify {
  const RasterBand* band = nullptr;
  std::uint64_t offset = 0, size = 0;
  std::vector<BlockToVerify> blocks;
};

/// Opens what is to be read of a file.
std::vector<std::unique_ptr<RasterBand>> open_bands(const FileToVerify& file);

/// Cuts a remote band into ranges; sparse blocks are counted, and what no range can bring is added
/// to `alone`. `number`: of the band in its file.
std::vector<RangeToVerify> ranges_of(const RasterBand& band, std::size_t number, Finding& found,
                                     std::vector<BlockToVerify>& alone);

/// Calls `f` with every block of a band.
template <class F>
void for_each_block(const RasterBand& band, std::size_t number, F f) {
  std::uint64_t where = (std::uint64_t(number) << 48) + 1;
  for (std::int64_t y = 0; y < band.info().blocks_down(); ++y)
    for (std::int64_t x = 0; x < band.info().blocks_across(); ++x) f(BlockToVerify{x, y, where++});
}

class BlockVerifier {
 public:
  /// Reads a block with a read of its own, a damaged one of a remote file again.
  void read(const RasterBand& band, BlockToVerify block, Finding& found);
  /// Decodes the blocks of a range that was fetched; where that failed they are read alone, unless
  /// the file cannot be had.
  void decode(const RangeToVerify& range, const RangeAnswer& answer,
              const std::exception_ptr& failure, Finding& found);

 private:
  std::byte* room_for(const RasterBand& band);
  void read_after(int failures, const RasterBand& band, BlockToVerify block, Finding& found);

  ReadScratch scratch_;
  std::vector<std::byte> block_;
};

}  // namespace cubemill
