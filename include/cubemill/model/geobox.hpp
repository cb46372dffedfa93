// GeoBox: CRS + affine + shape, as odc-geo has it. Row-major, x to the right, y down. Plain values.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "cubemill/model/crs.hpp"

namespace cubemill {

struct Point {
  double x = 0;
  double y = 0;
};

/// x = a·col + b·row + c, y = d·col + e·row + f (the order of rasterio's Affine). Pixel (0, 0)
/// spans 0…1.
struct Affine {
  double a = 1, b = 0, c = 0, d = 0, e = 1, f = 0;

  Point apply(double col, double row) const {
    return {a * col + b * row + c, d * col + e * row + f};
  }
  double determinant() const { return a * e - b * d; }
  /// Throws InvalidInput when degenerate.
  Affine inverse() const;
  /// Whether rows and columns run along the axes.
  bool axis_aligned() const { return b == 0 && d == 0; }
  bool operator==(const Affine&) const = default;
};

struct Box {  ///< an axis-parallel rectangle in some CRS
  double left = 0, bottom = 0, right = 0, top = 0;
  bool intersects(const Box& o) const {
    return left < o.right && o.left < right && bottom < o.top && o.bottom < top;
  }
};

struct GeoBox {
  Crs crs;
  Affine transform;
  std::int64_t width = 0;
  std::int64_t height = 0;

  Box bounds() const;
  /// The outline with `per_side` points a side, clockwise from the top left, in the CRS of the box.
  std::vector<Point> outline(int per_side) const;
  std::int64_t pixels() const { return width * height; }
  /// The same ground in another number of pixels.
  GeoBox resized(std::int64_t columns, std::int64_t rows) const;
};

/// The rectangle around the densified outline of `box` (in `from`), in `to`. A box in degrees whose
/// west is east of its east crosses the antimeridian. Throws InvalidInput when nothing of it can be
/// projected.
Box project_box(const Box& box, const Crs& from, const Crs& to);

}  // namespace cubemill
