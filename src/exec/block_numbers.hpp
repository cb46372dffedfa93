// One number for every block of every raster of a run. Immutable.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "cubemill/io/raster.hpp"

namespace cubemill {

/// The rasters of a run, by planned scene and input.
using SceneBands = std::vector<std::vector<std::unique_ptr<RasterBand>>>;

class BlockNumbers {
 public:
  explicit BlockNumbers(const SceneBands& bands) {
    std::uint64_t block = 0;
    for (const auto& scene : bands) {
      inputs_ = scene.size();
      for (const auto& band : scene) {
        rasters_.push_back({block, band->info().blocks_across()});
        block += std::uint64_t(band->info().blocks_across() * band->info().blocks_down());
      }
    }
  }

  std::uint64_t number(std::size_t scene, std::size_t input, std::int64_t bx,
                       std::int64_t by) const {
    const Raster& r = rasters_[scene * inputs_ + input];
    return r.first + std::uint64_t(by * r.across + bx);
  }

 private:
  struct Raster {
    std::uint64_t first;
    std::int64_t across;
  };
  std::vector<Raster> rasters_;
  std::size_t inputs_ = 0;
};

}  // namespace cubemill
