// Random numbers and smooth noise of the demo archive: pure functions of seed and place, the same
// on every machine. Not for statistics and not for secrets.
#pragma once
#include <cstdint>

namespace cubemill::demo {

/// Mixes 64 bits well; source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators"
/// (SplitMix64).
constexpr std::uint64_t mix(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

/// Derives an independent seed for one use (`what`, `index`) of `seed`.
constexpr std::uint64_t derive(std::uint64_t seed, std::uint64_t what, std::uint64_t index = 0) {
  return mix(mix(mix(seed) ^ what) ^ index);
}

/// Gives 0…1 (1 excluded) from the upper bits of a hash.
constexpr double unit(std::uint64_t hash) { return double(hash >> 11) * 0x1p-53; }

/// A stream of random numbers.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() { return mix(state_++); }
  double uniform() { return unit(bits()); }
  /// An integer of low…high, both included.
  std::int64_t integer(std::int64_t low, std::int64_t high) {
    return low + std::int64_t(bits() % std::uint64_t(high - low + 1));
  }

 private:
  std::uint64_t state_;
};

/// Gives a nearly normal number (mean 0, variance 1) from the four 16-bit parts of a hash: a sum of
/// four uniform ones.
constexpr float normal(std::uint64_t hash) {
  const std::uint64_t sum =
      (hash & 0xffff) + (hash >> 16 & 0xffff) + (hash >> 32 & 0xffff) + (hash >> 48);
  return (float(sum) * (1.0F / 65536) - 2.0F) * 1.7320508F;
}

/// Gradient noise at (x, y) with features of size 1; mean 0, variance about 1 at its most.
/// Source: Perlin, "Improving Noise" (2002), with hashed instead of tabled gradients.
float gradient_noise(std::uint32_t seed, double x, double y);

/// Sums `octaves` of gradient noise, each half as large and half as strong as the one before.
float fractal_noise(std::uint32_t seed, double x, double y, int octaves);

}  // namespace cubemill::demo
