// The pass on the device: a thread owns an output pixel and does for it what eight lanes do on the
// CPU, with the same element functions. One kernel per index, pixel storage and method, so that
// none holds the registers of another; one more decides at run time, for chunks whose bands differ
// in them.
#pragma once
#include <type_traits>

#include "cubemill/pixel/qa_rule.hpp"
#include "cubemill/pixel/sample.hpp"
#include "fold_args.hpp"
#include "portable.hpp"
#include "wide_lane.cuh"

namespace cubemill::cuda {

constexpr int block_columns = run_length, block_rows = 8;

/// Tells the compiler what it does not see in a pointer that it has loaded.
template <class T>
CUBEMILL_HD const T* aligned(const T* place) {
  return static_cast<const T*>(__builtin_assume_aligned(place, alignof(T)));
}

/// Storage and method known when compiled. A sampler has a place in the tables of a grid (`spot`)
/// and the value of a band there.
template <Storage S, Resampling M>
struct Fixed {
  static constexpr bool boxes = M == Resampling::average || M == Resampling::mode;
  using Spot = std::conditional_t<boxes, BoxSpot, PointSpot>;

  static CUBEMILL_HD Spot spot(const CoordinateView& where, std::uint32_t segment, std::int32_t k) {
    if constexpr (boxes)
      return box_spot(*aligned(where.boxes + segment), k, where.left, where.top);
    else
      return point_spot<M>(*aligned(where.centres + segment), k, where.left, where.top);
  }
  static CUBEMILL_HD double sample(const BandArgs& b, const Spot& spot) {
    return sample_at<S, M>(spot, b.window);
  }
};

/// Both looked up for each band.
struct Mixed {
  struct Spot {
    std::uint32_t segment;
    std::int32_t k;
  };
  static CUBEMILL_HD Spot spot(const CoordinateView&, std::uint32_t segment, std::int32_t k) {
    return {segment, k};
  }
  template <Storage S, Resampling M>
  static CUBEMILL_HD double sample_as(const BandArgs& b, const Spot& at) {
    return Fixed<S, M>::sample(b, Fixed<S, M>::spot(b.where, at.segment, at.k));
  }
  template <Storage S>
  static CUBEMILL_HD double sample_storage(const BandArgs& b, const Spot& at) {
    switch (b.method) {
      case Resampling::nearest:
        return sample_as<S, Resampling::nearest>(b, at);
      case Resampling::bilinear:
        return sample_as<S, Resampling::bilinear>(b, at);
      case Resampling::cubic:
        return sample_as<S, Resampling::cubic>(b, at);
      case Resampling::average:
        return sample_as<S, Resampling::average>(b, at);
      case Resampling::mode:
        return sample_as<S, Resampling::mode>(b, at);
    }
    return missing();
  }
  static CUBEMILL_HD double sample(const BandArgs& b, const Spot& at) {
    switch (b.storage) {
      case Storage::u16:
        return sample_storage<Storage::u16>(b, at);
      case Storage::i16:
        return sample_storage<Storage::i16>(b, at);
      case Storage::f32:
        return sample_storage<Storage::f32>(b, at);
      case Storage::f64:
        return sample_storage<Storage::f64>(b, at);
    }
    return missing();
  }
};

template <class Sampler>
CUBEMILL_HD typename Sampler::Spot spot_of(const BandArgs& b, std::int32_t x, std::int32_t y) {
  const std::int32_t spacing = 1 << b.shift, k = (x & (spacing - 1)) - spacing / 2;
  const auto line = std::uint32_t(y) * std::uint32_t(b.where.segments);
  return Sampler::spot(b.where, line + std::uint32_t(x >> b.shift), k);
}

/// Fills in the scaled values of a scene, at pixel (x, y) of the chunk, of bands that have none.
/// Bands of one grid share their place in it.
template <class Sampler, int N>
CUBEMILL_HD void sample_missing(const SceneArgs<N>& scene, std::int32_t x, std::int32_t y,
                                double (&bands)[N]) {
  typename Sampler::Spot spot{};
  CUBEMILL_UNROLL
  for (int i = 0; i < N; ++i) {
    const BandArgs& b = scene.band[i];
    if (b.shift < 0) continue;
    if (i == 0 || !b.as_before) spot = spot_of<Sampler>(b, x, y);
    if (is_missing(bands[i])) bands[i] = Sampler::sample(b, spot) * b.scale + b.offset;
  }
}

template <int N>
CUBEMILL_HD bool complete(double (&bands)[N]) {
  bool all = true;
  CUBEMILL_UNROLL
  for (int i = 0; i < N; ++i) all &= !is_missing(bands[i]);
  return all;
}

template <int N>
CUBEMILL_HD void clear(double (&bands)[N]) {
  CUBEMILL_UNROLL
  for (int i = 0; i < N; ++i) bands[i] = missing();
}

/// The bands of the first scene that is valid at the pixel, flags and all bands; its class decides.
template <class Sampler, int N>
CUBEMILL_HD bool fused_by_pixel(const FoldArgs& a, std::int32_t x, std::int32_t y,
                                double (&bands)[N]) {
  const auto* const scene = static_cast<const SceneArgs<N>*>(a.scene);
  for (std::int32_t s = 0; s < a.scenes; ++s) {
    const std::uint8_t seen = scene[s].classes[y * a.class_stride + x];
    if (seen == qa_missing) continue;
    clear(bands);
    sample_missing<Sampler>(scene[s], x, y, bands);
    if (complete(bands)) return seen == qa_good;
  }
  return false;
}

/// Every band from the first scene that is valid there, the flags among them.
template <class Sampler, int N>
CUBEMILL_HD bool fused_by_band(const FoldArgs& a, std::int32_t x, std::int32_t y,
                               double (&bands)[N]) {
  const auto* const scene = static_cast<const SceneArgs<N>*>(a.scene);
  if (a.fused_classes[y * a.class_stride + x] != qa_good) return false;
  clear(bands);
  for (std::int32_t s = 0; s < a.scenes && !complete(bands); ++s)
    sample_missing<Sampler>(scene[s], x, y, bands);
  return true;
}

CUBEMILL_HD void fold_value(const FoldArgs& a, std::int32_t x, std::int32_t y, double value) {
  const auto at = std::uint32_t(y * a.stride + x);
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
inline constexpr int resident_blocks<Fixed<Storage::f32, Resampling::cubic>> = 2;
template <>
inline constexpr int resident_blocks<Fixed<Storage::f64, Resampling::cubic>> = 2;
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
