// How far a run has come, as a later process needs it to go on: values only. Chunks and tiles are
// numbers of the plan.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "io/spill_file.hpp"

namespace cubemill {

/// Which chunks of a tile are folded: the first so many in the order of work, and some more.
struct FoldedChunks {
  std::uint32_t first = 0;
  std::vector<std::uint32_t> more;  ///< places among the tile's chunks, above `first`

  void add(std::uint32_t place) {
    more.push_back(place);
    for (auto next = std::ranges::find(more, first); next != more.end();
         next = std::ranges::find(more, first)) {
      more.erase(next);
      ++first;
    }
  }
  bool has(std::uint32_t place) const {
    return place < first || std::ranges::find(more, place) != more.end();
  }
};

/// The sums of an unfinished tile on a disk.
struct SavedSums {
  std::uint32_t tile = 0;
  SpillFile::Slot slot;
  FoldedChunks chunks;  ///< what is in them
};

struct RunState {
  std::vector<std::uint32_t> finished;  ///< tiles that the sink has
  std::vector<SavedSums> sums;
  std::string spill_path;           ///< where the sums are; empty: there are none
  std::uint64_t values_beyond = 0;  ///< in the finished tiles
};

}  // namespace cubemill
