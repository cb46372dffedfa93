// The exact map from output pixels to source pixels: PROJ at the nodes of a coarse lattice, cubic
// pieces between them, refined until the error measured at check points is below `error_limit`.
// Nodes and the decision to refine belong to fixed cells of the output grid and node values are
// rounded to 2^-30 pixel, so that no tile, thread or machine changes a bit. One lattice serves all
// scenes of one CRS, pixel size and sub-pixel alignment. That of an overview is the raster's, in
// larger pixels: overviews of scenes that differ in size are many. Thread-safe; cells are made when
// first asked for. Where the map is affine, as between grids of one projection, no lattice is
// needed.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "cubemill/model/geobox.hpp"
#include "cubemill/pixel/coordinates.hpp"

namespace cubemill {

/// A window of pixels: columns [x, x + width), rows [y, y + height).
struct PixelWindow {
  std::int64_t x = 0, y = 0, width = 0, height = 0;
  bool empty() const { return width <= 0 || height <= 0; }
};

/// Segment tables of one window of the output grid, row by row. `spacing` pixels a segment; segment
/// i of a row covers the pixels from window.x + i·spacing, and k counts from their middle (spacing
/// / 2; 0 where spacing is 1).
struct TileCoordinates {
  PixelWindow window;
  int spacing = 0;  ///< 512, 256, …, 1; 0: nothing of the window can be projected
  std::int64_t segments = 0;
  std::uint64_t id = 0;  ///< other tables have another one, as long as the program runs
  std::vector<CentreSegment> centres;
  std::vector<BoxSegment> boxes;  ///< empty unless asked for

  std::size_t bytes() const {
    return centres.capacity() * sizeof(CentreSegment) + boxes.capacity() * sizeof(BoxSegment);
  }
};

class Lattice {
 public:
  static constexpr int cell_size = 512;
  static constexpr double error_limit = 1e-7;  ///< source pixels

  /// Throws InvalidInput when no exact operation between the two systems is available.
  /// `source_width`: of a raster, in pixels; one in degrees is taken on the turn of the globe that
  /// brings its middle next to the output's.
  Lattice(const GeoBox& output, const Crs& source_crs, const Affine& source_transform,
          std::int64_t source_width = 0);
  /// The pixels of `of`, scaled and shifted: a pixel of this lattice is scale × one of `of` +
  /// shift, along columns and rows. Scales below 1 keep the error below its limit. `of` must
  /// outlive it.
  struct Scaling {
    double columns = 1, rows = 1;
    double left = 0, top = 0;
    bool operator==(const Scaling&) const = default;
  };
  Lattice(const Lattice& of, const Scaling& scaling);
  ~Lattice();

  /// Where a raster lies in this lattice's coordinates (its origin, in whole pixels), if it can be
  /// served.
  struct Origin {
    std::int64_t left = 0, top = 0;
  };
  std::optional<Origin> origin_of(const Crs& crs, const Affine& transform,
                                  std::int64_t width = 0) const;
  /// The lattice that this one is a scaling of; null: it is none.
  const Lattice* scaled_from() const { return of_; }
  const Scaling& scaling() const { return scaling_; }

  /// Makes the tables of a window, which lies in one cell and starts at a multiple of 32 (or of the
  /// cell's spacing).
  TileCoordinates tables(const PixelWindow& window, bool boxes) const;
  /// The same in memory that held other tables.
  void fill(const PixelWindow& window, bool boxes, TileCoordinates& tables) const;

  /// The source pixels (in lattice coordinates) that the pixels of `window` touch, one more on each
  /// side; empty when nothing can be projected. The window may span cells.
  PixelWindow footprint(const PixelWindow& window) const;

  /// Source pixels per output pixel at the middle of the window: the longer side of a mapped pixel.
  double scale_at(const PixelWindow& window) const;
  /// Area of the box that `average` and `mode` take, over that of the mapped pixel, at the middle
  /// of the window: the cosine of twice the angle by which the grids are turned.
  double box_share_at(const PixelWindow& window) const;

  int spacing_at(const PixelWindow& window) const;
  double largest_error() const;  ///< measured so far, in source pixels
  std::size_t resident_bytes() const;
  const std::string& operation() const;  ///< name of the coordinate operation

 private:
  struct Cell;
  struct Mapping;
  std::shared_ptr<const Cell> cell_at(std::int64_t x, std::int64_t y) const;

  const Lattice* of_ = nullptr;
  Scaling scaling_;
  GeoBox output_;
  std::unique_ptr<Mapping> mapping_;
  std::int64_t cells_across_ = 0;
};

}  // namespace cubemill
