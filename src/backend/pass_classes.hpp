// QA classes of the pixels of a row, by nearest: one byte a pixel. Coordinates are stepped from
// pixel to pixel by their differences, which is exact for integers and leaves ten instructions a
// pixel.
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
  } else if (inside) {
    const std::uint8_t* const corner = w.at<std::uint8_t>(left, top);
    Steps x(s.u, k, u.first), y(s.v, k, v.first);
    for (std::int32_t i = 0; i < count; ++i, x.next(), y.next())
      classes[i] = corner[(y.value >> 32) * w.stride + (x.value >> 32)];
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
