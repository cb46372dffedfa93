// The pass on the device: a thread owns an output pixel and does for it what eight lanes do on the
// CPU, with the same element functions. One kernel per index, pixel storage and method, so that
// none holds the registers of another; one more decides at run time, for chunks whose bands differ
// in them.
#pragma once
#include "cubemill/pixel/qa_rule.hpp"
#include "cubemill/pixel/sample.hpp"
#include "fold_args.hpp"
#include "portable.hpp"
#include "wide_lane.cuh"

namespace cubemill::cuda {

constexpr int block_columns = run_length, block_rows = 8;

template <Storage S, Resampling M>
CUBEMILL_HD double sample_as(const BandArgs& b, std::int64_t segment, std::int32_t k) {
  if constexpr (M == Resampling::average)
    return sample_box<S>(b.where.boxes[segment], k, b.where.left, b.where.top, b.window);
  else if constexpr (M == Resampling::mode)
    return sample_mode<S>(b.where.boxes[segment], k, b.where.left, b.where.top, b.window);
  else
    return sample_point<S, M>(b.where.centres[segment], k, b.where.left, b.where.top, b.window);
}

/// Storage and method known when compiled.
template <Storage S, Resampling M>
struct Fixed {
  static CUBEMILL_HD double sample(const BandArgs& b, std::int64_t segment, std::int32_t k) {
    return sample_as<S, M>(b, segment, k);
  }
};

/// Both looked up for each band.
struct Mixed {
  template <Storage S>
  static CUBEMILL_HD double sample_storage(const BandArgs& b, std::int64_t segment,
                                           std::int32_t k) {
    switch (b.method) {
      case Resampling::nearest:
        return sample_as<S, Resampling::nearest>(b, segment, k);
      case Resampling::bilinear:
        return sample_as<S, Resampling::bilinear>(b, segment, k);
      case Resampling::cubic:
        return sample_as<S, Resampling::cubic>(b, segment, k);
      case Resampling::average:
        return sample_as<S, Resampling::average>(b, segment, k);
      case Resampling::mode:
        return sample_as<S, Resampling::mode>(b, segment, k);
    }
    return missing();
  }
  static CUBEMILL_HD double sample(const BandArgs& b, std::int64_t segment, std::int32_t k) {
    switch (b.storage) {
      case Storage::u16:
        return sample_storage<Storage::u16>(b, segment, k);
      case Storage::i16:
        return sample_storage<Storage::i16>(b, segment, k);
      case Storage::f32:
        return sample_storage<Storage::f32>(b, segment, k);
      case Storage::f64:
        return sample_storage<Storage::f64>(b, segment, k);
    }
    return missing();
  }
};

/// The scaled value of a band at pixel (x, y) of the chunk.
template <class Sampler>
CUBEMILL_HD double band_value(const BandArgs& b, std::int32_t x, std::int32_t y) {
  const std::int32_t spacing = b.where.spacing;
  if (spacing == 0) return missing();
  const std::int32_t segment = x / spacing, k = x - segment * spacing - spacing / 2;
  return Sampler::sample(b, y * b.where.segments + segment, k) * b.scale + b.offset;
}

/// The bands of the first scene that is valid at the pixel, flags and all bands; its class decides.
template <class Sampler, int N>
CUBEMILL_HD bool fused_by_pixel(const FoldArgs& a, std::int32_t x, std::int32_t y,
                                double (&bands)[N]) {
  const auto* const scene = static_cast<const SceneArgs<N>*>(a.scene);
  for (std::int32_t s = 0; s < a.scenes; ++s) {
    const std::uint8_t seen = scene[s].classes[y * a.class_stride + x];
    if (seen == qa_missing) continue;
    bool valid = true;
    CUBEMILL_UNROLL
    for (int i = 0; i < N; ++i) {
      bands[i] = band_value<Sampler>(scene[s].band[i], x, y);
      valid &= !is_missing(bands[i]);
    }
    if (valid) return seen == qa_good;
  }
  return false;
}

/// Every band from the first scene that is valid there, the flags among them.
template <class Sampler, int N>
CUBEMILL_HD bool fused_by_band(const FoldArgs& a, std::int32_t x, std::int32_t y,
                               double (&bands)[N]) {
  const auto* const scene = static_cast<const SceneArgs<N>*>(a.scene);
  if (a.fused_classes[y * a.class_stride + x] != qa_good) return false;
  CUBEMILL_UNROLL
  for (int i = 0; i < N; ++i) bands[i] = missing();
  for (std::int32_t s = 0; s < a.scenes; ++s) {
    CUBEMILL_UNROLL
    for (int i = 0; i < N; ++i)
      if (is_missing(bands[i])) bands[i] = band_value<Sampler>(scene[s].band[i], x, y);
  }
  return true;
}

CUBEMILL_HD void fold_value(const FoldArgs& a, std::int32_t x, std::int32_t y, double value) {
  const std::int64_t at = y * a.stride + x;
  if (a.kind == AccumulatorKind::packed) {
    static_cast<PackedSum*>(a.sums)[at].bits += PackedSum::term(value);
    return;
  }
  WideRun& run = static_cast<WideRun*>(a.sums)[at / run_length];
  const int lane = int(at % run_length);
  const WideSum old = run.get(lane);
  WideSum sum = old;
  sum.add(value);
  put_lane(run, lane, old, sum);
}

/// Blocks that a multiprocessor holds at least: room for 80 or 128 registers a thread. Left to
/// itself the compiler spills some into local memory to fit one block more.
template <class Sampler>
constexpr int resident_blocks = 3;
template <>
inline constexpr int resident_blocks<Mixed> = 2;

template <class Index, class Sampler>
__global__ void __launch_bounds__(block_columns* block_rows, resident_blocks<Sampler>)
    fold_kernel(const CUBEMILL_GRID_CONSTANT FoldArgs a) {
  const auto x = std::int32_t(blockIdx.x * block_columns + threadIdx.x);
  const auto y = std::int32_t(blockIdx.y * block_rows + threadIdx.y);
  if ((x >= a.width) | (y >= a.height)) return;
  constexpr int n = int(Index::bands.size());
  double bands[n];
  const bool good = a.fuse_pixels ? fused_by_pixel<Sampler, n>(a, x, y, bands)
                                  : fused_by_band<Sampler, n>(a, x, y, bands);
  if (good) fold_value(a, x, y, Index::value(bands));
}

}  // namespace cubemill::cuda
