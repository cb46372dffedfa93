// Where the blocks of one band lie in its file: 4 bytes a block where they follow each other, as in
// every COG, else 12. Immutable once made.
#pragma once
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "cubemill/io/raster.hpp"

namespace cubemill {

/// Bytes that GDAL's COGs put around each block: its size before, its last 4 bytes again behind.
inline constexpr std::uint32_t frame_before = 4, frame_behind = 4;

class BlockTable {
 public:
  BlockTable() = default;
  /// `sizes` and `offsets` of each block, row-major; both 0: the block is sparse.
  BlockTable(const std::vector<std::uint64_t>& offsets, std::vector<std::uint32_t> sizes);

  BlockPlace operator[](std::size_t block) const;
  std::size_t size() const { return sizes_.size(); }
  /// Tells whether offsets follow from sizes and need not be kept.
  bool contiguous() const { return offsets_.size() < sizes_.size(); }
  /// Bytes of all blocks, as the file holds them.
  std::uint64_t stored_bytes() const {
    return std::accumulate(sizes_.begin(), sizes_.end(), std::uint64_t(0));
  }
  /// Bytes that are kept.
  std::size_t memory() const;

 private:
  std::vector<std::uint32_t> sizes_;
  std::vector<std::uint64_t> offsets_;  // of every block, or of the first of each group
  std::uint32_t gap_ = 0;               // between two blocks that follow each other
};

/// What a file says of its own blocks (GDAL's structural metadata).
struct LayoutClaims {
  bool framed = false;    ///< frames lie around the blocks
  bool in_order = false;  ///< each block lies behind the one before
};

/// Tells what is wrong with a table, for a file of `file_size` bytes: half an entry, blocks beyond
/// the end, blocks that overlap, blocks out of the order that the file claims. Empty where nothing
/// is.
std::string fault_of_table(const std::vector<std::uint64_t>& offsets,
                           const std::vector<std::uint32_t>& sizes, std::uint64_t file_size,
                           LayoutClaims claims);

}  // namespace cubemill
