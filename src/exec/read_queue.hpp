// Which piece of reading comes next. Where all files are local a chunk is read in one go. Where
// blocks come from a network, reading runs ahead of folding: blocks of flags are asked for, flags
// are read as they come (a chunk is screened), which tells what else to ask for, and when that has
// come the chunk is filled. Earlier chunks first, but nobody waits for a late range as long as
// something else can be done. Not thread-safe: used under the runner's lock.
#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "cubemill/memory/slab_pool.hpp"
#include "exec/block_supply.hpp"
#include "exec/chunk_reader.hpp"

namespace cubemill {

struct ReadTask {
  enum class Kind : std::uint8_t {
    announce,  ///< tell the supply which flags chunks need, from `chunk` up to `end`
    screen,
    fill,
    read,  ///< screen and fill
  };
  Kind kind = Kind::read;
  std::uint32_t chunk = 0, end = 0;
  Slab slab;
  std::optional<ScreenedChunk> screened;  ///< to fill
};

class ReadQueue {
 public:
  /// `supply`: null where all files are local. `folded`: chunks that an earlier process folded;
  /// may be empty.
  ReadQueue(const Plan& plan, const std::vector<bool>& folded, BlockSupply* supply,
            RangeSource* source);

  using Clock = std::chrono::steady_clock;

  /// Begins: `folded` is filled now.
  void begin();
  /// Takes the next piece; nothing when all that is left waits for a slab or a range.
  std::optional<ReadTask> take(SlabPool& slabs);
  /// What becomes of a piece.
  void announced(std::uint32_t end);
  void screened(ScreenedChunk chunk);
  void filled(std::uint32_t chunk);
  void failed(ReadTask task);  ///< to be done again

  /// The earliest chunk that is not screened, and the earliest that is not filled.
  std::uint32_t oldest_screening() const;
  std::uint32_t oldest_filling() const;
  /// How many chunks after the oldest one the supply is to ask for now; nothing while flags that
  /// have come tell more of them at once.
  std::optional<std::uint32_t> ahead() const;
  /// Until when `ahead` says nothing although no flags come; nothing where it does not wait.
  std::optional<Clock::time_point> waits_until() const;

 private:
  std::optional<ReadTask> take_announcement();
  std::optional<ReadTask> take_screening();
  std::optional<ReadTask> take_filling(SlabPool& slabs);
  std::optional<ReadTask> take_whole(SlabPool& slabs);
  bool can_screen() const;
  bool screens_first() const;
  std::uint32_t known_ahead() const;   // so far that ranges are long
  std::uint32_t useful_ahead() const;  // so far that nobody waits
  void skip_folded();

  const Plan& plan_;
  const std::vector<bool>& folded_;
  BlockSupply* const supply_;
  RangeSource* const source_;
  const std::uint32_t count_, window_;

  std::uint32_t announced_ = 0;  // chunks before it have told which flags they need
  bool announcing_ = false;
  std::uint32_t next_ = 0;  // chunks before it are being screened (or read), or are
  std::set<std::uint32_t> screening_, filling_;  // on their way; whole reads are in both
  std::map<std::uint32_t, ScreenedChunk> screened_;
  std::vector<ReadTask> again_;
  Clock::time_point last_screened_;
  std::uint64_t filled_ = 0;
  Clock::time_point first_filled_;
};

}  // namespace cubemill
