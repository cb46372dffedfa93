// One cell of a lattice: nodes, the cubic pieces between them, and the measurement of their error.
// Where grids differ by a shift, or another affine map, three corners say all. Internal to
// plan/lattice.
#pragma once
#include <functional>
#include <vector>

#include "cubemill/plan/lattice.hpp"

namespace cubemill {

/// Maps points of the output grid (column, row; corners are integers) to source pixels, in place.
/// Points that cannot be projected become HUGE_VAL.
using ExactMap = std::function<void(double* x, double* y, std::size_t count)>;

/// Value, slope and curvature about the middle of a segment, along a row.
struct Parabola {
  double value = 0, slope = 0, curvature = 0;
  double at(double k) const { return value + k * (slope + k * curvature); }
};

/// Those of a row of segments, member by member: so loops over them vectorise.
struct Parabolas {
  static constexpr std::size_t most = Lattice::cell_size / 2;
  double value[most], slope[most], curvature[most];
  Parabola at(std::size_t segment) const {
    return {value[segment], slope[segment], curvature[segment]};
  }
};

class LatticeCell {
 public:
  /// `window`: the cell's part of the output grid.
  LatticeCell(const PixelWindow& window, const ExactMap& map);

  /// Makes it the cell of a scaled lattice.
  void scale(const Lattice::Scaling& scaling);

  /// 0: nothing projects; 1: every corner and centre is a node
  int spacing() const { return spacing_; }
  /// Of the tables of a window.
  int spacing_of(const PixelWindow& window) const;
  double error() const { return error_; }
  std::size_t bytes() const { return nodes_.capacity() * sizeof(double); }

  /// Makes the tables of a window inside the cell.
  void fill(TileCoordinates& tables, bool boxes) const;
  /// Source coordinates of a corner (column, row of the output grid).
  Point corner(double column, double row) const;

 private:
  struct Row {
    Parabolas along[2];  // u and v
  };
  /// A coordinate as an affine function of column and row, both from the cell's corner.
  struct AffineCoordinate {
    double origin = 0, across = 0, down = 0;
  };
  void make_nodes(int spacing, const ExactMap& map);
  bool make_affine(const ExactMap& map);
  void space_affine();
  bool all_finite() const;
  bool any_finite() const;
  double measure(const ExactMap& map) const;
  void make_exact(const ExactMap& map);
  /// Parabolas of `count` segments of `spacing` pixels from column `left`, along the line y (both
  /// from the cell's corner).
  void row_of(double y, std::int64_t left, int spacing, std::int64_t count, Row& out) const;
  void affine_row_of(double y, std::int64_t left, int spacing, std::int64_t count, Row& out) const;
  void fill_exact(TileCoordinates& tables, bool boxes) const;

  PixelWindow window_;
  bool is_affine_ = false;
  AffineCoordinate affine_[2];
  int spacing_ = 0;
  double error_ = 0;
  std::size_t across_ = 0, down_ = 0;  // nodes, one ring before and two after included
  std::vector<double> nodes_;          // both dimensions; exact cells: corners, then centres
};

}  // namespace cubemill
