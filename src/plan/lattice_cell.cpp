#include "plan/lattice_cell.hpp"

#include <algorithm>
#include <cmath>

#include "cubemill/base/wide_loops.hpp"

namespace cubemill {
namespace {

constexpr int coarsest = 32;
constexpr int finest = 2;
constexpr double affine_error = 2e-9;  // what rounding leaves of it: far below Lattice::error_limit

// Places too far away for fixed point are beyond every raster, as if they did not project.
double rounded(double x) {
  return std::fabs(x) < 0x1p29 ? std::rint(x * 0x1p30) * 0x1p-30 : HUGE_VAL;
}
std::int64_t q32(double x) { return std::llrint(x * 0x1p32); }

Quadratic quadratic(double a, double b, double c, std::int64_t add) {
  return {q32(a) + add, q32(b), q32(c)};
}

// Weights of four equally spaced nodes at t between the middle two (Lagrange).
struct Cubic {
  double w[4];
  explicit Cubic(double t)
      : w{-t * (t - 1) * (t - 2) / 6, (t + 1) * (t - 1) * (t - 2) / 2, -(t + 1) * t * (t - 2) / 2,
          (t + 1) * t * (t - 1) / 6} {}
};

// The cubic through four nodes about the middle of the middle interval, without its k³ term: what
// that term is worth is part of the measured error.
Parabola parabola(double z0, double z1, double z2, double z3, double spacing) {
  return {(9 * (z1 + z2) - (z0 + z3)) / 16, ((z0 - z3) + 27 * (z2 - z1)) / (24 * spacing),
          ((z0 + z3) - (z1 + z2)) / (4 * spacing * spacing)};
}

// p(k) as the pass works it out, in fixed point.
double as_evaluated(const Parabola& p, double k) {
  const Quadratic q = quadratic(p.value, p.slope, p.curvature, 0);
  return double(at(q, std::int32_t(k))) * 0x1p-32;
}

// p(k + h) as parabolas in k.
void shift(const Parabolas& p, double h, std::size_t count, Parabolas& out) {
  for (std::size_t s = 0; s < count; ++s) {
    out.value[s] = p.value[s] + h * (p.slope[s] + h * p.curvature[s]);
    out.slope[s] = p.slope[s] + 2 * h * p.curvature[s];
    out.curvature[s] = p.curvature[s];
  }
}

/// A side of the boxes of a row of segments: the smaller corner and the size.
struct BoxSides {
  Parabolas corner, size;
};

// Of boxes whose opposite corners run along `a` and `b`.
void make_sides(const Parabolas& a, const Parabolas& b, std::size_t count, BoxSides& out) {
  for (std::size_t s = 0; s < count; ++s) {
    const bool grows = b.value[s] >= a.value[s];
    const auto part = [&](double of_a, double of_b, double& low, double& size) {
      low = grows ? of_a : of_b;
      size = (grows ? of_b : of_a) - low;
    };
    part(a.value[s], b.value[s], out.corner.value[s], out.size.value[s]);
    part(a.slope[s], b.slope[s], out.corner.slope[s], out.size.slope[s]);
    part(a.curvature[s], b.curvature[s], out.corner.curvature[s], out.size.curvature[s]);
  }
}

Quadratic quadratic(const Parabolas& p, std::size_t s) {
  return quadratic(p.value[s], p.slope[s], p.curvature[s], edge_tolerance_q32);
}

BoxSegment box_segment(const BoxSides& u, const BoxSides& v, std::size_t s) {
  return {quadratic(u.corner, s),
          quadratic(v.corner, s),
          {u.size.value[s], u.size.slope[s], u.size.curvature[s]},
          {v.size.value[s], v.size.slope[s], v.size.curvature[s]}};
}

// The box between two points.
BoxSegment box_between(Point a, Point b) {
  const auto corner = [](double p, double q) {
    return quadratic(std::min(p, q), 0, 0, edge_tolerance_q32);
  };
  return {corner(a.x, b.x),
          corner(a.y, b.y),
          {std::fabs(b.x - a.x), 0, 0},
          {std::fabs(b.y - a.y), 0, 0}};
}

}  // namespace

LatticeCell::LatticeCell(const PixelWindow& window, const ExactMap& map) : window_(window) {
  if (make_affine(map)) return;
  for (int spacing = coarsest; spacing >= finest; spacing /= 2) {
    make_nodes(spacing, map);
    if (!any_finite()) {
      spacing_ = 0;
      nodes_ = {};
      return;
    }
    if (!all_finite()) break;
    error_ = measure(map);
    if (error_ < Lattice::error_limit) return;
  }
  make_exact(map);
}

void LatticeCell::make_nodes(int spacing, const ExactMap& map) {
  spacing_ = spacing;
  across_ = std::size_t((window_.width + spacing - 1) / spacing + 3);
  down_ = std::size_t((window_.height + spacing - 1) / spacing + 3);
  const std::size_t count = across_ * down_;
  nodes_.resize(2 * count);
  for (std::size_t r = 0; r < down_; ++r)
    for (std::size_t c = 0; c < across_; ++c) {
      nodes_[r * across_ + c] = double(window_.x + (std::int64_t(c) - 1) * spacing);
      nodes_[count + r * across_ + c] = double(window_.y + (std::int64_t(r) - 1) * spacing);
    }
  map(nodes_.data(), nodes_.data() + count, count);
  for (double& x : nodes_) x = rounded(x);
}

// Three corners of the cell, whole whatever its window; and two points more, to see at once that
// most maps are not affine. Slopes are such that fixed point holds them.
bool LatticeCell::make_affine(const ExactMap& map) {
  constexpr double side = Lattice::cell_size;
  constexpr std::size_t points = 5;
  std::vector<double> nodes(2 * points);
  for (std::size_t i = 0; i < points; ++i) {
    constexpr double across[points] = {0, 1, 0, 1, 0.5}, down[points] = {0, 0, 1, 1, 0.5};
    nodes[i] = double(window_.x) + side * across[i];
    nodes[points + i] = double(window_.y) + side * down[i];
  }
  map(nodes.data(), nodes.data() + points, points);
  for (std::size_t d = 0; d < 2; ++d) {
    const double* const node = &nodes[d * points];
    const auto slope = [&](int to) {
      return std::rint((node[to] - node[0]) / side * 0x1p32) * 0x1p-32;
    };
    AffineCoordinate& c = affine_[d];
    c = {rounded(node[0]), slope(1), slope(2)};
    if (!(std::fabs(c.origin + (c.across + c.down) * side - node[3]) < affine_error) ||
        !(std::fabs(c.origin + (c.across + c.down) * side / 2 - node[4]) < affine_error))
      return false;
  }
  is_affine_ = true;
  space_affine();
  error_ = measure(map);
  is_affine_ = error_ < affine_error;
  return is_affine_;
}

// As long as fixed point holds the slope exactly, a segment may be as long as the cell.
void LatticeCell::space_affine() {
  const auto is_exact = [](double slope) { return slope * 0x1p32 == std::rint(slope * 0x1p32); };
  spacing_ =
      is_exact(affine_[0].across) && is_exact(affine_[1].across) ? Lattice::cell_size : coarsest;
  across_ = std::size_t((window_.width + spacing_ - 1) / spacing_ + 3);
}

int LatticeCell::spacing_of(const PixelWindow& window) const {
  int spacing = spacing_;
  while (spacing > coarsest && (window.x - window_.x) % spacing != 0) spacing /= 2;
  return spacing;
}

void LatticeCell::scale(const Lattice::Scaling& s) {
  error_ *= std::max(s.columns, s.rows);
  if (is_affine_) {
    AffineCoordinate &u = affine_[0], &v = affine_[1];
    u = {rounded(u.origin * s.columns + s.left), u.across * s.columns, u.down * s.columns};
    v = {rounded(v.origin * s.rows + s.top), v.across * s.rows, v.down * s.rows};
    return space_affine();
  }
  const std::size_t count = across_ * down_;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const bool column = i / count % 2 == 0;  // exact cells have each twice
    if (std::isfinite(nodes_[i]))
      nodes_[i] = rounded(column ? nodes_[i] * s.columns + s.left : nodes_[i] * s.rows + s.top);
  }
}

