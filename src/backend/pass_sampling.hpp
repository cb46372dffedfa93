// Samples a run of pixels: by groups of eight within the segments of its row's coordinates. A group
// that reaches out of a window goes pixel by pixel.
#pragma once
#include "backend/lane_taps.hpp"
#include "cubemill/pixel/sample.hpp"

// A lambda that is called for every group of eight: what it shares with its caller stays in
// registers.
#define CUBEMILL_INLINED __attribute__((always_inline))

namespace cubemill::CUBEMILL_TARGET {

/// The part of a run that lies in one segment.
struct Stretch {
  std::size_t segment;     // into the tables
  std::int32_t k;          // its first pixel in the segment
  std::int32_t at, count;  // its first pixel in the run; pixels
};

template <Storage S, Resampling M>
void sample_one_by_one(const BandGroup& g, const Stretch& s, int first, int count,
                       RunValues& values) {
  for (int i = first; i < first + count; ++i)
    for (int b = 0; b < g.bands; ++b) {
      const double v = M == Resampling::average
                           ? sample_box<S>(g.where.boxes[s.segment], s.k + i, g.where.left,
                                           g.where.top, g.window[b])
                           : sample_point<S, M>(g.where.centres[s.segment], s.k + i, g.where.left,
                                                g.where.top, g.window[b]);
      values[g.slot[b]][s.at + i] = v * g.scale[b] + g.offset[b];
    }
}

/// Calls f(i) for the groups of eight that are wanted, i the first pixel in the stretch; what it
/// refuses, and the rest, goes pixel by pixel.
template <Storage S, Resampling M, class F>
CUBEMILL_HD void each_eight(const BandGroup& g, const Stretch& s, unsigned eights,
                            RunValues& values, F f) {
  for (int i = 0; i < s.count; i += lanes) {
    if (!(eights >> ((s.at + i) / lanes) & 1)) continue;
    if (i + lanes > s.count || !f(i))
      sample_one_by_one<S, M>(g, s, i, s.count - i < lanes ? s.count - i : lanes, values);
  }
}

template <int X, int Y>
struct Weights {
  Doubles x[X], y[Y];
  Doubles all;        // their sum, in the order of weighted_mean
  bool unit = false;  // the sum is 1: whether that was found out is a matter of speed only
  CUBEMILL_HD void add_up() {
    Doubles across(0.0);
    all = Doubles(0.0);
    for (int c = 0; c < X; ++c) across = across + x[c];
    for (int r = 0; r < Y; ++r) all = all + y[r] * across;
  }
};

/// Where the pixels of a stretch lie: what its groups of eight have in common. `first_tap`: offset
/// of the first of X × Y taps from the base pixel.
template <int X, int Y>
struct Track {
  const Quadratic& u;
  const Quadratic& v;
  Course across, down;
  std::int64_t first_tap;
  bool inside = true;  // all taps of all pixels can be read in all windows

