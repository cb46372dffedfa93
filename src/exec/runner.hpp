// Runs a plan on threads: each thread takes what is most urgent – folding a chunk that was read,
// else reading (read_queue.hpp says what), now and then keeping how far it has come. A tile is
// folded by one thread at a time and handed to the sink when its last chunk is in. Back-pressure is
// ownership: without a free slab no chunk is filled, and who has a slab waits for nothing but other
// folds.
#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "exec/read_queue.hpp"
#include "exec/run_state.hpp"
#include "exec/skipped.hpp"
#include "exec/tile_store.hpp"
#include "exec/trace.hpp"

namespace cubemill {

/// Takes finished tiles, from any thread.
class TileSink {
 public:
  virtual ~TileSink() = default;
  /// Means and counts of one index, tile_size² row-major; pixels outside the grid are whatever.
  /// `empty`: no count above 0.
  virtual void put(std::size_t index, const Tile& tile, const std::vector<float>& means,
                   const std::vector<std::uint32_t>& counts, bool empty) = 0;
  /// A tile that no scene touches.
  virtual void put_empty(const Tile& tile) = 0;
};

struct LeftOutScene {
  std::size_t scene = 0;  ///< into Plan::scenes
  std::string asset, href, reason;
  FailureDetails failure;
};

struct RunTally {
  ReadTally read;
  std::uint64_t cache_hits = 0;
  std::uint64_t cache_peak_bytes = 0;
  std::uint64_t values_beyond = 0;  ///< finite values too large to fold
  std::uint64_t nanoseconds_folding = 0;
  std::uint64_t nanoseconds_finishing = 0;
  std::uint64_t nanoseconds_writing = 0;
  SpillTally spill;
  SupplyTally supply;
  std::uint64_t slabs = 0;           ///< that there were: fewer than planned where memory was short
  std::uint64_t chunks_resumed = 0;  ///< folded by an earlier process
  std::uint64_t tiles_damaged = 0;   ///< whose sums an earlier process left, and had to begin anew
  std::uint64_t checkpoints = 0;
  std::vector<LeftOutScene>
      left_out;  ///< unreadable scenes; not empty: the tiles are not to be used

  /// Whether something is kept that a later process can go on with.
  bool may_be_resumed() const { return checkpoints > 0 || chunks_resumed > 0; }
};

/// Saves all sums and tells how far the run has come; nothing when that is of no use.
using SaveState = std::function<std::optional<RunState>()>;

struct RunOptions {
  bool fuse_pixels = true;
  bool skip_unreadable = false;
  /// Makes the backend for the slabs of a plan; empty: the CPU's.
  std::function<std::unique_ptr<FoldBackend>(FoldSpec, const MemoryPlan&)> make_backend;
  Trace* trace = nullptr;
  /// Where the bytes of remote blocks come from; null: the network.
  RangeSource* ranges = nullptr;
  SpillOptions spill;
  /// Keeps how far the run has come, which its argument tells; called by one thread at a time,
  /// every `checkpoint_interval`; empty: never. False: it could not be kept, what was kept before
  /// stays.
  std::function<bool(const SaveState&)> checkpoint;
  std::chrono::duration<double> checkpoint_interval{60};
  /// How far an earlier process had come with the same plan.
  RunState resume;
  /// Called now and then, from any thread, one at a time: chunks done, how many of them by an
  /// earlier process, and where sums are.
  std::function<void(std::size_t, std::size_t resumed, const SumsByTier&)> progress;
};

/// Runs the plan. Throws what a reader or the sink throws; the first failure stops all threads.
RunTally run_plan(const Plan& plan, const Survey& survey, const SceneBands& bands,
                  const RunOptions& options, TileSink& sink);

}  // namespace cubemill
