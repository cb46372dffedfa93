// The sums of one output tile while its chunks are folded, and what becomes of them: means and
// counts. Buffers are pooled.
#pragma once
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "cubemill/backend/chunk_fold.hpp"
#include "cubemill/plan/plan.hpp"

namespace cubemill {

/// Sums of all indices over tile_size × tile_size pixels.
class TileSums {
 public:
  explicit TileSums(const std::vector<AccumulatorKind>& kinds);
  /// Views of a window, given relative to the tile.
  std::vector<SumsView> views(std::int64_t x, std::int64_t y);

  /// Means and counts of one index, tile_size² each, whose sums are empty afterwards; returns how
  /// many finite values were beyond what sums can hold.
  std::uint64_t finish(std::size_t index, const PassKernels& kernels, std::vector<float>& means,
                       std::vector<std::uint32_t>& counts);

 private:
  std::vector<AccumulatorKind> kinds_;
  std::vector<std::vector<std::uint64_t>> data_;  // by index
};

/// Hands out empty sums and takes back those that are finished. Thread-safe.
class TileSumsPool {
 public:
  explicit TileSumsPool(std::vector<AccumulatorKind> kinds) : kinds_(std::move(kinds)) {}
  std::unique_ptr<TileSums> take();
  void give_back(std::unique_ptr<TileSums> sums);

 private:
  std::vector<AccumulatorKind> kinds_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<TileSums>> free_;
};

}  // namespace cubemill
