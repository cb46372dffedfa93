// The arguments of the fold kernel: one index of one chunk, with device addresses. Plain.
#pragma once
#include <cstdint>

#include "cubemill/backend/pass.hpp"

namespace cubemill::cuda {

/// One band of one scene.
struct BandArgs {
  CoordinateView where;
  WindowView window;
  double scale, offset;
  Storage storage;
  Resampling method;
};

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
  std::int64_t class_stride;  ///< pixels from row to row of classes
  const std::uint8_t* fused_classes;
  const void* scene;    ///< SceneArgs<bands of the index>[scenes]
  void* sums;           ///< of the chunk's first pixel
  std::int64_t stride;  ///< pixels from row to row of sums
};

}  // namespace cubemill::cuda
