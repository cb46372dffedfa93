// QA classes of the pixels of a row, by nearest: one byte a pixel. A run that crosses a few rows is
// put together of them; otherwise coordinates are stepped from pixel to pixel by their differences,
// which is exact for integers and leaves ten instructions a pixel.
#pragma once
#include <cstring>

#include "backend/lane_places.hpp"
#include "cubemill/backend/pass.hpp"
#include "cubemill/pixel/qa_rule.hpp"

namespace cubemill::CUBEMILL_TARGET {

/// Goes through the values of a quadratic at k, k + 1, …, in pixels from `origin`.
struct Steps {
  std::int64_t value, difference, second;
  CUBEMILL_HD Steps(const Quadratic& q, std::int32_t k, std::int64_t origin)
      : value(at(q, k) - (origin << 32)), difference(q.b + q.c * (2 * k + 1)), second(2 * q.c) {}
  CUBEMILL_HD void next() {
    value += difference;
    difference += second;
  }
};

/// Where a coordinate that departs slowly from its first one enters the next pixels.
struct Departures {
  std::int64_t slope, curvature;  // i pixels on it has departed by i·(slope + i·curvature)
  std::int64_t first;             // and needs that much to leave its pixel
  double pixels_per_unit;
  CUBEMILL_HD Departures(const Quadratic& q, std::int32_t k, std::int32_t towards)
      : slope(towards * (q.b + 2 * q.c * k)),
        curvature(towards * q.c),
        first(towards > 0 ? one_q32 - low_half(at(q, k)) : low_half(at(q, k)) + 1),
        pixels_per_unit(1.0 / double(slope)) {}
  /// Whether curvature shifts no place within a run by more than half a pixel.
  CUBEMILL_HD bool are_straight() const {
    const std::int64_t bulge = (curvature < 0 ? -curvature : curvature) * run_length * run_length;
    return 2 * bulge < slope;
  }
  CUBEMILL_HD std::int64_t after(std::int64_t i) const { return i * (slope + i * curvature); }
  /// The first pixel that lies `nth` pixels on; of straight ones.
  CUBEMILL_HD std::int64_t begin(std::int32_t nth) const {
    const std::int64_t needed = first + std::int64_t(nth - 1) * one_q32;
    std::int64_t i = std::int64_t(double(needed) * pixels_per_unit);
    i += after(i) < needed;
    return i + (after(i) < needed);
  }
  static CUBEMILL_HD std::int64_t low_half(std::int64_t x) { return x & (one_q32 - 1); }
};

/// Classes of a whole run that keeps to its columns and crosses a few rows, each of which is read
/// at once: where it crosses them nobody could foresee, so nothing is branched on it. False when
/// the run is another one; all pixels lie in the window.
CUBEMILL_HD bool classes_of_rows(const CoordinateView& where, const WindowView& w,
                                 const CentreSegment& s, std::int32_t k, std::uint8_t* classes) {
#ifdef __AVX2__
  constexpr std::int32_t last = run_length - 1, most = 3;
  const std::int64_t col = at(s.u, k) >> 32, row = at(s.v, k) >> 32;
  const Course across = course(s.u, where.spacing, 1), down = course(s.v, where.spacing, 0);
  if ((across == Course::any) | (down == Course::any) | (down == Course::none)) return false;
  const std::int32_t towards = down == Course::forth ? 1 : -1;
  const Departures rows(s.v, k, towards);
  if (!rows.are_straight() | ((at(s.u, k + last) >> 32) - col != last)) return false;
  const auto crossed = std::int32_t(rows.after(last) >> 32) + 1;  // or one less
  const std::int64_t end = row - where.top + towards * crossed;
  if ((crossed > most) | (end < w.top) | (end >= w.bottom)) return false;
  const std::uint8_t* from = w.at<std::uint8_t>(col - where.left, row - where.top);
  const __m256i pixel_numbers =
      _mm256_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                       22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
  __m256i found = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  for (std::int32_t nth = 1; nth <= crossed; ++nth) {
    from += towards * w.stride;
    const std::int64_t begin = rows.begin(nth);
    const __m256i beyond = _mm256_cmpgt_epi8(
        pixel_numbers, _mm256_set1_epi8(char(begin < run_length ? begin - 1 : last)));
    found = _mm256_blendv_epi8(found, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)),
                               beyond);
  }
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(classes), found);
  return true;
#else
  (void)where, (void)w, (void)s, (void)k, (void)classes;
  return false;
#endif
}

/// Classes of `count` neighbours in one segment, the first at k.
CUBEMILL_HD void classes_of_segment(const CoordinateView& where, const WindowView& w,
                                    const CentreSegment& s, std::int32_t k, std::int32_t count,
                                    std::uint8_t* __restrict classes) {
  const Range u(s.u, k, count), v(s.v, k, count);
  const std::int64_t left = u.first - where.left, right = u.last - where.left,
                     top = v.first - where.top, bottom = v.last - where.top;
  if ((right < w.left) | (left >= w.right) | (bottom < w.top) | (top >= w.bottom)) {
    std::memset(classes, qa_missing, std::size_t(count));
    return;
  }
  const bool inside = (left >= w.left) & (right < w.right) & (top >= w.top) & (bottom < w.bottom);
  if (inside && is_shift(s.u, s.v)) {
    std::memcpy(classes, w.at<std::uint8_t>(left, top), std::size_t(count));
  } else if (inside && count == run_length && classes_of_rows(where, w, s, k, classes)) {
    return;
  } else if (inside) {
    const std::uint8_t* const corner = w.at<std::uint8_t>(left, top);
    Steps x(s.u, k, u.first), y(s.v, k, v.first);
    for (std::int32_t i = 0; i < count; ++i, x.next(), y.next())
      classes[i] = corner[(y.value >> 32) * w.stride + (x.value >> 32)];
  } else if (count > run_length) {  // a long segment over the window's edge
    for (std::int32_t i = 0; i < count; i += run_length)
      classes_of_segment(where, w, s, k + i, count - i < run_length ? count - i : run_length,
                         classes + i);
  } else {
    Steps x(s.u, k, where.left), y(s.v, k, where.top);
    for (std::int32_t i = 0; i < count; ++i, x.next(), y.next()) {
      const std::int64_t col = x.value >> 32, row = y.value >> 32;
      classes[i] = w.contains(col, row) ? *w.at<std::uint8_t>(col, row) : std::uint8_t(qa_missing);
    }
  }
}

inline void sample_classes(const CoordinateView& where, const WindowView& w, std::int64_t y,
                           std::int32_t width, std::uint8_t* classes) {
  const CentreSegment* const row = where.centres + y * where.segments;
  const std::int32_t spacing = where.spacing;
  for (std::int32_t x = 0, segment = 0; x < width; x += spacing, ++segment) {
    const std::int32_t count = width - x < spacing ? width - x : spacing;
    classes_of_segment(where, w, row[segment], -(spacing / 2), count, classes + x);
  }
}

}  // namespace cubemill::CUBEMILL_TARGET
