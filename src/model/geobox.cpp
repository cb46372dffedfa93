#include "cubemill/model/geobox.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "cubemill/base/error.hpp"

namespace cubemill {

Affine Affine::inverse() const {
  const double det = determinant();
  if (!(std::fabs(det) > 0) || !std::isfinite(det))
    throw InvalidInput("a grid transform is degenerate (its pixel has no area)");
  const double ia = e / det, ib = -b / det, id = -d / det, ie = a / det;
  return {ia, ib, -(ia * c + ib * f), id, ie, -(id * c + ie * f)};
}

Box GeoBox::bounds() const {
  Box box{std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity(),
          -std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  for (const double col : {0.0, double(width)})
    for (const double row : {0.0, double(height)}) {
      const Point p = transform.apply(col, row);
      box.left = std::min(box.left, p.x), box.right = std::max(box.right, p.x);
      box.bottom = std::min(box.bottom, p.y), box.top = std::max(box.top, p.y);
    }
  return box;
}

std::vector<Point> GeoBox::outline(int per_side) const {
  std::vector<Point> points;
  points.reserve(std::size_t(4) * std::size_t(per_side));
  const double w = double(width), h = double(height);
  for (int side = 0; side < 4; ++side)
    for (int i = 0; i < per_side; ++i) {
      const double t = double(i) / per_side;
      const double col = side == 0 ? t * w : side == 1 ? w : side == 2 ? (1 - t) * w : 0;
      const double row = side == 0 ? 0 : side == 1 ? t * h : side == 2 ? h : (1 - t) * h;
      points.push_back(transform.apply(col, row));
    }
  return points;
}

GeoBox GeoBox::resized(std::int64_t columns, std::int64_t rows) const {
  const auto side = [](double step, std::int64_t from, std::int64_t to) {
    return from == to ? step : step * double(from) / double(to);
  };
  const Affine& t = transform;
  return {crs,
          {side(t.a, width, columns), side(t.b, height, rows), t.c, side(t.d, width, columns),
           side(t.e, height, rows), t.f},
          columns,
          rows};
}

namespace {

// Bounds of the points, with longitudes unwrapped around the first one when `degrees` (so that a
// box across 180° stays one piece; its right side may then exceed 180).
Box bounds_of(const std::vector<double>& x, const std::vector<double>& y, bool degrees) {
  Box box{HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
  double reference = HUGE_VAL;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(x[i]) || !std::isfinite(y[i])) continue;
    double lon = x[i];
    if (degrees) {
      if (!std::isfinite(reference)) reference = lon;
      lon += 360 * std::round((reference - lon) / 360);
    }
    box.left = std::min(box.left, lon), box.right = std::max(box.right, lon);
    box.bottom = std::min(box.bottom, y[i]), box.top = std::max(box.top, y[i]);
  }
  return box;
}

// This thread's transformer between two systems: boxes come by the thousand, and making one costs a
// search.
Transformer& transformer_between(const Crs& from, const Crs& to) {
  thread_local std::map<std::pair<std::string, std::string>, Transformer> made;
  const std::pair<std::string, std::string> key{from.wkt(), to.wkt()};
  const auto found = made.find(key);
  return found != made.end()
             ? found->second
             : made.emplace(key, Transformer(from, to, Transformer::Need::rough)).first->second;
}

}  // namespace

Box project_box(const Box& box, const Crs& from, const Crs& to) {
  Box source = box;
  if (from.geographic() && source.right < source.left) source.right += 360;
  if (from.same(to)) return source;
  constexpr int per_side = 64;
  const GeoBox outline_box{
      from,
      {(source.right - source.left), 0, source.left, 0, source.bottom - source.top, source.top},
      1,
      1};
  std::vector<double> x, y;
  for (const Point& p : outline_box.outline(per_side)) x.push_back(p.x), y.push_back(p.y);
  // The middle too: a box around a pole has its extreme inside.
  x.push_back((source.left + source.right) / 2), y.push_back((source.bottom + source.top) / 2);
  transformer_between(from, to).forward(x.data(), y.data(), x.size());
  const Box out = bounds_of(x, y, to.geographic());
  if (!(out.left < out.right && out.bottom < out.top))
    throw InvalidInput("the area cannot be projected from " + from.name() + " to " + to.name());
  return out;
}

}  // namespace cubemill
