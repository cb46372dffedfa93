// The sizes of a COG's resolution levels and their tiles. Pure arithmetic; nothing is owned.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cubemill/io/cog_writer.hpp"

namespace cubemill {

/// One resolution level; level 0 is full resolution, each further one halves both sides, rounding
/// up.
struct CogLevel {
  std::int64_t width = 0;
  std::int64_t height = 0;

  std::int64_t across() const { return (width + CogWriter::tile - 1) / CogWriter::tile; }
  std::int64_t down() const { return (height + CogWriter::tile - 1) / CogWriter::tile; }
  std::size_t tiles() const { return static_cast<std::size_t>(across() * down()); }
  std::size_t index(std::int64_t column, std::int64_t row) const {
    return static_cast<std::size_t>(row * across() + column);
  }
  /// Columns of tile `column` that lie in the image, 1…512; likewise rows.
  std::int64_t columns_in(std::int64_t column) const {
    return std::min(CogWriter::tile, width - column * CogWriter::tile);
  }
  std::int64_t rows_in(std::int64_t row) const {
    return std::min(CogWriter::tile, height - row * CogWriter::tile);
  }
};

/// Lists the levels, full resolution first, down to the first one that fits into one tile.
inline std::vector<CogLevel> cog_levels(std::int64_t width, std::int64_t height) {
  std::vector<CogLevel> levels{{width, height}};
  while (std::max(width, height) > CogWriter::tile) {
    width = (width + 1) / 2;
    height = (height + 1) / 2;
    levels.push_back({width, height});
  }
  return levels;
}

}  // namespace cubemill
