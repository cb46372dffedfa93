// The pass on eight pixels at a time, over the element functions of pixel/. Compiled once per
// instruction set, in the namespace CUBEMILL_TARGET. A group of eight lies in consecutive columns
// of one row, perhaps with one step in each direction (loads, blended), or scattered (pixels
// gathered one by one); groups that reach out of a window go pixel by pixel.
#pragma once
#include <type_traits>

#include "backend/lanes.hpp"
#include "cubemill/backend/pass.hpp"
#include "cubemill/pixel/qa_rule.hpp"
#include "cubemill/pixel/sample.hpp"

namespace cubemill::CUBEMILL_TARGET {

using cubemill::both;
using cubemill::select;

// ---- where eight pixels lie
// -------------------------------------------------------------------------------------------

constexpr Halves lane_number = {0, 1, 2, 3, 4, 5, 6, 7};

/// Coordinates of eight pixels along one dimension: the base pixel of the first, and the low halves
/// of all.
struct Eight {
  std::int64_t base;
  Halves low;
  SignedHalves steps;  // lanes whose base departs from (first + stride·lane) by `by`
  std::int32_t by;     // +1 or −1; 0: none does
  bool near;           // whether steps and by tell the whole truth
};

/// `stride`: by how much the base is expected to grow from lane to lane (1 across, 0 down).
CUBEMILL_HD Eight eight(const Quadratic& q, std::int32_t k, std::int32_t stride) {
  Eight e;
  const std::int64_t first = at(q, k), line = std::int64_t(stride) << 32;
  // Differences of the quadratic: between the first two lanes, the last two, and the first and the
  // last.
  const std::int64_t begins = q.b + q.c * (2 * k + 1) - line,
                     ends = q.b + q.c * (2 * k + 2 * lanes - 3) - line;
  const std::int64_t drift = (lanes - 1) * (q.b + q.c * (2 * k + lanes - 1) - line);
  const Halves n = lane_number + std::uint32_t(k);
  e.low = std::uint32_t(q.a) + n * (std::uint32_t(q.b) + n * std::uint32_t(q.c));
  e.base = first >> 32;
  const Halves start = Halves{} + std::uint32_t(first);
  // How far a lane has departed, modulo one pixel, is low − start. Where all lanes depart to the
  // same side by less than a pixel, a wrap of the low half is a step; a drift that changes its side
  // is told apart while it is below a quarter.
  constexpr std::int64_t quarter = std::int64_t(1) << 30;
  const bool forth = (begins >= 0) & (ends >= 0), back = (begins <= 0) & (ends <= 0);
  const bool small =
      (drift < quarter) & (drift > -quarter) & (q.c < (1 << 24)) & (q.c > -(1 << 24));
  e.near = ((forth | back) & (drift < one_q32) & (drift > -one_q32)) | small;
  if (forth) {
    e.steps = e.low < start;
    e.by = 1;
  } else if (back) {
    e.steps = e.low > start;
    e.by = -1;
  } else {
    const SignedHalves wrapped = e.low < start,
                       ahead = SignedHalves(e.low - start) >= SignedHalves{};
    const SignedHalves up = wrapped & ahead, down = ~wrapped & ~ahead;
    e.near = e.near & !(any(up) & any(down));
    e.steps = up | down;
    e.by = any(up) ? 1 : -1;
  }
  if (!any(e.steps)) e.by = 0;
  return e;
}

CUBEMILL_HD Doubles fraction_of(Halves low) {
  return raw_fraction<Doubles>(SignedHalves(low >> 1));
}

// ---- taps of eight pixels
// ---------------------------------------------------------------------------------------------

/// Raw values of eight pixels at one tap, as 16-bit words.
template <class Number>
struct WordTaps {
  using Pixel = std::uint16_t;
  Words raw;
  static CUBEMILL_HD WordTaps load(const Pixel* from) { return {load_words(from)}; }
  static CUBEMILL_HD WordTaps blend(SignedHalves take, WordTaps a, WordTaps b) {
    const SignedWords m = narrowed(take);
    return {Words((SignedWords(a.raw) & m) | (SignedWords(b.raw) & ~m))};
  }
  CUBEMILL_HD SignedWords invalid() const { return raw == Words{}; }
  CUBEMILL_HD bool all_valid() const { return !any(invalid()); }
  CUBEMILL_HD Doubles value(std::uint16_t key) const { return Doubles(Number(raw ^ key)); }
  CUBEMILL_HD Mask missing_mask() const { return widened(invalid()); }
};

/// The same as floating-point numbers.
template <class Number>
struct FloatTaps {
  using Pixel = Number;
  Doubles raw;
  static CUBEMILL_HD FloatTaps load(const Pixel* from) {
    alignas(32) double v[lanes];
    for (int i = 0; i < lanes; ++i) v[i] = double(from[i]);
    return {load_doubles(v)};
  }
  static CUBEMILL_HD FloatTaps blend(SignedHalves take, FloatTaps a, FloatTaps b) {
    return {select(widened(narrowed(take)), a.raw, b.raw)};
  }
  CUBEMILL_HD bool all_valid() const { return !any(raw != raw); }
  CUBEMILL_HD Doubles value(std::uint16_t) const { return raw; }
  CUBEMILL_HD Mask missing_mask() const { return raw != raw; }
};

template <Storage S>
using Taps = std::conditional_t<
    S == Storage::u16, WordTaps<Words>,
    std::conditional_t<S == Storage::i16, WordTaps<SignedWords>,
                       FloatTaps<std::conditional_t<S == Storage::f32, float, double>>>>;

/// Where the first taps of eight pixels lie in a scene, and in which of three shapes.
struct Pattern {
  std::int64_t col, row;  // of the first lane
  const Eight& x;
  const Eight& y;
  bool consecutive;  // columns grow by one and rows stay, but for one step each; else see below
  std::int32_t cols[lanes];  // scattered: by lane, relative to col and row
  std::int32_t rows[lanes];
};

/// `first_tap`: offset of the first tap from the base pixel.
CUBEMILL_HD Pattern pattern(const CoordinateView& where, const Quadratic& u, const Quadratic& v,
                            const Eight& x, const Eight& y, std::int32_t k,
                            std::int64_t first_tap) {
  Pattern p{x.base - where.left + first_tap,
            y.base - where.top + first_tap,
            x,
            y,
            bool(x.near & y.near),
            {},
            {}};
  if (!p.consecutive)
    for (int i = 0; i < lanes; ++i) {
      p.cols[i] = std::int32_t((at(u, k + i) >> 32) - x.base);
      p.rows[i] = std::int32_t((at(v, k + i) >> 32) - y.base);
    }
  return p;
}

/// Whether all `across` × `down` taps of a group of eight lie in the readable part of a window.
CUBEMILL_HD bool readable(const WindowView& w, const Pattern& p, int across, int down) {
  if (p.consecutive)
    return (p.col + (p.x.by < 0 ? -1 : 0) >= w.left) &
           (p.col + lanes - 1 + across + (p.x.by > 0 ? 1 : 0) <= w.right) &
           (p.row + (p.y.by < 0 ? -1 : 0) >= w.top) &
           (p.row + down + (p.y.by > 0 ? 1 : 0) <= w.bottom);
  bool all = true;
  for (int i = 0; i < lanes; ++i)
    all &= (p.col + p.cols[i] >= w.left) & (p.col + p.cols[i] + across <= w.right) &
           (p.row + p.rows[i] >= w.top) & (p.row + p.rows[i] + down <= w.bottom);
  return all;
}

template <class T>
CUBEMILL_HD T tap_at(const WindowView& w, const Pattern& p, int c, int r) {
  using Pixel = typename T::Pixel;
  const Pixel* const from = w.at<Pixel>(p.col + c, p.row + r);
  if (!p.consecutive) {
    alignas(64) Pixel gathered[lanes];
    for (int i = 0; i < lanes; ++i) gathered[i] = from[p.rows[i] * w.stride + p.cols[i]];
    return T::load(gathered);
  }
  T tap = T::load(from);
  if (p.x.by) tap = T::blend(p.x.steps, T::load(from + p.x.by), tap);
  if (p.y.by) {
    const Pixel* const other = from + p.y.by * w.stride;
    T stepped = T::load(other);
    if (p.x.by) stepped = T::blend(p.x.steps, T::load(other + p.x.by), stepped);
    tap = T::blend(p.y.steps, stepped, tap);
  }
  return tap;
}

/// Weighted mean of the valid taps of eight pixels: cubemill::weigh on lanes. A weight may be
/// negative (cubic).
/// `all`: the sum of all weights, in the same order as they are added here.
template <Storage S, int X, int Y>
CUBEMILL_HD Doubles weighted_mean(const WindowView& w, const Pattern& p, const Doubles (&wx)[X],
                                  const Doubles (&wy)[Y], Doubles all) {
  Taps<S> tap[Y][X];
  bool valid = true;
  for (int r = 0; r < Y; ++r)
    for (int c = 0; c < X; ++c) {
      tap[r][c] = tap_at<Taps<S>>(w, p, c, r);
      valid &= tap[r][c].all_valid();
    }
  if constexpr (X == 1 && Y == 1)
    return select(tap[0][0].missing_mask(), Doubles(missing()), tap[0][0].value(w.key));
  const Doubles zero(0.0);
  Doubles values = zero;
  if (valid) [[likely]] {
    for (int r = 0; r < Y; ++r) {
      Doubles line = zero;
      for (int c = 0; c < X; ++c) line = line + wx[c] * tap[r][c].value(w.key);
      values = values + wy[r] * line;
    }
    return values / all;
  }
  Doubles weights = zero;
  Mask seen = zero != zero;
  for (int r = 0; r < Y; ++r) {
    Doubles line = zero, across = zero;
    for (int c = 0; c < X; ++c) {
      const Mask gone = tap[r][c].missing_mask();
      const Doubles weight = select(gone, zero, wx[c]);
      line = line + weight * select(gone, zero, tap[r][c].value(w.key));
      across = across + weight;
      seen = either(seen, both(weight != zero, wy[r] != zero));
    }
    values = values + wy[r] * line;
    weights = weights + wy[r] * across;
  }
  return select(seen, values / weights, Doubles(missing()));
}

template <int X, int Y>
CUBEMILL_HD Doubles sum_of_weights(const Doubles (&wx)[X], const Doubles (&wy)[Y]) {
  Doubles across(0.0), all(0.0);
  for (int c = 0; c < X; ++c) across = across + wx[c];
  for (int r = 0; r < Y; ++r) all = all + wy[r] * across;
  return all;
}

// ---- one group of eight pixels
// -------------------------------------------------------------------

/// Samples all bands of the group; false when a tap lies outside a window.
template <Storage S, int X, int Y>
CUBEMILL_HD bool sample_eight(const BandGroup& g, const Pattern& p, const Doubles (&wx)[X],
                              const Doubles (&wy)[Y], int at_pixel, RunValues& values) {
  for (int b = 0; b < g.bands; ++b)
    if (!readable(g.window[b], p, X, Y)) return false;
  const Doubles all = sum_of_weights(wx, wy);
  for (int b = 0; b < g.bands; ++b) {
    const Doubles v = weighted_mean<S, X, Y>(g.window[b], p, wx, wy, all);
    store(v * Doubles(g.scale[b]) + Doubles(g.offset[b]), &values[g.slot[b]][at_pixel]);
  }
  return true;
}

template <Storage S, Resampling M>
CUBEMILL_HD bool eight_points(const BandGroup& g, const CentreSegment& s, int k, int at_pixel,
                              RunValues& values) {
  Quadratic u = s.u, v = s.v;
  if constexpr (M != Resampling::nearest) u.a -= half_q32, v.a -= half_q32;
  const Eight x = eight(u, k, 1), y = eight(v, k, 0);
  if constexpr (M == Resampling::nearest) {
    const Doubles one[1] = {Doubles(1.0)};
    return sample_eight<S, 1, 1>(g, pattern(g.where, u, v, x, y, k, 0), one, one, at_pixel, values);
  } else {
    constexpr bool linear = M == Resampling::bilinear;
    constexpr int n = linear ? 2 : 4;
    const Doubles fx = snapped_fraction(fraction_of(x.low)),
                  fy = snapped_fraction(fraction_of(y.low));
    Doubles wx[n], wy[n];
    for (int t = 0; t < n; ++t) {
      wx[t] = linear ? linear_weight(fx, t) : cubic_weight(fx, t);
      wy[t] = linear ? linear_weight(fy, t) : cubic_weight(fy, t);
    }
    return sample_eight<S, n, n>(g, pattern(g.where, u, v, x, y, k, linear ? 0 : -1), wx, wy,
                                 at_pixel, values);
  }
}

template <int N>
CUBEMILL_HD void box_weights(Halves low, const double (&size)[3], Doubles k, Doubles (&w)[N]) {
  const Doubles raw = fraction_of(low);
  const Doubles begin = snapped_fraction(raw), end = snapped_end(raw + box_size(size, k));
  for (int t = 0; t < N; ++t) w[t] = overlap(begin, end, double(t));
}

template <Storage S, int X, int Y>
CUBEMILL_HD bool eight_boxes(const BandGroup& g, const BoxSegment& s, int k, int at_pixel,
                             RunValues& values) {
  const Eight x = eight(s.u, k, 1), y = eight(s.v, k, 0);
  const Doubles ks(SignedHalves(lane_number + std::uint32_t(k)));
  Doubles wx[X], wy[Y];
  box_weights(x.low, s.width, ks, wx);
  box_weights(y.low, s.height, ks, wy);
  return sample_eight<S, X, Y>(g, pattern(g.where, s.u, s.v, x, y, k, 0), wx, wy, at_pixel, values);
}

/// Taps that a box of this size can reach into at most: its size plus where it begins, rounded up.
CUBEMILL_HD int most_taps(const double (&size)[3], int spacing) {
  const double reach = double(spacing) / 2;
  const double slope = size[1] < 0 ? -size[1] : size[1], bend = size[2] < 0 ? -size[2] : size[2];
  const double largest = size[0] + reach * (slope + reach * bend);
  return largest <= 1.0 + edge_tolerance ? 2 : largest <= 2.0 ? 3 : largest <= 4.0 ? 5 : 99;
}

template <Storage S, Resampling M>
CUBEMILL_HD bool group_of_eight(const BandGroup& g, std::size_t segment, int k, int at_pixel,
                                RunValues& values) {
  if constexpr (M == Resampling::average) {
    const BoxSegment& s = g.where.boxes[segment];
    const int across = most_taps(s.width, g.where.spacing),
              down = most_taps(s.height, g.where.spacing);
    if (across == 2 && down == 2) return eight_boxes<S, 2, 2>(g, s, k, at_pixel, values);
    if (across == 2 && down == 3) return eight_boxes<S, 2, 3>(g, s, k, at_pixel, values);
    if (across == 3 && down == 2) return eight_boxes<S, 3, 2>(g, s, k, at_pixel, values);
    if (across == 3 && down == 3) return eight_boxes<S, 3, 3>(g, s, k, at_pixel, values);
    if (across <= 5 && down <= 5) return eight_boxes<S, 5, 5>(g, s, k, at_pixel, values);
    return false;
  } else {
    return eight_points<S, M>(g, g.where.centres[segment], k, at_pixel, values);
  }
}

template <Storage S, Resampling M>
CUBEMILL_HD double one_pixel(const BandGroup& g, int b, std::size_t segment, int k) {
  if constexpr (M == Resampling::average)
    return sample_box<S>(g.where.boxes[segment], k, g.where.left, g.where.top, g.window[b]);
  else
    return sample_point<S, M>(g.where.centres[segment], k, g.where.left, g.where.top, g.window[b]);
}

// ---- a run of 32 pixels
// -----------------------------------------------------------------------------------------------

template <Storage S, Resampling M>
void sample_run(const BandGroup& g, std::int64_t y, std::int32_t x0, std::int32_t count,
                unsigned eights, RunValues& values) {
  const std::size_t row = std::size_t(y * g.where.segments);
  const int spacing = g.where.spacing, half = spacing / 2, shift = __builtin_ctz(unsigned(spacing));
  for (int p = 0; p < count; p += lanes) {
    if (!(eights >> (p / lanes) & 1)) continue;
    if (spacing >= lanes && p + lanes <= count) {
      const int x = x0 + p, segment = x >> shift;
      if (group_of_eight<S, M>(g, row + std::size_t(segment), x - segment * spacing - half, p,
                               values))
        continue;
    }
    for (int i = p; i < p + lanes && i < count; ++i) {
      const int x = x0 + i, segment = x >> shift, k = x - segment * spacing - half;
      for (int b = 0; b < g.bands; ++b)
        values[g.slot[b]][i] =
            one_pixel<S, M>(g, b, row + std::size_t(segment), k) * g.scale[b] + g.offset[b];
    }
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

/// Eight classes with at most one step each way; false when some pixel but not all lie outside the
/// window.
CUBEMILL_HD bool eight_classes(const CoordinateView& where, const WindowView& w,
                               const CentreSegment& s, std::int32_t k, std::uint8_t* classes) {
  const Eight x = eight(s.u, k, 1), y = eight(s.v, k, 0);
  if (!(x.near & y.near)) return false;
  const std::int64_t col = x.base - where.left, row = y.base - where.top;
  if ((col > w.right) | (col + lanes < w.left) | (row > w.bottom) | (row + 1 < w.top)) {
    __builtin_memset(classes, qa_missing, lanes);
    return true;
  }
  if ((col + (x.by < 0 ? -1 : 0) < w.left) | (col + lanes + (x.by > 0 ? 1 : 0) > w.right) |
      (row + (y.by < 0 ? -1 : 0) < w.top) | (row + 1 + (y.by > 0 ? 1 : 0) > w.bottom))
    return false;
  const auto load = [](const std::uint8_t* from) {
    std::uint64_t eight;
    __builtin_memcpy(&eight, from, sizeof eight);
    return eight;
  };
  const auto blend = [](std::uint64_t take, std::uint64_t a, std::uint64_t b) {
    return (a & take) | (b & ~take);
  };
  const std::uint8_t* const from = w.at<std::uint8_t>(col, row);
  const std::uint64_t across = x.by ? narrowed_bytes(x.steps) : 0;
  std::uint64_t value = load(from);
  if (x.by) value = blend(across, load(from + x.by), value);
  if (y.by) {
    const std::uint8_t* const other = from + y.by * w.stride;
    std::uint64_t stepped = load(other);
    if (x.by) stepped = blend(across, load(other + x.by), stepped);
    value = blend(narrowed_bytes(y.steps), stepped, value);
  }
  __builtin_memcpy(classes, &value, sizeof value);
  return true;
}

inline void sample_classes(const CoordinateView& where, const WindowView& w, std::int64_t y,
                           std::int32_t width, std::uint8_t* classes) {
  const CentreSegment* const row = where.centres + y * where.segments;
  const int spacing = where.spacing, half = spacing / 2, shift = __builtin_ctz(unsigned(spacing));
  for (int x = 0; x < width; x += lanes) {
    const int segment = x >> shift, k = x - segment * spacing - half;
    if (spacing >= lanes && x + lanes <= width &&
        eight_classes(where, w, row[segment], k, classes + x))
      continue;
    for (int i = x; i < x + lanes && i < width; ++i) {
      const CentreSegment& s = row[i >> shift];
      const int ki = (i & (spacing - 1)) - half;
      const std::int64_t col = (at(s.u, ki) >> 32) - where.left,
                         line = (at(s.v, ki) >> 32) - where.top;
      classes[i] =
          w.contains(col, line) ? *w.at<std::uint8_t>(col, line) : std::uint8_t(qa_missing);
    }
  }
}

// ---- index and fold
// ---------------------------------------------------------------------------------------------------

template <class Index>
void evaluate_run(const double* const* band, double* out) {
  constexpr std::size_t n = Index::bands.size();
  for (int i = 0; i < run_length; i += lanes) {
    Doubles b[n];
    for (std::size_t j = 0; j < n; ++j) b[j] = load_doubles(band[j] + i);
    store(Index::value(b), out + i);
  }
}

template <std::size_t... I>
void evaluate_one(std::index_sequence<I...>, std::int32_t index, const double* const* band,
                  double* out) {
  (void)((index == std::int32_t(I) &&
          (evaluate_run<std::tuple_element_t<I, AllIndices>>(band, out), true)) ||
         ...);
}

inline void evaluate(std::int32_t index, const double* const* band, double* out) {
  evaluate_one(std::make_index_sequence<index_count>(), index, band, out);
}

inline void fold_packed(const double* values, const std::uint8_t* good, PackedSum* sums) {
  for (int i = 0; i < run_length; ++i)
    sums[i].bits += PackedSum::term(values[i]) & (std::uint64_t(0) - std::uint64_t(good[i]));
}

inline void fold_wide(const double* values, const std::uint8_t* good, WideSum* sums,
                      std::int32_t count) {
  for (int i = 0; i < count; ++i)
    if (good[i]) sums[i].add(values[i]);
}

// The bits of a packed sum are turned into doubles by laying them under a known exponent: there is
// no vector conversion of 64-bit integers before AVX-512. Exact, so the same as PackedSum::mean.
inline void finish_packed(const PackedSum* __restrict sums, std::int32_t count,
                          float* __restrict means, std::uint32_t* __restrict counts) {
  constexpr std::uint64_t one = std::uint64_t(1) << 52;
  for (std::int32_t i = 0; i < count; ++i) {
    const std::uint64_t biased = sums[i].bits + one / 2, n = biased >> 52;
    const double sum =
        __builtin_bit_cast(double, 0x40B0000000000000u | (biased & (one - 1))) - PackedSum::magic;
    const double number = __builtin_bit_cast(double, 0x4330000000000000u | n) - 0x1p52;
    means[i] = n ? float(sum / number) : __builtin_nanf("");
    counts[i] = std::uint32_t(n);
  }
}

inline PassKernels kernels(const char* name) {
  return {name, sample, sample_classes, evaluate, fold_packed, fold_wide, finish_packed};
}

}  // namespace cubemill::CUBEMILL_TARGET
