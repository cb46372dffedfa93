// Where output pixels lie in a source raster: quadratics in Q31.32 fixed point per row segment, so
// that every machine, thread and device gets the same bits. Element functions; the tables are made
// by plan/lattice.
#pragma once
#include <cstdint>

#include "cubemill/base/host_device.hpp"

namespace cubemill {

/// value(k) = a + b·k + c·k², in units of 2^-32 source pixel; k = pixel − middle of its segment.
struct Quadratic {
  std::int64_t a = 0, b = 0, c = 0;
};

CUBEMILL_HD std::int64_t at(const Quadratic& q, std::int32_t k) {
  return q.a + (q.b + q.c * k) * k;
}

/// Coordinates this close to a pixel edge count as on it: 1e-6 pixel, in Q.32 and as a number.
constexpr std::int64_t edge_tolerance_q32 = 4295;
constexpr double edge_tolerance = 1e-6;
constexpr std::int64_t one_q32 = std::int64_t(1) << 32;
constexpr std::int64_t half_q32 = std::int64_t(1) << 31;

/// Centres of the output pixels of one segment of one row, in source pixels (0 = left/top edge of
/// the raster). The edge tolerance is already added: floor() gives the source pixel of `nearest`,
/// an exact tie goes right/down. Aligned for loads of two numbers at once.
struct alignas(16) CentreSegment {
  Quadratic u, v;
};

/// The axis-parallel box between the mapped top-left and bottom-right corners of each output pixel
/// of a segment: its smaller corner (edge tolerance added) and its size in source pixels, w(k) =
/// w[0] + w[1]·k + w[2]·k².
struct alignas(16) BoxSegment {
  Quadratic u, v;
  double width[3] = {};
  double height[3] = {};
};

/// Whether all output pixels of a segment lie one source pixel apart, with one fraction: on grids
/// of one projection and resolution they all do.
CUBEMILL_HD bool is_shift(const Quadratic& u, const Quadratic& v) {
  return (u.b == one_q32) & (u.c == 0) & (v.b == 0) & (v.c == 0);
}

/// A coordinate far outside every raster: marks output pixels that cannot be projected.
constexpr std::int64_t nowhere_q32 = -(std::int64_t(1) << 61);

}  // namespace cubemill
