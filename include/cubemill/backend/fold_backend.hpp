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

class TileSums;

/// The sums of one tile, where the backend folds.
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

  /// Empty sums, or null when the memory for sums is full: another state must be recycled first.
  /// Throws OutOfMemory when not even one fits, DeviceError.
  virtual std::unique_ptr<TileState> make_state() = 0;
  /// Folds a chunk into a tile; its window begins at (x, y) of the tile, x and y multiples of
  /// run_length. Gives the slab back when its bytes were taken; may return before they are folded.
  /// Throws OutOfMemory with the chunk left as it is: it may be tried again when another state is
  /// recycled.
  virtual void fold(StagedChunk& chunk, TileState& state, std::int64_t x, std::int64_t y) = 0;

  /// The sums of a state where they are in the memory of the host anyway, else null.
  virtual TileSums* on_host(TileState& state) = 0;
  /// Adds what a state holds to sums on the host; the state stays as it is.
  virtual void download(TileState& state, TileSums& into) = 0;
  /// Adds sums to a state.
  virtual void merge(TileState& state, const TileSums& sums) = 0;

  /// Means and counts of one index, tile_edge² each, when all that was given is folded; its sums
  /// are empty afterwards. Returns how many finite values were beyond what sums can hold.
  virtual std::uint64_t finish(TileState& state, std::size_t index, std::vector<float>& means,
                               std::vector<std::uint32_t>& counts) = 0;
  /// Takes back a state, whatever it holds.
  virtual void recycle(std::unique_ptr<TileState> state) = 0;
  /// Gives back the slabs that it still holds: before their pool goes.
  virtual void release_slabs() noexcept {}
};

/// The CPU: folds in the calling thread. `states`: how many may exist at once.
std::unique_ptr<FoldBackend> make_cpu_backend(FoldSpec spec, std::size_t states);

}  // namespace cubemill
