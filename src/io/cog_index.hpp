// Where each tile of a COG lies in the spool. Entries of different tiles may be set from different
// threads.
#pragma once
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "io/cog_layout.hpp"
#include "io/cog_spool.hpp"

namespace cubemill {

class CogIndex {
 public:
  CogIndex(const std::vector<CogLevel>& levels, std::size_t bands) : levels_(levels) {
    for (const CogLevel& level : levels) tiles_.emplace_back(level.tiles() * bands);
  }

  const SpooledTile& at(std::size_t level, int band, std::int64_t column, std::int64_t row) const {
    return tiles_[level][position(level, band, column, row)];
  }
  /// Sets a tile. Throws std::logic_error when it is there already.
  void set(std::size_t level, int band, std::int64_t column, std::int64_t row, SpooledTile tile) {
    SpooledTile& entry = tiles_[level][position(level, band, column, row)];
    if (entry.size != 0) throw std::logic_error("a tile was put twice");
    entry = tile;
  }
  /// Tiles of a level in the order of the file: band after band, row after row.
  const std::vector<SpooledTile>& level(std::size_t level) const { return tiles_[level]; }

  /// Gives the sizes of all tiles. Throws std::logic_error when one is missing.
  std::vector<std::vector<std::uint32_t>> sizes() const {
    std::vector<std::vector<std::uint32_t>> all;
    for (const auto& tiles : tiles_) {
      auto& sizes = all.emplace_back();
      sizes.reserve(tiles.size());
      for (const SpooledTile& t : tiles) {
        if (t.size == 0) throw std::logic_error("a tile was never put");
        sizes.push_back(t.size);
      }
    }
    return all;
  }

 private:
  std::size_t position(std::size_t level, int band, std::int64_t column, std::int64_t row) const {
    return static_cast<std::size_t>(band) * levels_[level].tiles() +
           levels_[level].index(column, row);
  }

  std::vector<CogLevel> levels_;
  std::vector<std::vector<SpooledTile>> tiles_;
};

}  // namespace cubemill
