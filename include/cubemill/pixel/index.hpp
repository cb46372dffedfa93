// Spectral indices: a struct each, with its name, the roles of its bands, and its value from scaled
// numbers. `V` is double or a vector of doubles. Adding an index = one struct here and its name in
// `all_indices`.
#pragma once
#include <array>
#include <string_view>
#include <tuple>
#include <utility>

#include "cubemill/base/host_device.hpp"

namespace cubemill {

struct ValueRange {
  double low;
  double high;
};

/// Normalised difference vegetation index, (nir − red) / (nir + red). Source: Rouse et al. (1974).
struct Ndvi {
  static constexpr std::string_view name = "ndvi";
  static constexpr std::array<std::string_view, 2> bands = {"red", "nir"};
  template <class V>
  static CUBEMILL_HD V value(const V* b) {
    return (b[1] - b[0]) / (b[1] + b[0]);
  }
  /// Whether |value| <= 1 for all bands in these ranges: both reflectances not negative.
  static constexpr bool within_one(const ValueRange* b) { return b[0].low >= 0 && b[1].low >= 0; }
};

/// A band as it is.
struct BandValue {
  static constexpr std::string_view name = "";
  static constexpr std::array<std::string_view, 1> bands = {""};
  template <class V>
  static CUBEMILL_HD V value(const V* b) {
    return b[0];
  }
  static constexpr bool within_one(const ValueRange* b) { return b[0].low >= -1 && b[0].high <= 1; }
};

/// All indices that have a name; BandValue serves `NAME=BAND`.
using AllIndices = std::tuple<Ndvi, BandValue>;
constexpr std::size_t index_count = std::tuple_size_v<AllIndices>;
constexpr int max_index_bands = 8;

/// The smallest and largest value of v·scale + offset for v in a range.
constexpr ValueRange scaled_range(ValueRange r, double scale, double offset) {
  const double a = r.low * scale + offset, b = r.high * scale + offset;
  return a < b ? ValueRange{a, b} : ValueRange{b, a};
}

}  // namespace cubemill
