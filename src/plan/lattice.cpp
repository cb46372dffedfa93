#include "cubemill/plan/lattice.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>

#include "plan/lattice_cell.hpp"

namespace cubemill {

struct Lattice::Cell : LatticeCell {
  using LatticeCell::LatticeCell;
};

struct Lattice::Mapping {
  Crs source_crs;
  Affine source;  // its origin reduced to less than one pixel: the same for all scenes of one
                  // alignment
  Affine inverse;
  std::optional<Transformer> transformer;  // none: same CRS
  double wrap = 0;                         // degrees of a full turn for geographic sources, else 0
  double centre_longitude = 0;
  std::string operation = "none (same CRS)";
  std::mutex mutex;  // guards the cells while they are made and the transformer
  std::vector<std::shared_ptr<const Cell>> cells;

  /// The transform of a raster on the turn whose middle is nearest to the output's.
  Affine turned(Affine t, std::int64_t width) const {
    const double middle = t.c + t.a * double(width) / 2;
    if (wrap > 0) t.c += wrap * std::round((centre_longitude - middle) / wrap);
    return t;
  }
  void map(const Affine& output, double* x, double* y, std::size_t count);
};

namespace {

// Moves the origin of an axis-aligned grid by whole pixels next to (0, 0); a rotated one stays
// where it is.
Affine reduced(const Affine& t) {
  Affine r = t;
  if (t.axis_aligned()) {
    r.c = t.c - t.a * std::floor(t.c / t.a);
    r.f = t.f - t.e * std::floor(t.f / t.e);
  }
  return r;
}

}  // namespace

void Lattice::Mapping::map(const Affine& output, double* x, double* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const Point p = output.apply(x[i], y[i]);
    x[i] = p.x, y[i] = p.y;
  }
  if (transformer) transformer->forward(x, y, count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!std::isfinite(x[i]) || !std::isfinite(y[i])) {
      x[i] = y[i] = HUGE_VAL;
      continue;
    }
    if (wrap > 0) x[i] += wrap * std::round((centre_longitude - x[i]) / wrap);
    const Point p = source.axis_aligned()
                        ? Point{(x[i] - source.c) / source.a, (y[i] - source.f) / source.e}
                        : inverse.apply(x[i], y[i]);
    x[i] = p.x, y[i] = p.y;
  }
}

Lattice::Lattice(const GeoBox& output, const Crs& source_crs, const Affine& source_transform,
                 std::int64_t source_width)
    : output_(output), mapping_(std::make_unique<Mapping>()) {
  mapping_->source_crs = source_crs;
  if (!source_crs.same(output.crs)) {
    mapping_->transformer.emplace(output.crs, source_crs);
    mapping_->operation = mapping_->transformer->description();
  }
  if (source_crs.geographic()) {
    const Point centre =
        output.transform.apply(double(output.width) / 2, double(output.height) / 2);
    double x = centre.x, y = centre.y;
    if (mapping_->transformer) mapping_->transformer->forward(&x, &y, 1);
    mapping_->centre_longitude = std::isfinite(x) ? x : 0;
    mapping_->wrap = 360;
  }
  mapping_->source = reduced(mapping_->turned(source_transform, source_width));
  mapping_->inverse = mapping_->source.inverse();
  cells_across_ = (output.width + cell_size - 1) / cell_size;
  const std::int64_t down = (output.height + cell_size - 1) / cell_size;
  mapping_->cells.resize(std::size_t(cells_across_ * down));
}

Lattice::Lattice(const Lattice& of, const Scaling& scaling) : of_(&of), scaling_(scaling) {}
Lattice::~Lattice() = default;

std::optional<Lattice::Origin> Lattice::origin_of(const Crs& crs, const Affine& transform,
                                                  std::int64_t width) const {
  if (of_) return {};
  const Mapping& m = *mapping_;
  const Affine& s = m.source;
  const Affine t = m.turned(transform, width);
  const auto equal = [](double p, double q) {
    return std::fabs(p - q) <= 1e-13 * std::max(std::fabs(p), std::fabs(q));
  };
  if (!(equal(t.a, s.a) && equal(t.b, s.b) && equal(t.d, s.d) && equal(t.e, s.e))) return {};
  if (!crs.same(m.source_crs)) return {};
  const Point p =
      s.axis_aligned() ? Point{(t.c - s.c) / s.a, (t.f - s.f) / s.e} : m.inverse.apply(t.c, t.f);
  const Point whole{std::rint(p.x), std::rint(p.y)};
  if (std::fabs(p.x - whole.x) > 1e-8 || std::fabs(p.y - whole.y) > 1e-8) return {};
  return Origin{std::int64_t(whole.x), std::int64_t(whole.y)};
}

// Cells of a scaled lattice are not kept: there may be one a scene, and they are quickly made.
std::shared_ptr<const Lattice::Cell> Lattice::cell_at(std::int64_t x, std::int64_t y) const {
  if (of_) {
    auto cell = std::make_shared<Cell>(*of_->cell_at(x, y));
    cell->scale(scaling_);
    return cell;
  }
  const std::int64_t cx = x / cell_size, cy = y / cell_size;
  const std::lock_guard lock(mapping_->mutex);
  std::shared_ptr<const Cell>& cell = mapping_->cells[std::size_t(cy * cells_across_ + cx)];
  if (!cell) {
    const PixelWindow window{cx * cell_size, cy * cell_size,
                             std::min<std::int64_t>(cell_size, output_.width - cx * cell_size),
                             std::min<std::int64_t>(cell_size, output_.height - cy * cell_size)};
    cell = std::make_shared<const Cell>(window, [this](double* u, double* v, std::size_t count) {
      mapping_->map(output_.transform, u, v, count);
    });
  }
  return cell;
}

