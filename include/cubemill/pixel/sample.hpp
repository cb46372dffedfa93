// The value of one band at one output pixel: coordinate → taps → weighted mean of the valid ones.
// One pixel at a time, as a GPU thread and the CPU's general path run it;
// src/backend/pass_sampling.hpp does the same operations on eight pixels. NaN means missing.
// Element functions.
#pragma once
#include <limits>
#include <type_traits>

#include "cubemill/pixel/resampling.hpp"
#include "cubemill/pixel/window.hpp"

namespace cubemill {

CUBEMILL_HD double missing() { return __builtin_nan(""); }
CUBEMILL_HD bool is_missing(double v) { return v != v; }

/// A pixel as a number; 0 where it is invalid or outside the window.
struct Tap {
  double value = 0;
  bool valid = false;
};

/// Reads pixel (x, y) of a window, counted from its first. Places are of 32 bits: a GPU works out
/// 64 in two steps, and there are many taps a pixel.
template <Storage S>
CUBEMILL_HD Tap read(const WindowView& w, std::uint32_t x, std::uint32_t y) {
  const std::uint64_t line = std::uint64_t(y) * std::uint32_t(w.stride);
  if constexpr (S == Storage::f32 || S == Storage::f64) {
    using T = std::conditional_t<S == Storage::f32, float, double>;
    const T value = (static_cast<const T*>(w.data) + line)[x];
    const bool valid = value == value;
    return {double(valid ? value : T(0)), valid};
  }
  const std::uint16_t raw = (static_cast<const std::uint16_t*>(w.data) + line)[x];
  const bool valid = raw != 0;
  const auto value = std::uint16_t((raw ^ w.key) * valid);
  return {S == Storage::i16 ? double(std::int16_t(value)) : double(value), valid};
}

/// Whether a window has `across` × `down` pixels from (x, y) on, counted from its first.
CUBEMILL_HD bool has(const WindowView& w, std::uint32_t x, std::uint32_t y, int across, int down) {
  const auto width = std::uint32_t(w.right - w.left), height = std::uint32_t(w.bottom - w.top);
  return (x < width) & (y < height) &&
         (width - x >= std::uint32_t(across)) & (height - y >= std::uint32_t(down));
}

/// Reads a pixel of the scene, which may be outside the window.
template <Storage S>
CUBEMILL_HD Tap tap(const WindowView& w, std::int32_t col, std::int32_t row) {
  const std::uint32_t x = std::uint32_t(col) - std::uint32_t(w.left),
                      y = std::uint32_t(row) - std::uint32_t(w.top);
  return has(w, x, y, 1, 1) ? read<S>(w, x, y) : Tap{};
}

/// The pixel of a scene whose first one lies at `origin`; the lowest number, which no window holds,
/// where it does not fit.
CUBEMILL_HD std::int32_t pixel_at(std::int64_t coordinate, std::int64_t origin) {
  const std::int64_t pixel = coordinate - origin;
  const auto low = std::int32_t(pixel);
  return low == pixel ? low : std::numeric_limits<std::int32_t>::min();
}

/// The pixel `taps` further, whatever the number.
CUBEMILL_HD std::int32_t neighbour(std::int32_t pixel, int taps) {
  return std::int32_t(std::uint32_t(pixel) + std::uint32_t(taps));
}

template <Storage S>
CUBEMILL_HD double stored_value(const WindowView& w, std::int64_t col, std::int64_t row) {
  const Tap t = tap<S>(w, pixel_at(col, 0), pixel_at(row, 0));
  return t.valid ? t.value : missing();
}

/// A coordinate split into its base pixel and the fraction inside it (before snapping).
struct Place {
  std::int64_t base;
  double raw_fraction;
};
CUBEMILL_HD Place place(std::int64_t coordinate) {
  return {coordinate >> 32,
          raw_fraction<double>(std::int32_t((std::uint64_t(coordinate) & 0xFFFFFFFFu) >> 1))};
}

/// Sum of the valid taps and of their weights, added in the same order everywhere: along rows, then
/// down.
struct WeightedSum {
  double values = 0, weights = 0;
  bool seen = false;
  CUBEMILL_HD double mean() const { return seen ? values / weights : missing(); }
};

template <class Read, class WeightX, class WeightY>
CUBEMILL_HD WeightedSum weigh_taps(int across, int down, Read read, WeightX weight_x,
                                   WeightY weight_y) {
  WeightedSum sum;
  for (int r = 0; r < down; ++r) {
    const double wy = weight_y(r);
    double values = 0, weights = 0;
    for (int c = 0; c < across; ++c) {
      const Tap t = read(c, r);
      const double weight = weight_x(c), wx = t.valid ? weight : 0.0;
      values = values + wx * t.value;
      weights = weights + wx;
      sum.seen |= (wx != 0.0) & (wy != 0.0);
    }
    sum.values = sum.values + wy * values;
    sum.weights = sum.weights + wy * weights;
  }
  return sum;
}

// Nearly always all taps are there: then none is asked whether it is, and all are read at once.
template <Storage S, class WeightX, class WeightY>
CUBEMILL_HD WeightedSum weigh(const WindowView& w, std::int32_t col, std::int32_t row, int across,
                              int down, WeightX weight_x, WeightY weight_y) {
  const std::uint32_t x = std::uint32_t(col) - std::uint32_t(w.left),
                      y = std::uint32_t(row) - std::uint32_t(w.top);
  if (has(w, x, y, across, down))
    return weigh_taps(
        across, down,
        [&](int c, int r) { return read<S>(w, x + std::uint32_t(c), y + std::uint32_t(r)); },
        weight_x, weight_y);
  return weigh_taps(
      across, down, [&](int c, int r) { return tap<S>(w, neighbour(col, c), neighbour(row, r)); },
      weight_x, weight_y);
}

/// Number of source pixels that a box reaches into.
CUBEMILL_HD int taps(double end) {
  const int whole = int(end);
  return whole + (double(whole) < end);
}

/// Where the taps of a point lie in a scene, for all bands on one grid: the first, and the
/// fractions between taps.
struct PointSpot {
  std::int32_t col, row;
  double fx = 0, fy = 0;
};
/// (left, top) is the scene's origin in the segment's coordinates.
template <Resampling M>
CUBEMILL_HD PointSpot point_spot(const CentreSegment& s, std::int32_t k, std::int64_t left,
                                 std::int64_t top) {
  if constexpr (M == Resampling::nearest)
    return {pixel_at(at(s.u, k) >> 32, left), pixel_at(at(s.v, k) >> 32, top)};
  constexpr int before = M == Resampling::cubic ? 1 : 0;
  const Place x = place(at(s.u, k) - half_q32), y = place(at(s.v, k) - half_q32);
  return {pixel_at(x.base - before, left), pixel_at(y.base - before, top),
          snapped_fraction(x.raw_fraction), snapped_fraction(y.raw_fraction)};
}

template <Storage S, Resampling M>
CUBEMILL_HD double sample_at(const PointSpot& p, const WindowView& w) {
  if constexpr (M == Resampling::nearest) {
    const Tap t = tap<S>(w, p.col, p.row);
    return t.valid ? t.value : missing();
  } else if constexpr (M == Resampling::bilinear) {
    return weigh<S>(
               w, p.col, p.row, 2, 2, [&](int t) { return linear_weight(p.fx, t); },
               [&](int t) { return linear_weight(p.fy, t); })
        .mean();
  } else {
    return weigh<S>(
               w, p.col, p.row, 4, 4, [&](int t) { return cubic_weight(p.fx, t); },
               [&](int t) { return cubic_weight(p.fy, t); })
        .mean();
  }
}

/// Samples at point k of a centre segment.
template <Storage S, Resampling M>
CUBEMILL_HD double sample_point(const CentreSegment& s, std::int32_t k, std::int64_t left,
                                std::int64_t top, const WindowView& w) {
  return sample_at<S, M>(point_spot<M>(s, k, left, top), w);
}

/// The taps of a box: its first source pixel, where it begins inside it, where it ends, in pixels
/// from there.
struct BoxSide {
  std::int64_t base;
  double begin, end;
};
CUBEMILL_HD BoxSide box_side(const Quadratic& q, const double (&size)[3], std::int32_t k) {
  const Place p = place(at(q, k));
  return {p.base, snapped_fraction(p.raw_fraction),
          snapped_end(p.raw_fraction + box_size(size, double(k)))};
}

/// Where the taps of a box lie in a scene, for all bands on one grid: the first, and where the box
/// begins and ends.
struct BoxSpot {
  std::int32_t col, row;
  BoxSide x, y;
};
CUBEMILL_HD BoxSpot box_spot(const BoxSegment& s, std::int32_t k, std::int64_t left,
                             std::int64_t top) {
  const BoxSide x = box_side(s.u, s.width, k), y = box_side(s.v, s.height, k);
  return {pixel_at(x.base, left), pixel_at(y.base, top), x, y};
}

/// Area of the pixels of a box that hold one value, in the order in which backend/mode.cpp adds it.
template <Storage S>
CUBEMILL_HD double area_of(double value, const BoxSpot& b, const WindowView& w) {
  double area = 0;
  for (int r = 0; r < taps(b.y.end); ++r)
    for (int c = 0; c < taps(b.x.end); ++c)
      if (const Tap t = tap<S>(w, neighbour(b.col, c), neighbour(b.row, r));
          t.valid & (t.value == value))
        area =
            area + overlap(b.y.begin, b.y.end, double(r)) * overlap(b.x.begin, b.x.end, double(c));
  return area;
}

/// The value with the largest area in the box; the smallest of those within the edge tolerance of
/// it. Without memory of its own: the square of the taps, where backend/mode.cpp sorts.
template <Storage S>
CUBEMILL_HD double mode_at(const BoxSpot& b, const WindowView& w) {
  double largest = 0, mode = missing();
  for (int pass = 0; pass < 2; ++pass)
    for (int r = 0; r < taps(b.y.end); ++r)
      for (int c = 0; c < taps(b.x.end); ++c) {
        const Tap t = tap<S>(w, neighbour(b.col, c), neighbour(b.row, r));
        if (!t.valid) continue;
        const double area = area_of<S>(t.value, b, w);
        if (pass == 0)
          largest = larger(area, largest);
        else if (area > 0 && area > largest - edge_tolerance && !(t.value >= mode))
          mode = t.value;
      }
  return mode;
}

/// Samples a box: the area-weighted mean, or the mode.
template <Storage S, Resampling M>
CUBEMILL_HD double sample_at(const BoxSpot& b, const WindowView& w) {
  // A box across a seam of the projection.
  if (!(b.x.end < 1e6) | !(b.y.end < 1e6)) return missing();
  if constexpr (M == Resampling::mode) return mode_at<S>(b, w);
  return weigh<S>(
             w, b.col, b.row, taps(b.x.end), taps(b.y.end),
             [&](int t) { return overlap(b.x.begin, b.x.end, double(t)); },
             [&](int t) { return overlap(b.y.begin, b.y.end, double(t)); })
      .mean();
}

/// The mode of the box at k.
template <Storage S>
CUBEMILL_HD double sample_mode(const BoxSegment& s, std::int32_t k, std::int64_t left,
                               std::int64_t top, const WindowView& w) {
  return sample_at<S, Resampling::mode>(box_spot(s, k, left, top), w);
}

/// Area-weighted mean over the box at k.
template <Storage S>
CUBEMILL_HD double sample_box(const BoxSegment& s, std::int32_t k, std::int64_t left,
                              std::int64_t top, const WindowView& w) {
  return sample_at<S, Resampling::average>(box_spot(s, k, left, top), w);
}

}  // namespace cubemill
