// Where eight neighbouring output pixels lie in a source window: in consecutive columns of one row,
// perhaps with one step in each direction, or scattered.
#pragma once
#include "backend/lanes.hpp"
#include "cubemill/backend/pass.hpp"

namespace cubemill::CUBEMILL_TARGET {

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

/// How far the coordinates of a segment depart from one pixel's step a lane (across) or none
/// (down), to which side: known once for all of its groups of eight.
enum class Course {
  none,   // not at all
  forth,  // forwards, by less than a pixel over eight lanes
  back,   // backwards, likewise
  any     // to be found out for every eight
};

/// `stride`: by how much the base is expected to grow from lane to lane (1 across, 0 down).
CUBEMILL_HD Course course(const Quadratic& q, std::int32_t spacing, std::int32_t stride) {
  const std::int64_t line = std::int64_t(stride) << 32, most = one_q32 / (lanes - 1);
  if ((q.b == line) & (q.c == 0)) return Course::none;
  // Between the first two pixels, and the last two: others lie between.
  const std::int64_t first = q.b + q.c * (1 - spacing) - line,
                     last = q.b + q.c * (spacing - 3) - line;
  if ((first >= 0) & (last >= 0) & (first < most) & (last < most)) return Course::forth;
  if ((first <= 0) & (last <= 0) & (first > -most) & (last > -most)) return Course::back;
  return Course::any;
}

CUBEMILL_HD Halves low_halves(const Quadratic& q, std::int32_t k) {
  const Halves n = lane_number + std::uint32_t(k);
  return std::uint32_t(q.a) + n * (std::uint32_t(q.b) + n * std::uint32_t(q.c));
}

/// Of a segment whose course is not known.
CUBEMILL_HD Eight eight_of_any_course(const Quadratic& q, std::int32_t k, std::int32_t stride) {
  const std::int64_t first = at(q, k), line = std::int64_t(stride) << 32;
  const Halves start = Halves{} + std::uint32_t(first);
  Eight e{first >> 32, start, SignedHalves{}, 0, true};
  // Differences of the quadratic: between the first two lanes, the last two, and the first and the
  // last.
  const std::int64_t begins = q.b + q.c * (2 * k + 1) - line,
                     ends = q.b + q.c * (2 * k + 2 * lanes - 3) - line;
  const std::int64_t drift = (lanes - 1) * (q.b + q.c * (2 * k + lanes - 1) - line);
  e.low = low_halves(q, k);
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

CUBEMILL_HD Eight eight(const Quadratic& q, std::int32_t k, std::int32_t stride, Course course) {
  if (course == Course::any) [[unlikely]]
    return eight_of_any_course(q, k, stride);
  const std::int64_t first = at(q, k);
  const Halves start = Halves{} + std::uint32_t(first);
  Eight e{first >> 32, start, SignedHalves{}, 0, true};
  if (course == Course::none) return e;
  e.low = low_halves(q, k);
  e.steps = course == Course::forth ? e.low < start : e.low > start;
  if (any(e.steps)) e.by = course == Course::forth ? 1 : -1;
  return e;
}

/// Base pixels between which those of `count` neighbours from k on lie: the ends, and how far the
/// curve may bulge beyond them.
struct Range {
  std::int64_t first, last;
  CUBEMILL_HD Range(const Quadratic& q, std::int32_t k, std::int32_t count) {
    const std::int64_t a = at(q, k), b = at(q, k + count - 1);
    const std::int64_t bulge = (q.c < 0 ? -q.c : q.c) * std::int64_t(count) * count;
    first = ((a < b ? a : b) - bulge) >> 32;
    last = ((a < b ? b : a) + bulge) >> 32;
  }
};

CUBEMILL_HD Doubles fraction_of(Halves low) {
  return raw_fraction<Doubles>(SignedHalves(low >> 1));
}

/// Where eight pixels lie that are not side by side, by lane, relative to the first. What is done
/// with them stays out of line: it is rare at the resolution of the scene, and what the compiler
/// prepares for it would be paid for by all.
struct Scattered {
  std::int32_t cols[lanes], rows[lanes];
};

[[gnu::noinline]] inline void scatter(const Quadratic& u, const Quadratic& v, std::int32_t k,
                                      Scattered& s) {
  const std::int64_t col = at(u, k) >> 32, row = at(v, k) >> 32;
  for (int i = 0; i < lanes; ++i) {
    s.cols[i] = std::int32_t((at(u, k + i) >> 32) - col);
    s.rows[i] = std::int32_t((at(v, k + i) >> 32) - row);
  }
}

/// Where the first taps of eight pixels lie in a scene, and in which of three shapes.
struct Pattern {
  std::int64_t col, row;  // of the first lane
  const Eight& x;
  const Eight& y;
  const Scattered* scattered;  // null: columns grow by one and rows stay, but for one step each
};

/// `first_tap`: offset of the first tap from the base pixel; `room`: for what the pattern points
/// to.
CUBEMILL_HD Pattern pattern(const CoordinateView& where, const Quadratic& u, const Quadratic& v,
                            const Eight& x, const Eight& y, std::int32_t k, std::int64_t first_tap,
                            Scattered& room) {
  const bool is_scattered = !(x.near & y.near);
  if (is_scattered) [[unlikely]]
    scatter(u, v, k, room);
  return {x.base - where.left + first_tap, y.base - where.top + first_tap, x, y,
          is_scattered ? &room : nullptr};
}

/// Whether all taps of scattered pixels lie in the readable part of a window.
[[gnu::noinline]] inline bool are_readable(const WindowView& w, const Pattern& p, int across,
                                           int down) {
  bool all = true;
  for (int i = 0; i < lanes; ++i) {
    const std::int64_t col = p.col + p.scattered->cols[i], row = p.row + p.scattered->rows[i];
    all &= (col >= w.left) & (col + across <= w.right) & (row >= w.top) & (row + down <= w.bottom);
  }
  return all;
}

/// Whether all `across` × `down` taps of a group of eight lie in the readable part of a window.
CUBEMILL_HD bool readable(const WindowView& w, const Pattern& p, int across, int down) {
  if (p.scattered) return are_readable(w, p, across, down);
  return (p.col + (p.x.by < 0 ? -1 : 0) >= w.left) &
         (p.col + lanes - 1 + across + (p.x.by > 0 ? 1 : 0) <= w.right) &
         (p.row + (p.y.by < 0 ? -1 : 0) >= w.top) &
         (p.row + down + (p.y.by > 0 ? 1 : 0) <= w.bottom);
}

/// Whether no tap of a group of eight lies in the readable part of a window.
CUBEMILL_HD bool outside(const WindowView& w, const Pattern& p, int across, int down) {
  return (p.scattered == nullptr) & ((p.col + lanes + across <= w.left) | (p.col - 1 >= w.right) |
                                     (p.row + 1 + down <= w.top) | (p.row - 1 >= w.bottom));
}

}  // namespace cubemill::CUBEMILL_TARGET
