// The sums of unfinished tiles, in three tiers: with the backend that folds, in the memory of the
// host, on a disk. What the plan needs last makes room. Knows which chunks are in the sums, so that
// a checkpoint can be taken at any time. Not responsible for reading or for the order of work.
// Thread-safe: a tile belongs to the thread that claimed it; folding and finishing need the claim.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "backend/tile_sums.hpp"
#include "cubemill/backend/fold_backend.hpp"
#include "cubemill/plan/plan.hpp"
#include "exec/run_state.hpp"
#include "exec/trace.hpp"

namespace cubemill {

struct SpillOptions {
  std::string folder;        ///< where spill files go; empty: the folder for temporary files
  std::string owner;         ///< folder with the checkpoint that may need them; empty: none
  std::uint64_t limit = 0;   ///< bytes on disk; 0: any
  bool checkpoints = false;  ///< whether what a checkpoint names must stay on the disk
};

/// Bytes of sums, by where they are.
struct SumsByTier {
  std::uint64_t backend = 0, host = 0, disk = 0;
};

struct SpillTally {
  std::uint64_t bytes_written = 0, bytes_read = 0, peak_bytes = 0;
  std::uint64_t moved_to_host = 0;  ///< bytes that left the device
};

class TileStore {
 public:
  using Put = std::function<void(std::size_t index, const std::vector<float>& means,
                                 const std::vector<std::uint32_t>& counts)>;

  /// `released` is called after a tile was released, outside all locks. Needs room for more states
  /// than there are threads, which the plan sees to.
  TileStore(const Plan& plan, FoldSpec spec, FoldBackend& backend, SpillOptions spill,
            std::function<void()> released, Trace* trace);
  ~TileStore();
  TileStore(const TileStore&) = delete;
  TileStore& operator=(const TileStore&) = delete;

  /// Takes over what an interrupted run had folded; gives of how many tiles it is damaged, which
  /// are begun anew.
  std::size_t resume(const RunState& state);

  bool try_claim(std::uint32_t tile);
  void release(std::uint32_t tile);

  /// Folds a chunk into its tile; others make room where there is none. Throws what the backend and
  /// the disk throw.
  void fold(std::uint32_t chunk, StagedChunk& staged);
  /// Whether a chunk is folded.
  bool folded(std::uint32_t chunk) const;
  /// Whether all chunks of a claimed tile are folded.
  bool complete(std::uint32_t tile) const;
  /// Gives means and counts of every index of a complete tile to `put` and forgets its sums: the
  /// tile is finished.
  void finish(std::uint32_t tile, const Put& put);
  /// After resume: tiles that an earlier process folded and did not finish.
  std::vector<std::uint32_t> unfinished_complete_tiles() const;
  /// In all finished tiles: values beyond what sums hold.
  std::uint64_t values_beyond() const;

  /// Puts a copy of all sums that changed on the disk, and gives where all sums are there. What is
  /// on the disk stays until `kept` was called and more was saved.
  RunState save();
  void kept();
  /// Says that nothing on the disk is needed by a later process any more.
  void forget_disk();

  /// Wakes all that wait, for good: the run has failed.
  void stop();
  SpillTally tally() const;
  SumsByTier tiers() const;

 private:
  struct Entry {
    std::unique_ptr<TileState> state;     // with the backend
    std::unique_ptr<TileSums> partial;    // on the host, where the backend is not
    std::optional<SpillFile::Slot> slot;  // on the disk
    FoldedChunks folded, in_slot;
    bool apart = false;    // what is in the slot is not in memory, and is to be added
    bool changed = false;  // something was folded that is not in the slot
    bool claimed = false;
    std::exception_ptr spoilt;  // what was read back was not whole: what is in memory is of no use
  };
  struct Stopped {};
  /// Releases a tile that was claimed.
  struct Claim {
    TileStore& store;
    std::uint32_t tile;
    ~Claim() { store.release(tile); }
  };
  using Move = void (TileStore::*)(std::uint32_t tile);
  using Has = bool (*)(const Entry&);

  std::uint32_t chunks_of(std::uint32_t tile) const { return first_[tile + 1] - first_[tile]; }
  std::uint32_t place(std::uint32_t chunk) const;
  struct States {
    std::uint64_t now, made;  // that there are; in all
  };

  TileState& state(std::uint32_t tile);
  void make_state(Entry& entry);
  States states() const;
  void need_room_to_fold(std::uint32_t tile, std::uint64_t seen,
                         std::unique_lock<std::mutex>& turn);
  std::unique_ptr<TileSums> host_sums();
  void make_room(std::uint64_t seen, Has has, Move move);
  std::optional<std::uint32_t> needed_last(Has has) const;
  void wait_for_release(std::unique_lock<std::mutex>& lock, std::uint64_t seen);
  std::uint64_t releases() const;
  void count_release();

  void leave_backend(std::uint32_t tile);
  void leave_host(std::uint32_t tile);
  TileSums& gather(std::uint32_t tile);
  void add_slot(std::uint32_t tile, TileSums& into);
  void write(std::uint32_t tile, const TileSums& sums, bool apart);
  void retire(std::optional<SpillFile::Slot>& slot);
  void name(const SpillFile::Slot& slot);
  void drop_state(Entry& entry);
  void drop_memory(Entry& entry);
  bool whole(const SpillFile::Slot& slot) const;
  SpillFile::Options file_options() const;
  SpillFile& file();

  const Plan& plan_;
  const FoldSpec spec_;
  FoldBackend& backend_;
  const SpillOptions options_;
  const std::function<void()> released_;
  Trace* const trace_;
  std::vector<std::uint32_t> first_, chunks_;  // chunks of every tile, in the order of work
  SumsPool host_;                              // partials, and sums on their way

  mutable std::mutex mutex_;  // guards claims, slots, and what follows
  std::condition_variable changed_;
  std::vector<Entry> entries_;  // by tile; the claimant's, but for its slot
  std::vector<std::uint32_t> finished_;
  std::uint64_t values_beyond_ = 0;
  std::uint64_t releases_ = 0;
  bool stopped_ = false;
  std::uint64_t moved_to_host_ = 0;
  std::atomic<std::uint64_t> states_{0}, partials_{0};
  mutable std::mutex making_;  // a state that is made is counted
  std::uint64_t states_made_ = 0;
  std::mutex short_of_room_;  // held by the fold that waits for room with its state
  std::unique_ptr<SpillFile> file_;
  std::vector<bool> named_;                         // by slot: whether a checkpoint may name it
  std::vector<SpillFile::Slot> retired_, leaving_;  // kept for the sake of the last checkpoint
};

}  // namespace cubemill
