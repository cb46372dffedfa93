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

}  // namespace cubemill
