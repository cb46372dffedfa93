// The value of one band at one output pixel: coordinate → taps → weighted mean of the valid ones.
// One pixel at a time, as a GPU thread and the CPU's general path run it;
// src/backend/pass_sampling.hpp does the same operations on eight pixels. NaN means missing.
// Element functions.
#pragma once
#include "cubemill/pixel/resampling.hpp"
#include "cubemill/pixel/window.hpp"

namespace cubemill {

CUBEMILL_HD double missing() { return __builtin_nan(""); }
CUBEMILL_HD bool is_missing(double v) { return v != v; }

template <Storage S>
CUBEMILL_HD double stored_value(const WindowView& w, std::int64_t col, std::int64_t row) {
  if (!w.contains(col, row)) return missing();
  if constexpr (S == Storage::f64) return *w.at<double>(col, row);
  if constexpr (S == Storage::f32) return double(*w.at<float>(col, row));
  const std::uint16_t raw = *w.at<std::uint16_t>(col, row);
  const std::uint16_t value = std::uint16_t(raw ^ w.key);
  const double number = S == Storage::i16 ? double(std::int16_t(value)) : double(value);
  return raw == 0 ? missing() : number;
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

template <Storage S, class WeightX, class WeightY>
CUBEMILL_HD WeightedSum weigh(const WindowView& w, std::int64_t col, std::int64_t row, int across,
                              int down, WeightX weight_x, WeightY weight_y) {
  WeightedSum sum;
  for (int r = 0; r < down; ++r) {
    const double wy = weight_y(r);
    double values = 0, weights = 0;
    for (int c = 0; c < across; ++c) {
      const double v = stored_value<S>(w, col + c, row + r), wx = weight_x(c);
      const bool valid = !is_missing(v);
      values = values + (valid ? wx : 0.0) * (valid ? v : 0.0);
      weights = weights + (valid ? wx : 0.0);
      sum.seen |= valid & (wx != 0.0) & (wy != 0.0);
    }
    sum.values = sum.values + wy * values;
    sum.weights = sum.weights + wy * weights;
  }
  return sum;
}

/// Number of source pixels that a box reaches into.
CUBEMILL_HD int taps(double end) {
  const int whole = int(end);
  return whole + (double(whole) < end);
}

/// Samples at point k of a centre segment; (left, top) is the scene's origin in the segment's
/// coordinates.
template <Storage S, Resampling M>
CUBEMILL_HD double sample_point(const CentreSegment& s, std::int32_t k, std::int64_t left,
                                std::int64_t top, const WindowView& w) {
  if constexpr (M == Resampling::nearest)
    return stored_value<S>(w, (at(s.u, k) >> 32) - left, (at(s.v, k) >> 32) - top);
  const Place x = place(at(s.u, k) - half_q32), y = place(at(s.v, k) - half_q32);
  const double fx = snapped_fraction(x.raw_fraction), fy = snapped_fraction(y.raw_fraction);
  if constexpr (M == Resampling::bilinear)
    return weigh<S>(
               w, x.base - left, y.base - top, 2, 2, [&](int t) { return linear_weight(fx, t); },
               [&](int t) { return linear_weight(fy, t); })
        .mean();
  return weigh<S>(
             w, x.base - left - 1, y.base - top - 1, 4, 4,
             [&](int t) { return cubic_weight(fx, t); }, [&](int t) { return cubic_weight(fy, t); })
      .mean();
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

/// Area of the pixels of a box that hold one value, in the order in which backend/mode.cpp adds it.
template <Storage S>
CUBEMILL_HD double area_of(double value, const WindowView& w, const BoxSide& x, const BoxSide& y,
                           std::int64_t left, std::int64_t top) {
  double area = 0;
  for (int r = 0; r < taps(y.end); ++r)
    for (int c = 0; c < taps(x.end); ++c)
      if (stored_value<S>(w, x.base - left + c, y.base - top + r) == value)
        area = area + overlap(y.begin, y.end, double(r)) * overlap(x.begin, x.end, double(c));
  return area;
}

/// The value with the largest area in the box at k; the smallest of those within the edge tolerance
/// of it. Without memory of its own: the square of the taps, where backend/mode.cpp sorts.
template <Storage S>
CUBEMILL_HD double sample_mode(const BoxSegment& s, std::int32_t k, std::int64_t left,
                               std::int64_t top, const WindowView& w) {
  const BoxSide x = box_side(s.u, s.width, k), y = box_side(s.v, s.height, k);
  if (!(x.end < 1e6) | !(y.end < 1e6)) return missing();
  double largest = 0, mode = missing();
  for (int pass = 0; pass < 2; ++pass)
    for (int r = 0; r < taps(y.end); ++r)
      for (int c = 0; c < taps(x.end); ++c) {
        const double v = stored_value<S>(w, x.base - left + c, y.base - top + r);
        if (is_missing(v)) continue;
        const double area = area_of<S>(v, w, x, y, left, top);
        if (pass == 0)
          largest = larger(area, largest);
        else if (area > 0 && area > largest - edge_tolerance && !(v >= mode))
          mode = v;
      }
  return mode;
}

/// Area-weighted mean over the box at k.
template <Storage S>
CUBEMILL_HD double sample_box(const BoxSegment& s, std::int32_t k, std::int64_t left,
                              std::int64_t top, const WindowView& w) {
  const BoxSide x = box_side(s.u, s.width, k), y = box_side(s.v, s.height, k);
  if (!(x.end < 1e6) | !(y.end < 1e6)) return missing();  // a box across a seam of the projection
  return weigh<S>(
             w, x.base - left, y.base - top, taps(x.end), taps(y.end),
             [&](int t) { return overlap(x.begin, x.end, double(t)); },
             [&](int t) { return overlap(y.begin, y.end, double(t)); })
      .mean();
}

}  // namespace cubemill
