// What the tests of the pass share: output and source grids in many positions to each other,
// windows of random source pixels, and the value of one pixel by the element functions. Owns the
// data that its views point into.
#pragma once
#include <cstring>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "cubemill/backend/pass.hpp"
#include "cubemill/pixel/sample.hpp"
#include "cubemill/plan/lattice.hpp"

namespace cubemill {

PassKernels baseline_pass_kernels();
PassKernels avx2_pass_kernels();
PassKernels avx512_pass_kernels();

namespace testing_pass {

/// The kernels that this machine can run.
inline std::vector<PassKernels> all_kernels() {
  std::vector<PassKernels> kernels = {baseline_pass_kernels()};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) kernels.push_back(avx2_pass_kernels());
  if (pass_kernels().name == std::string_view("avx512")) kernels.push_back(avx512_pass_kernels());
#endif
  return kernels;
}

/// An output grid over a source raster.
struct Geometry {
  std::string name;
  GeoBox output, source;
};

inline void PrintTo(const Geometry& g, std::ostream* out) { *out << g.name; }

inline GeoBox grid(const char* crs, const Affine& transform, std::int64_t width,
                   std::int64_t height) {
  return {Crs::parse(crs), transform, width, height};
}

inline std::vector<Geometry> geometries() {
  const char *zone18 = "EPSG:32618", *zone19 = "EPSG:32619";
  const GeoBox output = grid(zone18, {30, 0, 300015, 0, -30, 4000005}, 128, 64);
  const auto over = [&](const Affine& t) { return Geometry{"", output, grid(zone18, t, 150, 90)}; };
  std::vector<Geometry> all;
  const auto add = [&](const char* name, Geometry g) {
    g.name = name;
    all.push_back(std::move(g));
  };
  add("aligned", over({30, 0, 299715, 0, -30, 4000305}));
  add("shifted", over({30, 0, 299725, 0, -30, 4000322}));
  add("ties", over({30, 0, 299700, 0, -30, 4000320}));
  add("nearly_tied", over({30, 0, 299700 + 2e-5, 0, -30, 4000320 - 2e-5}));
  add("mirrored", over({-30, 0, 304015, 0, -30, 4000322}));
  add("south_up", over({30, 0, 299725, 0, 30, 3998000}));
  add("rotated_source", over({29, 6, 299900, 6, -29, 3999900}));
  add("coarser_2", {"", grid(zone18, {69, 0, 300015, 0, -69, 4000005}, 70, 40),
                    grid(zone18, {30, 0, 300025, 0, -30, 4000022}, 150, 90)});
  add("coarser_33", {"", grid(zone18, {1000, 0, 300015, 0, -1000, 4000005}, 40, 33),
                     grid(zone18, {30, 0, 300025, 0, -30, 4000022}, 1200, 1000)});
  add("a_little_coarser", {"", grid(zone18, {45, 0, 300015, 0, -45, 4000005}, 96, 64),
                           grid(zone18, {30, 0, 300025, 0, -30, 4000022}, 150, 90)});
  add("finer_3", {"", grid(zone18, {10, 0, 300015, 0, -10, 4000005}, 128, 64),
                  grid(zone18, {30, 0, 300000, 0, -30, 4000020}, 45, 25)});
  add("other_zone", {"", grid(zone18, {30, 0, 760005, 0, -30, 4000005}, 128, 64),
                     grid(zone19, {30, 0, 219600, 0, -30, 4003700}, 190, 130)});
  add("rotated_output", {"", grid(zone18, {28, 9, 300015, 9, -28, 4000005}, 128, 64),
                         grid(zone18, {30, 0, 299725, 0, -30, 4001322}, 200, 150)});
  add("degrees", {"", grid("EPSG:4326", {0.0003, 0, -75.2, 0, -0.0003, 36.1}, 128, 64),
                  grid(zone18, {30, 0, 481900, 0, -30, 3995400}, 150, 90)});
  // Curved so that the lattice must refine itself, and with pixels that do not project at all.
  add("equal_area_1km", {"", grid("EPSG:3577", {1000, 0, -900000, 0, -1000, -3000000}, 96, 40),
                         grid("EPSG:28355", {250, 0, -1941000, 0, -250, 6742000}, 460, 250)});
  add("edge_of_the_disc", {"",
                           grid("+proj=geos +h=35785831 +lon_0=0 +datum=WGS84",
                                {20000, 0, -5500000, 0, -20000, 1200000}, 96, 40),
                           grid("EPSG:4326", {0.25, 0, -90, 0, -0.25, 30}, 720, 240)});
  return all;
}

/// Columns [left, right) and rows [top, bottom) of a raster.
struct Part {
  std::int32_t left = 0, top = 0, right = 0, bottom = 0;
};
inline Part whole(const GeoBox& g) { return {0, 0, std::int32_t(g.width), std::int32_t(g.height)}; }

/// A part of a raster with random pixels, some of them invalid. Floats come with both signs, words
/// with all bits.
class RandomWindow {
 public:
  RandomWindow(Storage storage, const Part& p, double invalid_share, std::uint16_t key,
               std::mt19937_64& random)
      : stride_((p.right - p.left) + std::int64_t(random() % 5)),
        data_(std::size_t(stride_ * (p.bottom - p.top)) * size_of(storage)) {
    const auto limit = std::uint64_t(invalid_share * 0x1p32);
    for (std::size_t i = 0; i < data_.size() / size_of(storage); ++i)
      put(storage, i, random() % (1u << 31) * 2 < limit, random());
    view = {data_.data(), stride_, p.left, p.top, p.right, p.bottom, key};
  }
  RandomWindow(RandomWindow&&) = default;