  CUBEMILL_HD Track(const BandGroup& g, const Stretch& s, const Quadratic& along_u,
                    const Quadratic& along_v, std::int64_t first)
      : u(along_u),
        v(along_v),
        across(course(u, g.where.spacing, 1)),
        down(course(v, g.where.spacing, 0)),
        first_tap(first) {
    const Range cols(u, s.k, s.count), rows(v, s.k, s.count);
    const std::int64_t left = first_tap - g.where.left, top = first_tap - g.where.top;
    for (int b = 0; b < g.bands; ++b) {
      const WindowView& w = g.window[b];
      inside &= (cols.first + left >= w.left) & (cols.last + left + X <= w.right) &
                (rows.first + top >= w.top) & (rows.last + top + Y <= w.bottom);
    }
  }
};

/// Samples all bands of eight pixels; false when some taps but not all lie outside a window.
template <Storage S, int X, int Y>
CUBEMILL_HD bool sample_eight(const BandGroup& g, const Track<X, Y>& t, const Pattern& p,
                              const Weights<X, Y>& w, int at_pixel, RunValues& values) {
  bool nothing[max_index_bands] = {};
  if (!t.inside)
    for (int b = 0; b < g.bands; ++b) {
      nothing[b] = outside(g.window[b], p, X, Y);
      if (!nothing[b] && !readable(g.window[b], p, X, Y)) return false;
    }
  for (int b = 0; b < g.bands; ++b) {
    const Doubles v = nothing[b] ? Doubles(missing())
                                 : weighted_mean<S, X, Y>(g.window[b], p, w.x, w.y, w.all, w.unit);
    store(v * Doubles(g.scale[b]) + Doubles(g.offset[b]), &values[g.slot[b]][at_pixel]);
  }
  return true;
}

/// Samples a stretch whose coordinates run along u and v. `shift`: its pixels have one fraction, so
/// that all have the same weights and lie side by side; `weigh` makes the weights of eight pixels.
template <Storage S, Resampling M, int X, int Y, class Weigh>
CUBEMILL_HD void sample_stretch(const BandGroup& g, const Stretch& s, const Quadratic& u,
                                const Quadratic& v, bool shift, std::int64_t first_tap,
                                unsigned eights, RunValues& values, Weigh weigh) {
  const Track<X, Y> track(g, s, u, v, first_tap);
  Weights<X, Y> w;
  if (shift) {
    const Eight x = eight(u, s.k, 1, track.across), y = eight(v, s.k, 0, track.down);
    weigh(x, y, s.k, w);
    Scattered room;
    Pattern p = pattern(g.where, u, v, x, y, s.k, first_tap, room);
    const std::int64_t col = p.col;
    each_eight<S, M>(g, s, eights, values, [&](int i) CUBEMILL_INLINED {
      p.col = col + i;
      return sample_eight<S>(g, track, p, w, s.at + i, values);
    });
    return;
  }
  each_eight<S, M>(g, s, eights, values, [&](int i) CUBEMILL_INLINED {
    const std::int32_t k = s.k + i;
    const Eight x = eight(u, k, 1, track.across), y = eight(v, k, 0, track.down);
    weigh(x, y, k, w);
    Scattered room;
    return sample_eight<S>(g, track, pattern(g.where, u, v, x, y, k, first_tap, room), w, s.at + i,
                           values);
  });
}

// ---- nearest, bilinear, cubic -------------------------------------------------------------------

template <Resampling M, int N>
CUBEMILL_HD void point_weights(Halves low, Doubles (&w)[N]) {
  const Doubles f = snapped_fraction(fraction_of(low));
  for (int t = 0; t < N; ++t)
    w[t] = M == Resampling::bilinear ? linear_weight(f, t) : cubic_weight(f, t);
}

template <Storage S, Resampling M>
void sample_points(const BandGroup& g, const Stretch& stretch, unsigned eights, RunValues& values) {
  constexpr int n = M == Resampling::nearest ? 1 : M == Resampling::bilinear ? 2 : 4;
  constexpr std::int64_t first_tap = M == Resampling::cubic ? -1 : 0;
  const CentreSegment& s = g.where.centres[stretch.segment];
  Quadratic u = s.u, v = s.v;
  if constexpr (M != Resampling::nearest) u.a -= half_q32, v.a -= half_q32;
  sample_stretch<S, M, n, n>(g, stretch, u, v, is_shift(u, v), first_tap, eights, values,
                             [](const Eight& x, const Eight& y, std::int32_t, Weights<n, n>& w)
                                 CUBEMILL_INLINED {
                                   if constexpr (M == Resampling::nearest) {
                                     w.x[0] = w.y[0] = w.all = Doubles(1.0);
                                   } else {
                                     point_weights<M>(x.low, w.x);
                                     point_weights<M>(y.low, w.y);
                                     w.add_up();
                                   }
                                 });
}

// ---- average ------------------------------------------------------------------------------------

template <int N>
CUBEMILL_HD void box_weights(Halves low, const double (&size)[3], Doubles k, Doubles (&w)[N]) {
  const Doubles raw = fraction_of(low);
  const Doubles begin = snapped_fraction(raw), end = snapped_end(raw + box_size(size, k));
  for (int t = 0; t < N; ++t) w[t] = overlap(begin, end, double(t));
}

/// Whether all boxes of a segment have the same weights.
CUBEMILL_HD bool is_shift(const BoxSegment& s) {
  return cubemill::is_shift(s.u, s.v) & (s.width[1] == 0) & (s.width[2] == 0) & (s.height[1] == 0) &
         (s.height[2] == 0);
}

template <Storage S, int X, int Y>
void sample_boxes(const BandGroup& g, const Stretch& stretch, unsigned eights, RunValues& values) {
  const BoxSegment& s = g.where.boxes[stretch.segment];
  const bool shift = is_shift(s);
  sample_stretch<S, Resampling::average, X, Y>(
      g, stretch, s.u, s.v, shift, 0, eights, values,
      [&](const Eight& x, const Eight& y, std::int32_t k, Weights<X, Y>& w) CUBEMILL_INLINED {
        const Doubles ks(SignedHalves(lane_number + std::uint32_t(k)));
        box_weights(x.low, s.width, ks, w.x);
        box_weights(y.low, s.height, ks, w.y);
        w.add_up();
        w.unit = shift && w.all.part[0][0] == 1.0;
      });
}

/// Taps that a box of this size can reach into at most: its size plus where it begins, rounded up.
CUBEMILL_HD int most_taps(const double (&size)[3], int spacing) {
  const double reach = double(spacing) / 2;
  const double slope = size[1] < 0 ? -size[1] : size[1], bend = size[2] < 0 ? -size[2] : size[2];
  const double largest = size[0] + reach * (slope + reach * bend);
  return largest <= 1.0 + edge_tolerance ? 2 : largest <= 2.0 ? 3 : largest <= 4.0 ? 5 : 99;
}

template <Storage S>
void sample_boxes_of_any_size(const BandGroup& g, const Stretch& s, unsigned eights,
                              RunValues& values) {
  const BoxSegment& boxes = g.where.boxes[s.segment];
  // A box turned by a few degrees is wider than a pixel one way and narrower the other.
  const int across = most_taps(boxes.width, g.where.spacing),
            down = most_taps(boxes.height, g.where.spacing);
  if (across == 2 && down == 2) return sample_boxes<S, 2, 2>(g, s, eights, values);
  if (across == 2 && down == 3) return sample_boxes<S, 2, 3>(g, s, eights, values);
  if (across == 3 && down == 2) return sample_boxes<S, 3, 2>(g, s, eights, values);
  if (across == 3 && down == 3) return sample_boxes<S, 3, 3>(g, s, eights, values);
  if (across <= 5 && down <= 5) return sample_boxes<S, 5, 5>(g, s, eights, values);
  each_eight<S, Resampling::average>(g, s, eights, values, [](int) { return false; });
}

// ---- a run --------------------------------------------------------------------------------------

template <Storage S, Resampling M>
void sample_run(const BandGroup& g, std::int64_t y, std::int32_t x0, std::int32_t count,
                unsigned eights, RunValues& values) {
  const int spacing = g.where.spacing, shift = __builtin_ctz(unsigned(spacing));
  for (int at = 0; at < count;) {
    const int x = x0 + at, segment = x >> shift, left = (segment + 1) * spacing - x;
    const Stretch s{std::size_t(y * g.where.segments + segment),
                    x - segment * spacing - spacing / 2, at, left < count - at ? left : count - at};
    if constexpr (M == Resampling::average)
      sample_boxes_of_any_size<S>(g, s, eights, values);
    else
      sample_points<S, M>(g, s, eights, values);
    at += s.count;
  }
}

template <Resampling M>
void sample_method(const BandGroup& g, std::int64_t y, std::int32_t x, std::int32_t count,
                   unsigned eights, RunValues& values) {
  switch (g.storage) {
    case Storage::u16:
      return sample_run<Storage::u16, M>(g, y, x, count, eights, values);
    case Storage::i16:
      return sample_run<Storage::i16, M>(g, y, x, count, eights, values);
    case Storage::f32:
      return sample_run<Storage::f32, M>(g, y, x, count, eights, values);
    case Storage::f64:
      return sample_run<Storage::f64, M>(g, y, x, count, eights, values);
  }
}

inline void sample(const BandGroup& g, std::int64_t y, std::int32_t x, std::int32_t count,
                   unsigned eights, RunValues& values) {
  switch (g.method) {
    case Resampling::nearest:
      return sample_method<Resampling::nearest>(g, y, x, count, eights, values);
    case Resampling::bilinear:
      return sample_method<Resampling::bilinear>(g, y, x, count, eights, values);
    case Resampling::cubic:
      return sample_method<Resampling::cubic>(g, y, x, count, eights, values);
    case Resampling::average:
      return sample_method<Resampling::average>(g, y, x, count, eights, values);
    case Resampling::mode:
      return;  // backend/mode.hpp: the same code for every instruction set
  }
}

}  // namespace cubemill::CUBEMILL_TARGET

#undef CUBEMILL_INLINED
