#include "io/cog_statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "cubemill/base/wide_loops.hpp"
#include "io/cog_sample.hpp"

namespace cubemill {
namespace {

// Sums run in this many lanes, column x in lane x mod lanes: a fixed order of additions that
// vectorises.
constexpr std::int64_t lanes = 16;
using Lanes = std::array<double, lanes>;

double total(const Lanes& sums) {
  double all = 0;
  for (const double sum : sums) all += sum;
  return all;
}

template <class T>
bool valid(T value) {
  return value == value;
}

// Calls body(sample, lane) for every sample of the window.
template <class T, class Body>
void for_each_sample(const T* samples, std::int64_t columns, std::int64_t rows, Body&& body) {
  const std::int64_t whole = columns / lanes * lanes;
  for (std::int64_t y = 0; y < rows; ++y) {
    const T* row = samples + y * CogWriter::tile;
    for (std::int64_t x = 0; x < whole; x += lanes)
      for (std::int64_t lane = 0; lane < lanes; ++lane) body(row[x + lane], lane);
    for (std::int64_t x = whole; x < columns; ++x) body(row[x], x - whole);
  }
}

template <class T>
TileStatistics summarise(const T* samples, std::int64_t columns, std::int64_t rows) {
  Lanes sums{}, squares{};
  std::array<T, lanes> low, high;
  std::array<std::uint32_t, lanes> counts{};
  low.fill(std::numeric_limits<T>::max());
  high.fill(std::numeric_limits<T>::lowest());
  for_each_sample(samples, columns, rows, [&](T v, std::int64_t lane) {
    sums[lane] += valid(v) ? static_cast<double>(v) : 0.0;
    counts[lane] += valid(v) ? 1 : 0;
    low[lane] = v < low[lane] ? v : low[lane];
    high[lane] = v > high[lane] ? v : high[lane];
  });
  TileStatistics s;
  for (const std::uint32_t count : counts) s.valid += count;
  if (s.valid == 0) return s;
  s.minimum = static_cast<double>(*std::min_element(low.begin(), low.end()));
  s.maximum = static_cast<double>(*std::max_element(high.begin(), high.end()));
  s.sum = total(sums);
  const double mean = s.sum / s.valid;
  for_each_sample(samples, columns, rows, [&](T v, std::int64_t lane) {
    const double distance = valid(v) ? static_cast<double>(v) - mean : 0.0;
    squares[lane] += distance * distance;
  });
  s.squares = total(squares);
  return s;
}

// Sums of small integers are exact, so that nothing has to be read twice.
TileStatistics summarise(const std::uint16_t* samples, std::int64_t columns, std::int64_t rows) {
  std::uint16_t low = std::numeric_limits<std::uint16_t>::max(), high = 0;
  std::uint64_t sum = 0, squares = 0;
  for (std::int64_t y = 0; y < rows; ++y) {
    const std::uint16_t* row = samples + y * CogWriter::tile;
    std::uint32_t line = 0;
    for (std::int64_t x = 0; x < columns; ++x) {
      const std::uint32_t v = row[x];
      low = std::min(low, row[x]);
      high = std::max(high, row[x]);
      line += v;
      squares += v * v;
    }
    sum += line;
  }
  TileStatistics s;
  s.valid = static_cast<std::uint32_t>(columns * rows);
  s.minimum = low, s.maximum = high;
  s.sum = static_cast<double>(sum);
  // n·Σv² − (Σv)², below 2^68.
  const auto spread =
      static_cast<unsigned __int128>(s.valid) * squares - static_cast<unsigned __int128>(sum) * sum;
  s.squares = static_cast<double>(spread) / s.valid;
  return s;
}

}  // namespace

CUBEMILL_WIDE_LOOPS TileStatistics tile_statistics(SampleType type, const std::byte* samples,
                                                   std::int64_t columns, std::int64_t rows) {
  return with_sample_type(type, [&](auto sample) {
    using T = decltype(sample);
    return summarise(reinterpret_cast<const T*>(samples), columns, rows);
  });
}

CogWriter::BandStatistics join_statistics(std::span<const TileStatistics> tiles,
                                          std::uint64_t pixels) {
  CogWriter::BandStatistics band;
  band.pixels = pixels;
  double sum = 0, squares = 0;
  for (const TileStatistics& t : tiles) {
    if (t.valid == 0) continue;
    const double n = static_cast<double>(band.valid), m = t.valid;
    band.minimum = band.valid ? std::min(band.minimum, t.minimum) : t.minimum;
    band.maximum = band.valid ? std::max(band.maximum, t.maximum) : t.maximum;
    const double distance = band.valid ? t.sum / m - sum / n : 0.0;
    squares += t.squares + distance * distance * (n * m / (n + m));
    sum += t.sum;
    band.valid += t.valid;
  }
  if (band.valid == 0) return band;
  band.mean = sum / static_cast<double>(band.valid);
  band.stddev = std::sqrt(squares / static_cast<double>(band.valid));
  return band;
}

}  // namespace cubemill
