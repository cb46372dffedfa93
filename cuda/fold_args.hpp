// The arguments of the fold kernel: one index of one chunk, with device addresses. Plain.
#pragma once
#include <bit>
#include <cstdint>

#include "cubemill/backend/pass.hpp"

namespace cubemill::cuda {

/// One band of one scene. Aligned for loads of two or four numbers at once.
struct alignas(16) BandArgs {
  CoordinateView where;
  WindowView window;
  double scale, offset;
  std::int32_t shift;      ///< 2^shift pixels a segment; -1: nothing projects
  std::uint8_t as_before;  ///< `where` is that of the band before
  Storage storage;
  Resampling method;
};

/// Fills in what follows from `where`, of this band and the one before, if there is one.
inline void place_band(BandArgs& band, const BandArgs* before) {
  const CoordinateView& w = band.where;
  band.shift = std::bit_width(std::uint32_t(w.spacing)) - 1;
  band.as_before = before && before->where.id == w.id && before->where.left == w.left &&
                   before->where.top == w.top;
}

/// One scene with the N bands of the index, in the index's order.
template <int N>
struct SceneArgs {
  const std::uint8_t* classes;
  BandArgs band[N];
};

struct FoldArgs {
  std::int32_t width, height;
  std::int32_t scenes;
  std::uint8_t fuse_pixels;  ///< else band by band, by `fused_classes`
  AccumulatorKind kind;
  std::int32_t class_stride;  ///< pixels from row to row of classes
  const std::uint8_t* fused_classes;
  const void* scene;    ///< SceneArgs<bands of the index>[scenes]
  void* sums;           ///< of the chunk's first pixel
  std::int32_t stride;  ///< pixels from row to row of sums
};

}  // namespace cubemill::cuda
