// Resampling at the level of one output pixel (or of lanes of them): weights and their sums. `V` is
// double or a vector of doubles; both run the same operations in the same order. Element functions.
// Sources: average as GDAL's `-r average` with exact areas; cubic convolution by Keys (1981) with a
// = -0.5.
#pragma once
#include <cstdint>

#include "cubemill/pixel/coordinates.hpp"

namespace cubemill {

enum class Resampling : std::uint8_t { nearest, bilinear, cubic, average, mode };

CUBEMILL_HD double select(bool take, double a, double b) { return take ? a : b; }
CUBEMILL_HD bool both(bool a, bool b) { return a & b; }
CUBEMILL_HD double smaller(double a, double b) { return a < b ? a : b; }
CUBEMILL_HD double larger(double a, double b) { return a > b ? a : b; }

/// Distance from the base pixel's edge in [0, 1), from the low half of a coordinate that has the
/// edge tolerance added; within the tolerance it is 0. Resolution 2^-31 pixel.
template <class V, class I>
CUBEMILL_HD V raw_fraction(I low_half_shifted_right_once) {
  return V(low_half_shifted_right_once) * V(0x1p-31) - V(edge_tolerance);
}
template <class V>
CUBEMILL_HD V snapped_fraction(V raw) {
  return select(raw > V(edge_tolerance), raw, V(0.0));
}

/// Rounds a number in [0, 2^51) to the nearest integer when it is within the edge tolerance of it.
template <class V>
CUBEMILL_HD V snapped_end(V end) {
  const V nearest = (end + V(0x1.8p52)) - V(0x1.8p52);
  const V away = end - nearest;
  return select(both(away<V(edge_tolerance), away> V(-edge_tolerance)), nearest, end);
}

/// Overlap of the box [begin, end) with the unit pixel [tap, tap+1); 0 <= begin < 1: it lies in the
/// first.
template <class V>
CUBEMILL_HD V overlap(V begin, V end, double tap) {
  const V upper = smaller(end, V(tap + 1.0)), lower = tap > 0 ? V(tap) : begin;
  return larger(upper - lower, V(0.0));
}

/// Weight of tap 0 or 1 of a linear interpolation at fraction f.
template <class V>
CUBEMILL_HD V linear_weight(V f, int tap) {
  return tap == 0 ? V(1.0) - f : f;
}

/// Weight of tap 0…3 of Keys' cubic convolution (a = -0.5) at fraction f between taps 1 and 2.
template <class V>
CUBEMILL_HD V cubic_weight(V f, int tap) {
  const V half = V(0.5), g = V(1.0) - f;
  switch (tap) {
    case 0:
      return ((V(1.0) - half * f) * f - half) * f;
    case 1:
      return ((V(1.5) * f - V(2.5)) * f) * f + V(1.0);
    case 2:
      return ((V(1.5) * g - V(2.5)) * g) * g + V(1.0);
    default:
      return ((V(1.0) - half * g) * g - half) * g;
  }
}

/// w(k) of a box segment.
template <class V>
CUBEMILL_HD V box_size(const double (&w)[3], V k) {
  const V size = V(w[0]) + k * (V(w[1]) + k * V(w[2]));
  return larger(size, V(0.0));
}

}  // namespace cubemill
