// The sums of one output tile while its chunks are folded, and what becomes of them: means and
// counts. Buffers are pooled.
#pragma once
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "cubemill/backend/fold_backend.hpp"

namespace cubemill {

/// Sums of all indices over edge × edge pixels; edge is a multiple of run_length.
class TileSums final : public TileState {
 public:
  TileSums(const std::vector<AccumulatorKind>& kinds, std::int64_t edge);
  /// Views of a window, given relative to the tile.
  std::vector<SumsView> views(std::int64_t x, std::int64_t y);

  /// Means and counts of one index, edge² each, whose sums are empty afterwards; returns how many
  /// finite values were beyond what sums can hold.
  std::uint64_t finish(std::size_t index, const PassKernels& kernels, std::vector<float>& means,
                       std::vector<std::uint32_t>& counts);

  /// Adds whole runs of sums of an index, `bytes` from byte `at` on.
  void merge(std::size_t index, std::size_t at, const std::byte* sums, std::size_t bytes);

 private:
  std::byte* data(std::size_t index) { return reinterpret_cast<std::byte*>(data_[index].data()); }

  std::vector<AccumulatorKind> kinds_;
  std::int64_t edge_;
  std::vector<std::vector<std::uint64_t>> data_;  // by index
};

}  // namespace cubemill
