#include "io/cog_overviews.hpp"

#include <algorithm>
#include <cstring>

#include "cubemill/base/wide_loops.hpp"
#include "io/cog_sample.hpp"

namespace cubemill {
namespace {

constexpr std::size_t half_samples = tile_samples / 2;

// Mean of the valid ones of four, in double, rounded once. Without branches, so that rows
// vectorise.
inline float mean_of_valid(float a, float b, float c, float d) {
  const auto value = [](float v) { return v == v ? static_cast<double>(v) : 0.0; };
  const auto one = [](float v) { return v == v ? 1.0 : 0.0; };
  const double sum = (value(a) + value(b)) + (value(c) + value(d));
  const double count = (one(a) + one(b)) + (one(c) + one(d));
  const float mean = static_cast<float>(sum / count);
  return count > 0 ? mean : fill_sample<float>(true);
}

// Integers have no nodata; halves round up.
template <class T>
T mean_of_valid(T a, T b, T c, T d) {
  const std::uint64_t sum = std::uint64_t{a} + b + c + d;
  return static_cast<T>((sum + 2) / 4);
}

template <class T>
void fold_mean(const T* samples, std::int64_t columns, std::int64_t rows, T* out) {
  const std::int64_t pairs = columns / 2;
  for (std::int64_t y = 0; y < rows; y += 2) {
    const T* __restrict top = samples + y * CogWriter::tile;
    // Beyond an odd edge the last pixel stands in for its missing neighbour, which leaves the mean
    // as it is.
    const T* __restrict bottom = y + 1 < rows ? top + CogWriter::tile : top;
    T* __restrict to = out + y / 2 * CogWriter::tile;
    for (std::int64_t x = 0; x < pairs; ++x)
      to[x] = mean_of_valid(top[2 * x], top[2 * x + 1], bottom[2 * x], bottom[2 * x + 1]);
    if (columns % 2)
      to[pairs] =
          mean_of_valid(top[2 * pairs], top[2 * pairs], bottom[2 * pairs], bottom[2 * pairs]);
  }
}

template <class T>
void fold_nearest(const T* samples, std::int64_t columns, std::int64_t rows, T* out) {
  for (std::int64_t y = 0; y < rows; y += 2) {
    const T* __restrict from = samples + y * CogWriter::tile;
    T* __restrict to = out + y / 2 * CogWriter::tile;
    for (std::int64_t x = 0; 2 * x < columns; ++x) to[x] = from[2 * x];
  }
}

std::int64_t children(std::int64_t index, std::int64_t count) {
  return std::min<std::int64_t>(2, count - 2 * index);
}

// 43 bits of tile, 16 of band, 5 of level.
std::uint64_t key(const OverviewFolder::Place& place, const CogLevel& level) {
  const std::uint64_t band = static_cast<std::uint64_t>(place.band);
  return (level.index(place.column, place.row) << 21) | (band << 5) | place.level;
}

}  // namespace

CUBEMILL_WIDE_LOOPS void fold_quarter(SampleType type, OverviewRule rule, const std::byte* samples,
                                      std::int64_t columns, std::int64_t rows, std::byte* out) {
  with_sample_type(type, [&](auto sample) {
    using T = decltype(sample);
    const T* from = reinterpret_cast<const T*>(samples);
    T* to = reinterpret_cast<T*>(out);
    if (rule == OverviewRule::mean)
      fold_mean(from, columns, rows, to);
    else
      fold_nearest(from, columns, rows, to);
  });
}

struct OverviewFolder::Pending {
  std::int64_t missing = 0;  // children that have not been folded
  std::unique_ptr<std::byte[]>
      half[2];  // upper and lower rows; null while only empty children came
};

OverviewFolder::OverviewFolder(const CogSpec& spec, std::vector<CogLevel> levels)
    : type_(spec.type),
      rule_(spec.overviews),
      nodata_nan_(spec.nodata_nan),
      levels_(std::move(levels)) {}
OverviewFolder::~OverviewFolder() = default;

std::size_t OverviewFolder::half_bytes(SampleType type) { return tile_bytes(type) / 2; }

std::unique_ptr<std::byte[]> OverviewFolder::filled_half() const {
  auto bytes = std::make_unique_for_overwrite<std::byte[]>(half_bytes(type_));
  with_sample_type(type_, [&](auto sample) {
    using T = decltype(sample);
    std::fill_n(reinterpret_cast<T*>(bytes.get()), half_samples, fill_sample<T>(nodata_nan_));
  });
  return bytes;
}

std::shared_ptr<OverviewFolder::Pending> OverviewFolder::pending(const Place& parent) {
  const CogLevel& below = levels_[parent.level - 1];
  const std::lock_guard lock(mutex_);
  auto& tile = pending_[key(parent, levels_[parent.level])];
  if (!tile) {
    tile = std::make_shared<Pending>();
    tile->missing = children(parent.column, below.across()) * children(parent.row, below.down());
  }
  return tile;
}

std::byte* OverviewFolder::half(Pending& tile, std::size_t which) {
  const std::lock_guard lock(mutex_);
  if (!tile.half[which]) tile.half[which] = filled_half();
  return tile.half[which].get();
}

std::optional<OverviewFolder::Finished> OverviewFolder::fold(const Place& place,
                                                             const std::byte* samples,
                                                             std::byte* out) {
  if (place.level + 1 >= levels_.size()) return std::nullopt;
  const Place parent{place.level + 1, place.band, place.column / 2, place.row / 2};
  const std::shared_ptr<Pending> tile = pending(parent);
  if (samples) {
    // Children write to quarters of their own: no lock while pixels are folded.
    std::byte* to =
        half(*tile, static_cast<std::size_t>(place.row % 2)) +
        static_cast<std::size_t>(place.column % 2) * (tile_edge / 2) * sample_bytes(type_);
    const CogLevel& level = levels_[place.level];
    fold_quarter(type_, rule_, samples, level.columns_in(place.column), level.rows_in(place.row),
                 to);
  }
  {
    const std::lock_guard lock(mutex_);
    if (--tile->missing > 0) return std::nullopt;
    pending_.erase(key(parent, levels_[parent.level]));
  }
  return take(parent, *tile, out);
}

OverviewFolder::Finished OverviewFolder::take(const Place& parent, Pending& tile, std::byte* out) {
  if (!tile.half[0] && !tile.half[1]) return {parent, nullptr};
  for (std::size_t which : {0, 1}) {
    if (!tile.half[which]) tile.half[which] = filled_half();
    std::memcpy(out + which * half_bytes(type_), tile.half[which].get(), half_bytes(type_));
  }
  return {parent, out};
}

}  // namespace cubemill
