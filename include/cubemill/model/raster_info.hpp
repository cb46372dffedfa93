// What the header of a raster says: grid, type, blocks, numbers. Plain values; read by io/raster.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "cubemill/model/geobox.hpp"
#include "cubemill/model/scene.hpp"

namespace cubemill {

enum class PixelType : std::uint8_t { u8, i8, u16, i16, u32, i32, u64, i64, f32, f64 };
std::size_t size_of(PixelType type);
std::string to_string(PixelType type);  ///< `uint16`, `float32`, … as numpy names them

/// What the header says. PixelIsPoint is already resolved: `grid.transform` maps pixel corners.
struct RasterInfo {
  GeoBox grid;
  PixelType type = PixelType::u16;
  std::int32_t block_width = 0;
  std::int32_t block_height = 0;
  BandNumbers numbers;               ///< nodata, scale, offset of the file
  bool direct = false;               ///< whether blocks are decoded here, not by GDAL
  std::uint32_t bands_in_block = 1;  ///< that a block of the file holds, interleaved by pixel
  std::uint64_t stored_bytes = 0;    ///< all blocks, as the file holds them; 0: not known

  std::int64_t blocks_across() const { return (grid.width + block_width - 1) / block_width; }
  std::int64_t blocks_down() const { return (grid.height + block_height - 1) / block_height; }
};

}  // namespace cubemill
