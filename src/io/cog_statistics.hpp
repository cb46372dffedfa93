// Statistics of a band that do not depend on the order of arrival: each tile is summed on its own,
// tiles are joined in tile order. Plain values.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "cubemill/io/cog_writer.hpp"

namespace cubemill {

struct TileStatistics {
  double minimum = 0, maximum = 0;
  double sum = 0;
  double squares = 0;  ///< sum of squared distances from the tile's mean
  std::uint32_t valid = 0;
};

/// Sums the first `columns` × `rows` samples of a tile; NaN is not valid, every integer is.
TileStatistics tile_statistics(SampleType type, const std::byte* samples, std::int64_t columns,
                               std::int64_t rows);

/// Joins tiles (Chan, Golub, LeVeque 1983); the standard deviation is that of the population, as
/// GDAL's is.
CogWriter::BandStatistics join_statistics(std::span<const TileStatistics> tiles,
                                          std::uint64_t pixels);

}  // namespace cubemill
