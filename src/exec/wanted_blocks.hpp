// What the flags of a chunk say: how many there are, and which source blocks it has to read, those
// under output pixels that can count. Pure.
#pragma once
#include <cstdint>
#include <vector>

#include "cubemill/plan/plan.hpp"

namespace cubemill {

struct BlockRectangle {
  std::int64_t left = 0, top = 0, right = 0, bottom = 0;
  std::int64_t count() const { return (right - left) * (bottom - top); }
  bool contains(std::int64_t x, std::int64_t y) const {
    return x >= left && x < right && y >= top && y < bottom;
  }
};
BlockRectangle block_rectangle(const SourceWindow& window, const RasterInfo& info);

/// Valid flags, and those of them that the mask rejects.
struct FlagCounts {
  std::uint64_t seen = 0, masked = 0;
};
/// Counts the classes of a plane, whose rows are filled up with missing ones.
FlagCounts count_flags(const std::uint8_t* classes, std::int64_t width, std::int64_t height);

/// Cells of 32 × 32 output pixels, row by row: 1 where any plane has a good pixel.
std::vector<std::uint8_t> good_cells(const std::vector<const std::uint8_t*>& planes,
                                     std::int64_t width, std::int64_t height);

/// The blocks of `block_rectangle(source, info)`, row by row: 1 where a good cell needs them.
std::vector<std::uint8_t> wanted_blocks(const Chunk& chunk, const TileCoordinates& tables,
                                        const Lattice::Origin& origin, const SourceWindow& source,
                                        const RasterInfo& info,
                                        const std::vector<std::uint8_t>& cells);

}  // namespace cubemill
