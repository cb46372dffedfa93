// The coordinate lattice: making a cell (512 × 512 output pixels, PROJ at its nodes and check
// points) and filling the tables of a cell that is there. Rival: PROJ for the centre of every
// pixel, which ours must meet within 1e-7 source pixel.
#include <cmath>
#include <memory>

#include "cubemill/plan/lattice.hpp"
#include "in_turns.hpp"

namespace {

using namespace cubemill;
using namespace cubemill::bench;

constexpr std::int64_t edge = Lattice::cell_size, pixels = edge * edge;

struct Grids {
  GeoBox output;
  Crs source_crs;
  Affine source;
};

// Landsat's own resolution, and a kilometre from 30 m over a whole country: a lattice that must
// refine itself.
Grids other_zone() {
  return {{Crs::parse("EPSG:32718"), {30, 0, 751860, 0, -30, 6801720}, edge, edge},
          Crs::parse("EPSG:32619"),
          {30, 0, 15, 0, -30, -5}};
}
Grids kilometre() {
  return {{Crs::parse("EPSG:3577"), {1000, 0, -500000, 0, -1000, -3000000}, edge, edge},
          Crs::parse("EPSG:28355"),
          {25, 0, 500000, 0, -25, 7000000}};
}

/// PROJ for every pixel: source pixels of their centres.
class Exact {
 public:
  explicit Exact(const Grids& grids)
      : grids_(grids),
        transformer_(grids.output.crs, grids.source_crs),
        x(std::size_t(pixels)),
        y(std::size_t(pixels)) {}

  void run() {
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Point p = grids_.output.transform.apply(double(i % edge) + 0.5, double(i / edge) + 0.5);
      x[i] = p.x, y[i] = p.y;
    }
    transformer_.forward(x.data(), y.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = (x[i] - grids_.source.c) / grids_.source.a;
      y[i] = (y[i] - grids_.source.f) / grids_.source.e;
    }
  }

 private:
  Grids grids_;
  Transformer transformer_;

 public:
  std::vector<double> x, y;
};

std::unique_ptr<Lattice> lattice_of(const Grids& grids) {
  return std::make_unique<Lattice>(grids.output, grids.source_crs, grids.source);
}

/// The largest distance of a centre from PROJ's, in source pixels.
double largest_error(const Lattice& lattice, const Grids& grids, const Exact& exact) {
  const TileCoordinates t = lattice.tables({0, 0, edge, edge}, false);
  const Lattice::Origin origin = *lattice.origin_of(grids.source_crs, grids.source);
  double worst = 0;
  for (std::int64_t i = 0; i < pixels; ++i) {
    const std::int64_t x = i % edge, row = i / edge * t.segments;
    const CentreSegment& s = t.centres[std::size_t(row + x / t.spacing)];
    const int k = int(x % t.spacing) - t.spacing / 2;
    const auto number = [](std::int64_t q) { return double(q - edge_tolerance_q32) * 0x1p-32; };
    worst = std::max(
        {worst, std::fabs(number(at(s.u, k)) - double(origin.left) - exact.x[std::size_t(i)]),
         std::fabs(number(at(s.v, k)) - double(origin.top) - exact.y[std::size_t(i)])});
  }
  return worst;
}

template <class Ours>
void against_proj(benchmark::State& state, const Grids& grids, double bytes, Ours ours) {
  Exact exact(grids);
  exact.run();
  const auto lattice = lattice_of(grids);
  if (!(largest_error(*lattice, grids, exact) < Lattice::error_limit))
    return state.SkipWithError("further from PROJ than 1e-7 source pixel");
  in_turns(state, {pixels, bytes}, ours, [&] { exact.run(); });
  state.counters["spacing"] = lattice->spacing_at({0, 0, edge, edge});
}

// Setting PROJ up is part of it, for the rival it is not.
void make_lattice_and_cell(benchmark::State& state, Grids (*grids_of)()) {
  const Grids grids = grids_of();
  against_proj(state, grids, 0, [&] {
    benchmark::DoNotOptimize(lattice_of(grids)->spacing_at({0, 0, 32, 1}));
  });
}

void fill_tables(benchmark::State& state, Grids (*grids_of)(), bool boxes) {
  const Grids grids = grids_of();
  const auto lattice = lattice_of(grids);
  TileCoordinates tables = lattice->tables({0, 0, edge, edge}, boxes);
  against_proj(state, grids, double(tables.bytes()), [&] {
    lattice->fill({0, 0, edge, edge}, boxes, tables);  // where others were, as in a run
    benchmark::DoNotOptimize(tables.centres.data());
  });
}

#define CUBEMILL_LATTICE_BENCH(...) \
  BENCHMARK_CAPTURE(__VA_ARGS__)->UseManualTime()->Unit(benchmark::kMillisecond)

CUBEMILL_LATTICE_BENCH(make_lattice_and_cell, other_zone, other_zone);
CUBEMILL_LATTICE_BENCH(make_lattice_and_cell, kilometre, kilometre);
CUBEMILL_LATTICE_BENCH(fill_tables, other_zone_centres, other_zone, false);
CUBEMILL_LATTICE_BENCH(fill_tables, other_zone_boxes, other_zone, true);
CUBEMILL_LATTICE_BENCH(fill_tables, kilometre_boxes, kilometre, true);

}  // namespace
