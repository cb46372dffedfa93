#include "kernel_bench_case.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <stdexcept>

#include "cubemill/pixel/qa_rule.hpp"
#include "cubemill/pixel/window_layout.hpp"

namespace cubemill::bench {
namespace {

constexpr Affine source_transform = {30, 0, 15, 0, -30, -5};

Crs source_crs() { return Crs::parse("EPSG:32619"); }

GeoBox output_of(const KernelCase& c) {
  const double resolution = 30 * c.coarser;
  const std::int64_t cells = (c.height + Lattice::cell_size - 1) / Lattice::cell_size;
  return {Crs::parse("EPSG:32718"),
          {resolution, 0, 751860, 0, -resolution, 6801720},
          Lattice::cell_size,
          cells * Lattice::cell_size};
}

/// Tables of a window as high as many cells, one below the other.
TileCoordinates stacked_tables(const Lattice& lattice, const KernelCase& c, bool boxes) {
  TileCoordinates all;
  for (std::int64_t y = 0; y < c.height; y += Lattice::cell_size) {
    const std::int64_t rows = std::min<std::int64_t>(Lattice::cell_size, c.height - y);
    TileCoordinates one = lattice.tables({0, y, c.width, rows}, boxes);
    if (y == 0) {
      all = std::move(one);
      continue;
    }
    if (one.spacing != all.spacing) throw std::logic_error("cells of one spacing were expected");
    all.centres.insert(all.centres.end(), one.centres.begin(), one.centres.end());
    all.boxes.insert(all.boxes.end(), one.boxes.begin(), one.boxes.end());
  }
  all.window.height = c.height;
  return all;
}

/// The second scene shows what the first does not: what lies right of this share of the columns.
constexpr double seen_by_first = 0.7;

/// Reflectance as it is stored, one pixel in 97 invalid.
template <class T>
T pixel(std::mt19937_64& random) {
  const std::uint64_t r = random();
  if (r % 97 == 0) return std::is_integral_v<T> ? T(0) : T(NAN);
  return T(8000 + (r >> 32) % 4000);
}

/// Valid pixels in the columns left of `end`.
template <class T>
void fill(std::byte* window, const WindowLayout& layout, std::int64_t end, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  T* const pixels = reinterpret_cast<T*>(window);
  const T invalid = std::is_integral_v<T> ? T(0) : T(NAN);
  std::fill_n(pixels, layout.stride() * layout.lines(), invalid);
  for (std::int64_t y = 0; y < layout.rows; ++y)
    for (std::int64_t x = 0; x < end; ++x)
      pixels[(y + WindowLayout::rim_rows) * layout.stride() + x + WindowLayout::rim_columns] =
          pixel<T>(random);
}

const char* word(Resampling method) {
  switch (method) {
    case Resampling::nearest:
      return "nearest";
    case Resampling::bilinear:
      return "bilinear";
    case Resampling::cubic:
      return "cubic";
    case Resampling::average:
      return "average";
    default:
      return "mode";
  }
}

double most_taps(Resampling method) {
  return method == Resampling::nearest    ? 1
         : method == Resampling::bilinear ? 2
         : method == Resampling::cubic    ? 4
                                          : HUGE_VAL;
}

}  // namespace

std::string KernelCase::name() const {
  std::string text = word(method);
  text += storage == Storage::u16 ? " u16" : " f32";
  text += kind == AccumulatorKind::packed ? " packed" : " wide";
  text += " " + std::to_string(scenes);
  if (!fuse_pixels) text += " by band";
  if (coarser > 1) text += " coarser";
  if (height > width) text += " tall";
  return text;
}

KernelData::KernelData(const KernelCase& which)
    : which_(which),
      lattice_(output_of(which), source_crs(), source_transform),
      tables_(stacked_tables(lattice_, which, boxes())),
      under_(lattice_.footprint({0, 0, which.width, which.height})),
      origin_(*lattice_.origin_of(source_crs(), source_transform)) {
  chunk_.width = which.width, chunk_.height = which.height;
  chunk_.fuse_pixels = which.fuse_pixels;
  std::vector<std::size_t> windows, classes;
  for (int s = 0; s < which.scenes; ++s) {
    const bool half_empty = s == 0 && which.scenes > 1;
    for (int b = 0; b < bands; ++b) windows.push_back(add_window(half_empty, s * bands + b + 1));
    classes.push_back(add_classes(half_empty));
  }
  const std::size_t fused = add_classes(false);
  chunk_.fused_classes = reinterpret_cast<const std::uint8_t*>(&slab_[fused]);
  const WindowLayout layout{under_.width, under_.height};
  constexpr auto c = std::int32_t(WindowLayout::rim_columns),
                 r = std::int32_t(WindowLayout::rim_rows);
  const auto left = std::int32_t(under_.x - origin_.left),
             top = std::int32_t(under_.y - origin_.top);
  for (int s = 0; s < which.scenes; ++s) {
    BandGroup group;
    group.method = which.method, group.storage = which.storage;
    group.where = {tables_.centres.data(), tables_.boxes.data(), tables_.segments, tables_.spacing,
                   origin_.left,           origin_.top,          tables_.id};
    group.bands = bands;
    for (int b = 0; b < bands; ++b) {
      group.slot[b] = b;
      group.window[b] = {&slab_[windows[std::size_t(s * bands + b)]],
                         layout.stride(),
                         left - c,
                         top - r,
                         left + std::int32_t(under_.width) + c,
                         top + std::int32_t(under_.height) + r,
                         0};
      group.scale[b] = 2.75e-5, group.offset[b] = -0.2;
    }
    chunk_.scenes.push_back(
        {reinterpret_cast<const std::uint8_t*>(&slab_[classes[std::size_t(s)]]), {group}});
  }
}

const std::vector<FoldIndex>& KernelData::indices() {
  static const std::vector<FoldIndex> ndvi = {{0, {0, 1}}};
  return ndvi;
}

bool KernelData::boxes() const {
  return which_.method == Resampling::average || which_.method == Resampling::mode;
}

std::size_t KernelData::add_window(bool half_empty, int seed) {
  const WindowLayout layout{under_.width, under_.height};
  const std::size_t at = slab_.size();
  slab_.resize(at + layout.bytes(size_of(which_.storage)));
  const auto end = std::int64_t(double(under_.width) * (half_empty ? seen_by_first : 1));
  if (which_.storage == Storage::u16)
    fill<std::uint16_t>(&slab_[at], layout, end, std::uint64_t(seed));
  else
    fill<float>(&slab_[at], layout, end, std::uint64_t(seed));
  return at;
}

// One pixel in five is masked.
std::size_t KernelData::add_classes(bool half_empty) {
  const std::size_t at = slab_.size();
  slab_.resize(at + class_plane_bytes(which_.width, which_.height));
  std::mt19937 random(1);
  const auto seen = std::int64_t(double(which_.width) * (half_empty ? seen_by_first : 1));
  for (std::int64_t y = 0; y < which_.height; ++y)
    for (std::int64_t x = 0; x < which_.width; ++x) {
      const QaClass c = random() % 5 == 0 ? qa_masked : qa_good;
      slab_[at + std::size_t(y * class_stride(which_.width) + x)] =
          std::byte(x < seen ? c : qa_missing);
    }
  return at;
}

std::size_t KernelData::sum_bytes() const {
  return std::size_t(pixels() / run_length) * bytes_per_run(which_.kind);
}

double KernelData::bytes() const {
  const double taps = most_taps(which_.method), out = double(pixels());
  const double source = std::min(double(under_.width) * double(under_.height), taps * taps * out);
  const double a_sum = which_.kind == AccumulatorKind::packed
                           ? sizeof(PackedSum)
                           : sizeof(WideRun::low[0]) + sizeof(WideRun::count[0]);
  double sum = 2 * out * a_sum;
  sum += double(tables_.centres.size()) * (boxes() ? sizeof(BoxSegment) : sizeof(CentreSegment));
  sum += out * (which_.fuse_pixels ? which_.scenes : 1);
  // Two scenes show together what one shows.
  return sum + bands * source * double(size_of(which_.storage));
}

KernelSums::KernelSums(const KernelData& data)
    : kind_(data.which().kind),
      stride_(data.which().width),
      words_(data.sum_bytes() / sizeof(std::uint64_t)) {}

std::vector<SumsView> KernelSums::views() { return {{kind_, words_.data(), stride_}}; }

std::vector<std::byte> KernelSums::bytes() const {
  std::vector<std::byte> copy(words_.size() * sizeof(std::uint64_t));
  std::memcpy(copy.data(), words_.data(), copy.size());
  return copy;
}

}  // namespace cubemill::bench