TileCoordinates Lattice::tables(const PixelWindow& window, bool boxes) const {
  TileCoordinates t;
  fill(window, boxes, t);
  return t;
}

void Lattice::fill(const PixelWindow& window, bool boxes, TileCoordinates& t) const {
  static std::atomic<std::uint64_t> tables_made{0};
  t.id = ++tables_made;
  t.window = window;
  cell_at(window.x, window.y)->fill(t, boxes);
}

PixelWindow Lattice::footprint(const PixelWindow& window) const {
  double left = HUGE_VAL, top = HUGE_VAL, right = -HUGE_VAL, bottom = -HUGE_VAL;
  const auto take = [&](const Cell& cell, std::int64_t column, std::int64_t row) {
    const Point p = cell.corner(double(column), double(row));
    if (!std::isfinite(p.x) || !std::isfinite(p.y)) return;
    left = std::min(left, p.x), right = std::max(right, p.x);
    top = std::min(top, p.y), bottom = std::max(bottom, p.y);
  };
  const std::int64_t x1 = window.x + window.width, y1 = window.y + window.height;
  for (std::int64_t cy = window.y / cell_size * cell_size; cy < y1; cy += cell_size)
    for (std::int64_t cx = window.x / cell_size * cell_size; cx < x1; cx += cell_size) {
      const auto shared = cell_at(cx, cy);
      const Cell& cell = *shared;
      const std::int64_t a = std::max(window.x, cx), b = std::min(x1, cx + cell_size);
      const std::int64_t c = std::max(window.y, cy), d = std::min(y1, cy + cell_size);
      // A smooth piece has its extremes on its outline; where every pixel is a node, the map may
      // have a seam.
      const std::int64_t step =
          cell.spacing() == 1 ? 1 : std::min<std::int64_t>(16, std::max(b - a, d - c));
      for (std::int64_t y = c;; y = std::min(y + step, d)) {
        for (std::int64_t x = a;; x = std::min(x + step, b)) {
          if (step == 1 || y == c || y == d || x == a || x == b) take(cell, x, y);
          if (x == b) break;
        }
        if (y == d) break;
      }
    }
  if (!(left <= right && top <= bottom)) return {};
  // Cubic reaches two pixels beyond a centre, and between sampled corners a smooth outline bulges
  // by far less than one.
  constexpr double margin = 3;
  const double limit = 0x1p40;
  const std::int64_t l = std::int64_t(std::floor(std::max(left - margin, -limit)));
  const std::int64_t t = std::int64_t(std::floor(std::max(top - margin, -limit)));
  return {l, t, std::int64_t(std::ceil(std::min(right + margin, limit))) - l,
          std::int64_t(std::ceil(std::min(bottom + margin, limit))) - t};
}

double Lattice::scale_at(const PixelWindow& window) const {
  const std::int64_t x = window.x + window.width / 2, y = window.y + window.height / 2;
  const auto cell = cell_at(x, y);
  const Point o = cell->corner(double(x), double(y));
  const Point r = cell->corner(double(x + 1), double(y)),
              d = cell->corner(double(x), double(y + 1));
  return std::max(std::hypot(r.x - o.x, r.y - o.y), std::hypot(d.x - o.x, d.y - o.y));
}

double Lattice::box_share_at(const PixelWindow& window) const {
  const std::int64_t x = window.x + window.width / 2, y = window.y + window.height / 2;
  const auto cell = cell_at(x, y);
  const auto corner = [&](int i, int j) { return cell->corner(double(x + i), double(y + j)); };
  const Point o = corner(0, 0), r = corner(1, 0), d = corner(0, 1), e = corner(1, 1);
  const double area = std::fabs((r.x - o.x) * (d.y - o.y) - (r.y - o.y) * (d.x - o.x));
  return area > 0 ? std::fabs((e.x - o.x) * (e.y - o.y)) / area : 1;
}

int Lattice::spacing_at(const PixelWindow& window) const {
  return cell_at(window.x, window.y)->spacing_of(window);
}

double Lattice::largest_error() const {
  if (of_) return of_->largest_error() * std::max(scaling_.columns, scaling_.rows);
  const std::lock_guard lock(mapping_->mutex);
  double worst = 0;
  for (const auto& cell : mapping_->cells)
    if (cell) worst = std::max(worst, cell->error());
  return worst;
}

std::size_t Lattice::resident_bytes() const {
  if (of_) return sizeof(Lattice);
  const std::lock_guard lock(mapping_->mutex);
  std::size_t bytes = mapping_->cells.size() * sizeof(void*);
  for (const auto& cell : mapping_->cells)
    if (cell) bytes += cell->bytes() + sizeof(Cell);
  return bytes;
}

const std::string& Lattice::operation() const {
  return of_ ? of_->operation() : mapping_->operation;
}

}  // namespace cubemill