bool LatticeCell::all_finite() const {
  return std::all_of(nodes_.begin(), nodes_.end(), [](double x) { return std::isfinite(x); });
}
bool LatticeCell::any_finite() const {
  return std::any_of(nodes_.begin(), nodes_.end(), [](double x) { return std::isfinite(x); });
}

void LatticeCell::affine_row_of(double y, std::int64_t left, int spacing, std::int64_t count,
                                Row& out) const {
  for (std::size_t d = 0; d < 2; ++d) {
    const AffineCoordinate& c = affine_[d];
    const double row = c.origin + c.down * y;
    for (std::int64_t s = 0; s < count; ++s) {
      const double x = double(left) + (double(s) + 0.5) * spacing;
      out.along[d].value[s] = row + c.across * x;
      out.along[d].slope[s] = c.across;
      out.along[d].curvature[s] = 0;
    }
  }
}

CUBEMILL_WIDE_LOOPS void LatticeCell::row_of(double y, std::int64_t left, int spacing,
                                             std::int64_t count, Row& out) const {
  if (is_affine_) return affine_row_of(y, left, spacing, count, out);
  const auto n = std::size_t(count), first = std::size_t(left / spacing_);
  const double t = y / spacing_;
  const std::int64_t r = std::min(std::int64_t(t), std::int64_t(down_) - 4);
  const Cubic cubic(t - double(r));
  double z[Parabolas::most + 3];
  for (std::size_t d = 0; d < 2; ++d) {
    const double* const node = &nodes_[(d * down_ + std::size_t(r)) * across_ + first];
    for (std::size_t c = 0; c < n + 3; ++c) {
      z[c] = 0;
      for (std::size_t i = 0; i < 4; ++i) z[c] += cubic.w[i] * node[i * across_ + c];
    }
    Parabolas& parabolas = out.along[d];
    for (std::size_t s = 0; s < n; ++s) {
      const Parabola p = parabola(z[s], z[s + 1], z[s + 2], z[s + 3], spacing_);
      parabolas.value[s] = p.value;
      parabolas.slope[s] = p.slope;
      parabolas.curvature[s] = p.curvature;
    }
  }
}

