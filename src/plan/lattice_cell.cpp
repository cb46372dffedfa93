#include "plan/lattice_cell.hpp"

#include <algorithm>
#include <cmath>

namespace cubemill {
namespace {

constexpr int coarsest = 32;
constexpr int finest = 2;

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

// p(k + h) as a parabola in k.
Parabola shifted(const Parabola& p, double h) {
  return {p.value + h * (p.slope + h * p.curvature), p.slope + 2 * h * p.curvature, p.curvature};
}

struct Side {
  Quadratic corner;
  double size[3];
};

// The smaller corner and the size of a box whose opposite corners run along `a` and `b`.
Side box_side(const Parabola& a, const Parabola& b) {
  const Parabola& low = b.value >= a.value ? a : b;
  const Parabola& high = b.value >= a.value ? b : a;
  return {quadratic(low.value, low.slope, low.curvature, edge_tolerance_q32),
          {high.value - low.value, high.slope - low.slope, high.curvature - low.curvature}};
}

BoxSegment box_segment(const Side& u, const Side& v) {
  BoxSegment s;
  s.u = u.corner, s.v = v.corner;
  std::copy(u.size, u.size + 3, s.width);
  std::copy(v.size, v.size + 3, s.height);
  return s;
}

CentreSegment centre_segment(const Parabola& u, const Parabola& v) {
  return {quadratic(u.value, u.slope, u.curvature, edge_tolerance_q32),
          quadratic(v.value, v.slope, v.curvature, edge_tolerance_q32)};
}

}  // namespace

LatticeCell::LatticeCell(const PixelWindow& window, const ExactMap& map) : window_(window) {
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

void LatticeCell::scale(const Lattice::Scaling& s) {
  const std::size_t count = across_ * down_;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const bool column = i / count % 2 == 0;  // exact cells have each twice
    if (std::isfinite(nodes_[i]))
      nodes_[i] = rounded(column ? nodes_[i] * s.columns + s.left : nodes_[i] * s.rows + s.top);
  }
  error_ *= std::max(s.columns, s.rows);
}

bool LatticeCell::all_finite() const {
  return std::all_of(nodes_.begin(), nodes_.end(), [](double x) { return std::isfinite(x); });
}
bool LatticeCell::any_finite() const {
  return std::any_of(nodes_.begin(), nodes_.end(), [](double x) { return std::isfinite(x); });
}

// Parabolas of `count` segments from `first`, u then v, along the line y (in rows from the cell's
// top).
void LatticeCell::row_of(double y, std::int64_t first, std::int64_t count,
                         std::vector<Parabola>& out) const {
  out.resize(std::size_t(2 * count));
  const double t = y / spacing_;
  const std::int64_t r = std::min(std::int64_t(t), std::int64_t(down_) - 4);
  const Cubic cubic(t - double(r));
  for (int d = 0; d < 2; ++d) {
    const auto along = [&](std::int64_t c) {
      double z = 0;
      for (int i = 0; i < 4; ++i) z += cubic.w[i] * node(d, c, r + i);
      return z;
    };
    double z0 = along(first), z1 = along(first + 1), z2 = along(first + 2);
    for (std::int64_t s = 0; s < count; ++s) {
      const double z3 = along(first + s + 3);
      out[std::size_t(d * count + s)] = parabola(z0, z1, z2, z3, spacing_);
      z0 = z1, z1 = z2, z2 = z3;
    }
  }
}

// The largest difference from the exact map over rows midway between nodes (where the cubic is
// worst) and others, at the ends and the middle of segments.
double LatticeCell::measure(const ExactMap& map) const {
  constexpr int rows = 8, columns = 8;
  const std::int64_t segments = std::int64_t(across_) - 3;
  std::vector<Parabola> row;
  std::vector<double> x, y, u, v;
  for (int i = 0; i < rows; ++i) {
    const double fraction = i % 2 ? 0.5 : 0.25;
    const double line =
        (std::floor(double(window_.height) / spacing_ * i / rows) + fraction) * spacing_;
    row_of(line, 0, segments, row);
    for (int j = 0; j < columns; ++j) {
      const std::int64_t s = segments * j / columns;
      for (const double k : {-0.5 * spacing_, 0.0, 0.5 * spacing_}) {
        x.push_back(double(window_.x) + (double(s) + 0.5) * spacing_ + k);
        y.push_back(double(window_.y) + line);
        u.push_back(as_evaluated(row[std::size_t(s)], k));
        v.push_back(as_evaluated(row[std::size_t(segments + s)], k));
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

void LatticeCell::fill(TileCoordinates& t, bool boxes) const {
  t.spacing = spacing_;
  if (spacing_ == 0) return;
  t.segments = (t.window.width + spacing_ - 1) / spacing_;
  t.centres.resize(std::size_t(t.segments * t.window.height));
  if (boxes) t.boxes.resize(t.centres.size());
  if (spacing_ == 1) return fill_exact(t, boxes);
  const std::int64_t first = (t.window.x - window_.x) / spacing_, n = t.segments;
  std::vector<Parabola> centre, upper, lower;
  const double top = double(t.window.y - window_.y);
  if (boxes) row_of(top, first, n, upper);
  for (std::int64_t j = 0; j < t.window.height; ++j) {
    row_of(top + double(j) + 0.5, first, n, centre);
    for (std::size_t s = 0; s < std::size_t(n); ++s)
      t.centres[std::size_t(j * n) + s] =
          centre_segment(shifted(centre[s], 0.5), shifted(centre[std::size_t(n) + s], 0.5));
    if (!boxes) continue;
    row_of(top + double(j) + 1, first, n, lower);
    for (std::size_t s = 0, m = std::size_t(n); s < m; ++s)
      t.boxes[std::size_t(j * n) + s] =
          box_segment(box_side(upper[s], shifted(lower[s], 1)),
                      box_side(upper[m + s], shifted(lower[m + s], 1)));
    std::swap(upper, lower);
  }
}

void LatticeCell::fill_exact(TileCoordinates& t, bool boxes) const {
  const std::size_t count = across_ * down_;
  const Quadratic nowhere{nowhere_q32, 0, 0};
  std::size_t i = 0;
  for (std::int64_t r = t.window.y - window_.y; r < t.window.y - window_.y + t.window.height; ++r)
    for (std::int64_t c = t.window.x - window_.x; c < t.window.x - window_.x + t.segments;
         ++c, ++i) {
      const std::size_t here = std::size_t(r) * across_ + std::size_t(c), next = here + across_ + 1;
      const double u = nodes_[2 * count + here], v = nodes_[3 * count + here];
      const bool good = std::isfinite(u) && std::isfinite(v);
      t.centres[i] = good ? centre_segment({u, 0, 0}, {v, 0, 0}) : CentreSegment{nowhere, nowhere};
      if (!boxes) continue;
      const Parabola u0{nodes_[here], 0, 0}, u1{nodes_[next], 0, 0};
      const Parabola v0{nodes_[count + here], 0, 0}, v1{nodes_[count + next], 0, 0};
      const bool corners = std::isfinite(u0.value) && std::isfinite(u1.value) &&
                           std::isfinite(v0.value) && std::isfinite(v1.value);
      if (corners)
        t.boxes[i] = box_segment(box_side(u0, u1), box_side(v0, v1));
      else
        t.boxes[i].u = t.boxes[i].v = nowhere;
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
  std::vector<Parabola> one;
  row_of(y, s, 1, one);
  const double k = x - (double(s) + 0.5) * spacing_;
  return {one[0].at(k), one[1].at(k)};
}

}  // namespace cubemill
