// A window of source pixels of one band of one scene, as readers leave it for the pass:
// undistorted, invalid pixels already marked. Non-owning; usable on host and device.
#pragma once
#include <cstddef>
#include <cstdint>

#include "cubemill/base/host_device.hpp"

namespace cubemill {

/// How a window stores its pixels. Integers of 16 bits and less keep their bits xor `key`, where
/// key is the nodata value (or a value that cannot count), so that 0 means invalid; everything else
/// is floating point, where NaN means invalid.
enum class Storage : std::uint8_t { u16, i16, f32, f64 };

CUBEMILL_HD std::size_t size_of(Storage s) {
  return s == Storage::f64 ? 8 : s == Storage::f32 ? 4 : 2;
}

struct WindowView {
  const void* data = nullptr;  ///< pixel (left, top)
  std::int64_t stride = 0;     ///< pixels from row to row
  std::int32_t left = 0, top = 0, right = 0,
               bottom = 0;  ///< readable source pixels, [left, right) × [top, bottom)
  std::uint16_t key = 0;

  CUBEMILL_HD bool contains(std::int64_t col, std::int64_t row) const {
    return (col >= left) & (col < right) & (row >= top) & (row < bottom);
  }
  template <class T>
  CUBEMILL_HD const T* at(std::int64_t col, std::int64_t row) const {
    return static_cast<const T*>(data) + (row - top) * stride + (col - left);
  }
};

}  // namespace cubemill