// The largest difference from the exact map over rows midway between nodes (where the cubic is
// worst) and others, at the ends and the middle of segments.
double LatticeCell::measure(const ExactMap& map) const {
  constexpr int rows = 8, columns = 8;
  const std::int64_t segments = std::int64_t(across_) - 3;
  Row row;
  std::vector<double> x, y, u, v;
  for (int i = 0; i < rows; ++i) {
    const double fraction = i % 2 ? 0.5 : 0.25;
    const double line =
        (std::floor(double(window_.height) / spacing_ * i / rows) + fraction) * spacing_;
    row_of(line, 0, spacing_, segments, row);
    for (int j = 0; j < columns; ++j) {
      const auto s = std::size_t(segments * j / columns);
      for (const double k : {-0.5 * spacing_, 0.0, 0.5 * spacing_}) {
        x.push_back(double(window_.x) + (double(s) + 0.5) * spacing_ + k);
        y.push_back(double(window_.y) + line);
        u.push_back(as_evaluated(row.along[0].at(s), k));
        v.push_back(as_evaluated(row.along[1].at(s), k));
      }
    }
  }
  map(x.data(), y.data(), x.size());
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    worst = std::max({worst, std::fabs(x[i] - u[i]), std::fabs(y[i] - v[i])});
  return worst;  // HUGE_VAL when a check point does not project
}

void LatticeCell::make_exact(const ExactMap& map) {
  spacing_ = 1;
  error_ = 0;
  across_ = std::size_t(window_.width) + 1;
  down_ = std::size_t(window_.height) + 1;
  const std::size_t count = across_ * down_;
  nodes_.resize(4 * count);
  for (int centre = 0; centre < 2; ++centre) {
    double* const u = nodes_.data() + std::size_t(2 * centre) * count;
    double* const v = u + count;
    for (std::size_t r = 0; r < down_; ++r)
      for (std::size_t c = 0; c < across_; ++c) {
        u[r * across_ + c] = double(window_.x) + double(c) + 0.5 * centre;
        v[r * across_ + c] = double(window_.y) + double(r) + 0.5 * centre;
      }
    map(u, v, count);
  }
  for (double& x : nodes_) x = rounded(x);
}

