// How a window of source pixels lies in memory: a rim of invalid pixels around the pixels that were
// read, so that the pass can load eight pixels and their taps without looking where the raster
// ends. Plain.
#pragma once
#include <cstddef>
#include <cstdint>

#include "cubemill/pixel/run.hpp"

namespace cubemill {

struct WindowLayout {
  static constexpr std::int64_t rim_columns = 16;
  static constexpr std::int64_t rim_rows = 4;

  std::int64_t columns = 0, rows = 0;  ///< without the rim

  std::int64_t stride() const { return (columns + 2 * rim_columns + 15) / 16 * 16; }
  std::int64_t lines() const { return rows + 2 * rim_rows; }
  /// Bytes for pixels of `pixel_bytes`, a multiple of 64, with slack for the last vector load.
  std::size_t bytes(std::size_t pixel_bytes) const {
    return (std::size_t(stride() * lines()) * pixel_bytes + 127) / 64 * 64;
  }
};

/// Bytes of a plane of QA classes, one a pixel, rows padded to whole runs.
constexpr std::int64_t class_stride(std::int64_t width) {
  return (width + run_length - 1) / run_length * run_length;
}
constexpr std::size_t class_plane_bytes(std::int64_t width, std::int64_t height) {
  return (std::size_t(class_stride(width) * height) + 63) / 64 * 64;
}

}  // namespace cubemill
