// Data for the benchmarks of the pass: a window of an output grid, the tables of its coordinates,
// and the source pixels under it, in four positions of the grids to each other. Owns what its views
// point into.
#pragma once
#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "cubemill/backend/pass.hpp"
#include "cubemill/plan/lattice.hpp"

namespace cubemill::bench {

/// How the source's grid lies under the output's.
enum class Geometry { shift, other_zone, coarser_2, coarser_33 };
inline const char* const geometry_names[] = {"same_zone_shift", "other_zone", "coarser_2.3",
                                             "coarser_33"};

class PassScene {
 public:
  explicit PassScene(Geometry geometry)
      : edge(geometry == Geometry::coarser_33 ? 64 : 512),
        output_(output_of(geometry)),
        lattice_(output_, source_crs(geometry), source_transform),
        tables_(lattice_.tables({0, 0, edge, edge}, true)),
        under_(lattice_.footprint({0, 0, edge, edge})),
        origin_(*lattice_.origin_of(source_crs(geometry), source_transform)) {
    for (auto& band : bands_) fill(band);
    fill(classes_);
  }

  const std::int64_t edge;  ///< rows and columns of the output window

  CoordinateView where() const {
    return {tables_.centres.data(), tables_.boxes.data(), tables_.segments,
            tables_.spacing,        origin_.left,         origin_.top};
  }
  /// Two bands of 16 bits, scaled as Landsat's.
  BandGroup group(Resampling method) const {
    return {method,
            Storage::u16,
            where(),
            2,
            {0, 1},
            {view(bands_[0].data()), view(bands_[1].data())},
            {2.75e-5, 2.75e-5},
            {-0.2, -0.2}};
  }
  WindowView classes() const { return view(classes_.data()); }

  /// Source pixels under the window, at most `taps` × `taps` an output pixel.
  double source_pixels(double taps) const {
    return std::min(double(under_.width) * double(under_.height),
                    taps * taps * double(edge * edge));
  }
  /// Bytes of the tables that a method looks at.
  double table_bytes(Resampling method) const {
    const bool box = method == Resampling::average || method == Resampling::mode;
    return double(tables_.centres.size()) * (box ? sizeof(BoxSegment) : sizeof(CentreSegment));
  }

 private:
  static constexpr Affine source_transform = {30, 0, 15, 0, -30, -5};

  static GeoBox output_of(Geometry geometry) {
    const double resolution = geometry == Geometry::coarser_2    ? 69
                              : geometry == Geometry::coarser_33 ? 990
                                                                 : 30;
    return {Crs::parse("EPSG:32718"), {resolution, 0, 751860, 0, -resolution, 6801720}, 1024, 1024};
  }
  static Crs source_crs(Geometry geometry) {
    return Crs::parse(geometry == Geometry::other_zone ? "EPSG:32619" : "EPSG:32718");
  }
  WindowView view(const void* data) const {
    const auto left = std::int32_t(under_.x - origin_.left),
               top = std::int32_t(under_.y - origin_.top);
    return {data,
            under_.width,
            left,
            top,
            left + std::int32_t(under_.width),
            top + std::int32_t(under_.height),
            0};
  }
  // Reflectance with an invalid stripe; classes that are mostly good.
  void fill(std::vector<std::uint16_t>& pixels) const {
    std::mt19937 random(1);
    for (std::int64_t y = 0; y < under_.height; ++y)
      for (std::int64_t x = 0; x < under_.width; ++x)
        pixels.push_back((x + y) % 512 < 16 ? 0 : std::uint16_t(8000 + random() % 4000));
  }
  void fill(std::vector<std::uint8_t>& pixels) const {
    for (std::int64_t i = 0; i < under_.width * under_.height; ++i)
      pixels.push_back(std::uint8_t(i % 97 < 20 ? 1 : 2));
  }

  GeoBox output_;
  Lattice lattice_;
  TileCoordinates tables_;
  PixelWindow under_;
  Lattice::Origin origin_;
  std::vector<std::uint16_t> bands_[2];
  std::vector<std::uint8_t> classes_;
};

}  // namespace cubemill::bench
