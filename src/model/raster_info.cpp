#include "cubemill/model/raster_info.hpp"

namespace cubemill {

std::size_t size_of(PixelType type) {
  switch (type) {
    case PixelType::u8:
    case PixelType::i8:
      return 1;
    case PixelType::u16:
    case PixelType::i16:
      return 2;
    case PixelType::u32:
    case PixelType::i32:
    case PixelType::f32:
      return 4;
    case PixelType::u64:
    case PixelType::i64:
    case PixelType::f64:
      return 8;
  }
  return 0;
}

std::string to_string(PixelType type) {
  switch (type) {
    case PixelType::u8:
      return "uint8";
    case PixelType::i8:
      return "int8";
    case PixelType::u16:
      return "uint16";
    case PixelType::i16:
      return "int16";
    case PixelType::u32:
      return "uint32";
    case PixelType::i32:
      return "int32";
    case PixelType::u64:
      return "uint64";
    case PixelType::i64:
      return "int64";
    case PixelType::f32:
      return "float32";
    case PixelType::f64:
      return "float64";
  }
  return "";
}

RasterInfo info_at_level(const RasterInfo& info, std::size_t level) {
  RasterInfo at = info;
  at.overviews = {};
  if (level == 0) return at;
  const OverviewInfo& overview = info.overviews.at(level - 1);
  at.grid = info.grid.resized(overview.width, overview.height);
  at.block_width = overview.block_width, at.block_height = overview.block_height;
  at.stored_bytes = overview.stored_bytes;
  return at;
}

}  // namespace cubemill
