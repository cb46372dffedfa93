// The values of eight pixels at one tap, and their weighted mean: consecutive pixels are loaded,
// steps blended in, scattered ones gathered one by one.
#pragma once
#include <type_traits>

#include "backend/lane_places.hpp"
#include "cubemill/pixel/sample.hpp"

namespace cubemill::CUBEMILL_TARGET {

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
  CUBEMILL_HD Doubles value(std::uint16_t key) const { return Doubles(Number(raw ^ key)); }
  CUBEMILL_HD Mask missing_mask() const { return widened(raw == Words{}); }
  /// Of many taps: the least word is 0 where one is missing.
  struct Presence {
    Words least = ~Words{};
    CUBEMILL_HD void see(WordTaps tap) { least = smaller(least, tap.raw); }
    CUBEMILL_HD bool all() const { return !any_zero(least); }
  };
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
  CUBEMILL_HD Doubles value(std::uint16_t) const { return raw; }
  CUBEMILL_HD Mask missing_mask() const { return raw != raw; }
  struct Presence {
    Mask gone{};
    CUBEMILL_HD void see(FloatTaps tap) { gone = either(gone, tap.missing_mask()); }
    CUBEMILL_HD bool all() const { return !any(gone); }
  };
};

template <Storage S>
using Taps = std::conditional_t<
    S == Storage::u16, WordTaps<Words>,
    std::conditional_t<S == Storage::i16, WordTaps<SignedWords>,
                       FloatTaps<std::conditional_t<S == Storage::f32, float, double>>>>;

/// Neighbouring taps of one row; `from` is the first lane's.
template <class T, int X>
CUBEMILL_HD void load_row(const typename T::Pixel* from, const Eight& x, T (&tap)[X]) {
  if (x.by == 0) {
    for (int c = 0; c < X; ++c) tap[c] = T::load(from + c);
    return;
  }
  T raw[X + 1];  // each tap of a lane that steps is its neighbour's
  for (int c = 0; c <= X; ++c) raw[c] = T::load(from + c + (x.by < 0 ? -1 : 0));
  for (int c = 0; c < X; ++c)
    tap[c] =
        x.by > 0 ? T::blend(x.steps, raw[c + 1], raw[c]) : T::blend(x.steps, raw[c], raw[c + 1]);
}

template <class T, int X, int Y>
[[gnu::noinline]] void gather_taps(const typename T::Pixel* from, std::int64_t stride,
                                   const Scattered& at, T (&tap)[Y][X]) {
  for (int r = 0; r < Y; ++r)
    for (int c = 0; c < X; ++c) {
      alignas(64) typename T::Pixel gathered[lanes];
      for (int i = 0; i < lanes; ++i)
        gathered[i] = from[(r + at.rows[i]) * stride + c + at.cols[i]];
      tap[r][c] = T::load(gathered);
    }
}

template <class T, int X, int Y>
CUBEMILL_HD void load_taps(const WindowView& w, const Pattern& p, T (&tap)[Y][X]) {
  using Pixel = typename T::Pixel;
  const Pixel* const from = w.at<Pixel>(p.col, p.row);
  if (p.scattered) {
    gather_taps(from, w.stride, *p.scattered, tap);
  } else if (p.y.by == 0) {
    for (int r = 0; r < Y; ++r) load_row(from + r * w.stride, p.x, tap[r]);
  } else {
    T row[Y + 1][X];
    for (int r = 0; r <= Y; ++r)
      load_row(from + (r + (p.y.by < 0 ? -1 : 0)) * w.stride, p.x, row[r]);
    for (int r = 0; r < Y; ++r)
      for (int c = 0; c < X; ++c)
        tap[r][c] = p.y.by > 0 ? T::blend(p.y.steps, row[r + 1][c], row[r][c])
                               : T::blend(p.y.steps, row[r][c], row[r + 1][c]);
  }
}

/// Weighted mean of the valid taps of eight pixels: cubemill::weigh on lanes. A weight may be
/// negative (cubic).
/// `all`: the sum of all weights, in the same order as they are added here; `unit`: it is 1.
template <Storage S, int X, int Y>
CUBEMILL_HD Doubles weighted_mean(const WindowView& w, const Pattern& p, const Doubles (&wx)[X],
                                  const Doubles (&wy)[Y], Doubles all, bool unit) {
  Taps<S> tap[Y][X];
  load_taps(w, p, tap);
  if constexpr (X == 1 && Y == 1)
    return select(tap[0][0].missing_mask(), Doubles(missing()), tap[0][0].value(w.key));
  typename Taps<S>::Presence presence;
  for (int r = 0; r < Y; ++r)
    for (int c = 0; c < X; ++c) presence.see(tap[r][c]);
  const Doubles zero(0.0);
  Doubles values = zero;
  if (presence.all()) [[likely]] {
    for (int r = 0; r < Y; ++r) {
      Doubles line = zero;
      for (int c = 0; c < X; ++c) line = line + wx[c] * tap[r][c].value(w.key);
      values = values + wy[r] * line;
    }
    return unit ? values : values / all;
  }
  Doubles weights = zero;
  Mask seen = zero != zero;
  for (int r = 0; r < Y; ++r) {
    Doubles line = zero, across = zero;
    for (int c = 0; c < X; ++c) {
      const Mask none = tap[r][c].missing_mask();
      const Doubles weight = select(none, zero, wx[c]);
      line = line + weight * select(none, zero, tap[r][c].value(w.key));
      across = across + weight;
      seen = either(seen, both(weight != zero, wy[r] != zero));
    }
    values = values + wy[r] * line;
    weights = weights + wy[r] * across;
  }
  return select(seen, values / weights, Doubles(missing()));
}

}  // namespace cubemill::CUBEMILL_TARGET
