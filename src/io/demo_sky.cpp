#include "io/demo_sky.hpp"

#include <algorithm>
#include <vector>

#include "io/demo_noise.hpp"

namespace cubemill::demo {

Sky::Sky(std::uint64_t weather, double cloudiness, double extent)
    : seed_(std::uint32_t(derive(weather, 1))), has_cirrus_(derive(weather, 2) % 3 == 0) {
  // The threshold is the quantile of the field over the area, from a 64 × 64 sample of it.
  constexpr int side = 64;
  std::vector<float> sample;
  sample.reserve(side * side);
  for (int i = 0; i < side; ++i)
    for (int j = 0; j < side; ++j)
      sample.push_back(field(extent * ((i + 0.5) / side - 0.5), extent * ((j + 0.5) / side - 0.5)));
  const auto rank = std::ptrdiff_t((1 - cloudiness) * (side * side - 1));
  std::nth_element(sample.begin(), sample.begin() + rank, sample.end());
  threshold_ = sample[std::size_t(rank)];
}

float Sky::field(double east, double north) const {
  return fractal_noise(seed_, east / 7500, north / 5200, 6);
}

float Sky::cloud(double east, double north) const { return field(east, north) - threshold_; }

bool Sky::cirrus(double east, double north) const {
  return has_cirrus_ &&
         fractal_noise(seed_ + 99, east / 14000 + north / 21000, north / 4200, 3) > 1.15F;
}

}  // namespace cubemill::demo