// Tables that were of the same size before are not emptied first: every entry is written.
CUBEMILL_WIDE_LOOPS void LatticeCell::fill(TileCoordinates& t, bool boxes) const {
  t.spacing = spacing_of(t.window);
  t.segments = t.spacing ? (t.window.width + t.spacing - 1) / t.spacing : 0;
  t.centres.resize(std::size_t(t.segments * t.window.height));
  t.boxes.resize(boxes ? t.centres.size() : 0);
  if (spacing_ == 0) return;
  if (spacing_ == 1) return fill_exact(t, boxes);
  const std::int64_t left = t.window.x - window_.x;
  const auto n = std::size_t(t.segments);
  const double top = double(t.window.y - window_.y);
  Row row, ends[2];  // the upper ends of the boxes of row j are the lower ones of row j − 1
  Parabolas u, v;
  BoxSides across, down;
  if (boxes) row_of(top, left, t.spacing, t.segments, ends[0]);
  for (std::int64_t j = 0; j < t.window.height; ++j) {
    row_of(top + double(j) + 0.5, left, t.spacing, t.segments, row);
    shift(row.along[0], 0.5, n, u), shift(row.along[1], 0.5, n, v);
    CentreSegment* const centres = &t.centres[std::size_t(j) * n];
    for (std::size_t s = 0; s < n; ++s) centres[s] = {quadratic(u, s), quadratic(v, s)};
    if (!boxes) continue;
    const Row& upper = ends[j % 2];
    Row& lower = ends[(j + 1) % 2];
    row_of(top + double(j) + 1, left, t.spacing, t.segments, lower);
    shift(lower.along[0], 1, n, u), shift(lower.along[1], 1, n, v);
    make_sides(upper.along[0], u, n, across), make_sides(upper.along[1], v, n, down);
    BoxSegment* const box = &t.boxes[std::size_t(j) * n];
    for (std::size_t s = 0; s < n; ++s) box[s] = box_segment(across, down, s);
  }
}

void LatticeCell::fill_exact(TileCoordinates& t, bool boxes) const {
  const std::size_t count = across_ * down_;
  const Quadratic nowhere{nowhere_q32, 0, 0};
  const auto is_finite = [](Point p) { return std::isfinite(p.x) && std::isfinite(p.y); };
  std::size_t i = 0;
  for (std::int64_t r = t.window.y - window_.y; r < t.window.y - window_.y + t.window.height; ++r)
    for (std::int64_t c = t.window.x - window_.x; c < t.window.x - window_.x + t.segments;
         ++c, ++i) {
      const std::size_t here = std::size_t(r) * across_ + std::size_t(c), next = here + across_ + 1;
      const Point centre{nodes_[2 * count + here], nodes_[3 * count + here]};
      t.centres[i] = {nowhere, nowhere};
      if (is_finite(centre))
        t.centres[i] = {quadratic(centre.x, 0, 0, edge_tolerance_q32),
                        quadratic(centre.y, 0, 0, edge_tolerance_q32)};
      if (!boxes) continue;
      const Point a{nodes_[here], nodes_[count + here]}, b{nodes_[next], nodes_[count + next]};
      t.boxes[i] =
          is_finite(a) && is_finite(b) ? box_between(a, b) : BoxSegment{nowhere, nowhere, {}, {}};
    }
}

Point LatticeCell::corner(double column, double row) const {
  if (spacing_ == 0) return {HUGE_VAL, HUGE_VAL};
  const double x = column - double(window_.x), y = row - double(window_.y);
  if (spacing_ == 1) {
    const std::size_t i = std::size_t(y) * across_ + std::size_t(x);
    return {nodes_[i], nodes_[across_ * down_ + i]};
  }
  const std::int64_t last = std::int64_t(across_) - 4;
  const std::int64_t s = std::min(std::int64_t(x / spacing_), last);
  Row one;
  row_of(y, s * spacing_, spacing_, 1, one);
  const double k = x - (double(s) + 0.5) * spacing_;
  return {one.along[0].at(0).at(k), one.along[1].at(0).at(k)};
}

}  // namespace cubemill
