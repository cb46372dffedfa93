#include "io/demo_noise.hpp"

namespace cubemill::demo {
namespace {

std::uint32_t hash(std::uint32_t seed, std::int32_t x, std::int32_t y) {
  std::uint32_t h = seed ^ std::uint32_t(x) * 0x9e3779b1U ^ std::uint32_t(y) * 0x85ebca77U;
  h = (h ^ (h >> 15)) * 0x2c1b3c6dU;
  h = (h ^ (h >> 12)) * 0x297a2d39U;
  return h ^ (h >> 15);
}

// The gradient of a lattice corner times the way from there.
float ramp(std::uint32_t h, float dx, float dy) {
  const float gx = float(std::int32_t(h & 0xffff) - 32768) * (1.0F / 32768);
  const float gy = float(std::int32_t(h >> 16) - 32768) * (1.0F / 32768);
  return gx * dx + gy * dy;
}

// The floor, in line: without SSE4.1, std::floor is a call, and this is the demo's hottest spot.
std::int32_t below(double value) {
  const auto truncated = std::int32_t(value);
  return truncated - std::int32_t(value < truncated);
}

float fade(float t) { return t * t * t * (t * (t * 6 - 15) + 10); }

}  // namespace

float gradient_noise(std::uint32_t seed, double x, double y) {
  const std::int32_t ix = below(x), iy = below(y);
  const auto dx = float(x - ix), dy = float(y - iy);
  const float u = fade(dx), v = fade(dy);
  const float a = ramp(hash(seed, ix, iy), dx, dy);
  const float b = ramp(hash(seed, ix + 1, iy), dx - 1, dy);
  const float c = ramp(hash(seed, ix, iy + 1), dx, dy - 1);
  const float d = ramp(hash(seed, ix + 1, iy + 1), dx - 1, dy - 1);
  const float top = a + u * (b - a), bottom = c + u * (d - c);
  return 3.2F * (top + v * (bottom - top));  // 3.2: variance about 1
}

float fractal_noise(std::uint32_t seed, double x, double y, int octaves) {
  float sum = 0, strength = 1;
  for (int i = 0; i < octaves; ++i) {
    sum += strength * gradient_noise(seed + std::uint32_t(i) * 0x632be5abU, x, y);
    // A turn and an odd factor a step, so that the lattices of the octaves never line up.
    const double turned = 1.6 * x - 1.2 * y + 17.3;
    y = 1.2 * x + 1.6 * y - 5.7;
    x = turned;
    strength *= 0.5F;
  }
  return sum;
}

}  // namespace cubemill::demo
