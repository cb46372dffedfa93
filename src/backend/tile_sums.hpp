// The sums of one output tile in the memory of the host, and what becomes of them: means and
// counts, or bytes on a disk that are added again later.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "cubemill/backend/fold_backend.hpp"
#include "cubemill/memory/large_memory.hpp"

namespace cubemill {

/// Bytes of the sums of one tile.
std::size_t tile_sums_bytes(const std::vector<AccumulatorKind>& kinds, std::int64_t edge);

/// Sums of all indices over edge × edge pixels; edge is a multiple of run_length.
class TileSums final : public TileState {
 public:
  TileSums(const std::vector<AccumulatorKind>& kinds, std::int64_t edge);
  /// Views of a window, given relative to the tile, to be folded into.
  std::vector<SumsView> views(std::int64_t x, std::int64_t y);

  /// Means and counts of one index, edge² each, whose sums are empty afterwards; returns how many
  /// finite values were beyond what sums can hold.
  std::uint64_t finish(std::size_t index, const PassKernels& kernels, std::vector<float>& means,
                       std::vector<std::uint32_t>& counts);

  /// Adds whole runs of sums of an index, from byte `at` on.
  void merge(std::size_t index, std::size_t at, std::span<const std::byte> sums);
  void merge(const TileSums& other);
  /// Empties what is not empty.
  void clear();

  /// The sums of every index.
  std::vector<std::span<const std::byte>> bytes() const;
  AccumulatorKind kind(std::size_t index) const { return kinds_[index]; }

 private:
  std::byte* data(std::size_t index) { return data_[index].get(); }
  std::size_t size(std::size_t index) const { return tile_sums_bytes({kinds_[index]}, edge_); }

  std::vector<AccumulatorKind> kinds_;
  std::int64_t edge_;
  std::vector<LargeMemory> data_;   // by index
  std::vector<std::uint8_t> used_;  // by index: may hold something
};

/// Hands sums out, at most so many at a time, and keeps those that came back. Thread-safe.
class SumsPool {
 public:
  SumsPool(std::vector<AccumulatorKind> kinds, std::int64_t edge, std::size_t capacity)
      : kinds_(std::move(kinds)), edge_(edge), capacity_(capacity) {}

  /// Empty sums, or null when all are out.
  std::unique_ptr<TileSums> take();
  void give_back(std::unique_ptr<TileSums> sums);

 private:
  const std::vector<AccumulatorKind> kinds_;
  const std::int64_t edge_;
  const std::size_t capacity_;
  std::mutex mutex_;
  std::size_t out_ = 0;
  std::vector<std::unique_ptr<TileSums>> free_;
};

}  // namespace cubemill
