// What the header of a raster says: grid, type, blocks, numbers. Plain values; read by io/raster.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cubemill/model/geobox.hpp"
#include "cubemill/model/scene.hpp"

namespace cubemill {

enum class PixelType : std::uint8_t { u8, i8, u16, i16, u32, i32, u64, i64, f32, f64 };
std::size_t size_of(PixelType type);
std::string to_string(PixelType type);  ///< `uint16`, `float32`, … as numpy names them

/// A smaller copy of a raster in its file: the same ground in fewer pixels.
struct OverviewInfo {
  std::int64_t width = 0, height = 0;
  std::int32_t block_width = 0, block_height = 0;
  std::uint64_t stored_bytes = 0;
  bool operator==(const OverviewInfo&) const = default;
};

/// What the header says. PixelIsPoint is already resolved: `grid.transform` maps pixel corners.
struct RasterInfo {
  GeoBox grid;
  PixelType type = PixelType::u16;
  std::int32_t block_width = 0;
  std::int32_t block_height = 0;
  BandNumbers numbers;                  ///< nodata, scale, offset of the file
  bool direct = false;                  ///< whether blocks are decoded here, not by GDAL
  std::uint32_t bands_in_block = 1;     ///< that a block of the file holds, interleaved by pixel
  std::uint64_t stored_bytes = 0;       ///< all blocks, as the file holds them; 0: not known
  std::vector<OverviewInfo> overviews;  ///< finer ones first; only where they were asked for

  std::int64_t blocks_across() const { return (grid.width + block_width - 1) / block_width; }
  std::int64_t blocks_down() const { return (grid.height + block_height - 1) / block_height; }
};

/// The header of an overview, as if it were a raster of its own; 0: of the raster itself, 1: of the
/// finest overview, … An overview covers exactly what the raster covers, so its pixels are larger
/// by the ratio of the sizes, which need not be a whole number.
RasterInfo info_at_level(const RasterInfo& info, std::size_t level);

}  // namespace cubemill