  WindowView view;

 private:
  void put(Storage storage, std::size_t i, bool invalid, std::uint64_t bits) {
    const double number = (double(std::int64_t(bits)) * 0x1p-63) * 3000;
    if (storage == Storage::f64)
      store(i, invalid ? missing() : number);
    else if (storage == Storage::f32)
      store(i, invalid ? float(missing()) : float(number));
    else
      store(i, invalid ? std::uint16_t(0) : std::max<std::uint16_t>(1, std::uint16_t(bits)));
  }
  template <class T>
  void store(std::size_t i, T value) {
    std::memcpy(data_.data() + i * sizeof(T), &value, sizeof(T));
  }

  std::int64_t stride_;
  std::vector<std::byte> data_;
};

/// The segment tables of a window of an output grid over one raster.
struct Located {
  Located(const Lattice& lattice, const GeoBox& source, const PixelWindow& window)
      : tables(lattice.tables(window, true)) {
    const Lattice::Origin origin = *lattice.origin_of(source.crs, source.transform);
    view = {tables.centres.data(), tables.boxes.data(), tables.segments, tables.spacing,
            origin.left,           origin.top,          tables.id};
  }
  TileCoordinates tables;
  CoordinateView view;
};

template <Storage S>
double one_value(const BandGroup& g, int band, std::size_t segment, int k) {
  const CoordinateView& at = g.where;
  switch (g.method) {
    case Resampling::nearest:
      return sample_point<S, Resampling::nearest>(at.centres[segment], k, at.left, at.top,
                                                  g.window[band]);
    case Resampling::bilinear:
      return sample_point<S, Resampling::bilinear>(at.centres[segment], k, at.left, at.top,
                                                   g.window[band]);
    case Resampling::cubic:
      return sample_point<S, Resampling::cubic>(at.centres[segment], k, at.left, at.top,
                                                g.window[band]);
    default:
      return sample_box<S>(at.boxes[segment], k, at.left, at.top, g.window[band]);
  }
}

/// The scaled value of a band of a group at pixel (x, y) of the window, by the functions that look
/// at one pixel.
inline double expected_value(const BandGroup& g, int band, std::int64_t x, std::int64_t y) {
  const std::size_t segment = std::size_t(y * g.where.segments + x / g.where.spacing);
  const int k = int(x % g.where.spacing) - g.where.spacing / 2;
  double value = missing();
  if (g.storage == Storage::u16) value = one_value<Storage::u16>(g, band, segment, k);
  if (g.storage == Storage::i16) value = one_value<Storage::i16>(g, band, segment, k);
  if (g.storage == Storage::f32) value = one_value<Storage::f32>(g, band, segment, k);
  if (g.storage == Storage::f64) value = one_value<Storage::f64>(g, band, segment, k);
  return value * g.scale[band] + g.offset[band];
}

/// Equal bits; one NaN is as good as another.
inline bool same_bits(double a, double b) {
  return (a != a && b != b) || std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace testing_pass
}  // namespace cubemill
