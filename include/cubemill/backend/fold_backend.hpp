// Where folds run: a backend owns the sums of tiles that are being made, and takes over chunks. The
// engine above decides what is read and folded when. Thread-safe, but for one tile at a time: two
// threads never fold or finish the same state.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "cubemill/backend/chunk_fold.hpp"
#include "cubemill/memory/slab_pool.hpp"

namespace cubemill {

/// A chunk that was read, with everything that its views point into.
struct StagedChunk {
  FoldChunk fold;
  Slab slab;                                      ///< windows and classes
  std::vector<std::shared_ptr<const void>> keep;  ///< segment tables
};

/// The sums of one tile, wherever they are.
class TileState {
 public:
  virtual ~TileState() = default;
};

/// What all tiles have in common.
struct FoldSpec {
  std::vector<FoldIndex> indices;
  std::vector<AccumulatorKind> kinds;  ///< by index
  std::int64_t tile_edge = 0;          ///< pixels, a multiple of run_length
};

class FoldBackend {
 public:
  virtual ~FoldBackend() = default;
  virtual StagingMemory& staging_memory() = 0;

  /// Empty sums. Throws OutOfMemory, DeviceError.
  virtual std::unique_ptr<TileState> make_state() = 0;
  /// Folds a chunk into a tile; its window begins at (x, y) of the tile, x and y multiples of
  /// run_length. Gives the slab back when its bytes were taken; may return before they are folded.
  virtual void fold(StagedChunk chunk, TileState& state, std::int64_t x, std::int64_t y) = 0;
  /// Means and counts of one index, tile_edge² each, when all that was given is folded; its sums
  /// are empty afterwards. Returns how many finite values were beyond what sums can hold.
  virtual std::uint64_t finish(TileState& state, std::size_t index, std::vector<float>& means,
                               std::vector<std::uint32_t>& counts) = 0;
  /// Gives back the slabs that it still holds: before their pool goes.
  virtual void release_slabs() noexcept {}
  /// Takes back a state whose indices are all finished, to be made again.
  virtual void recycle(std::unique_ptr<TileState> state) = 0;
};

/// The CPU: folds in the calling thread.
std::unique_ptr<FoldBackend> make_cpu_backend(FoldSpec spec);

}  // namespace cubemill
