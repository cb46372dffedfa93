// Which neighbouring blocks of a file are fetched in one range. Pure.
#pragma once
#include <cstdint>
#include <map>

namespace cubemill {

/// A request costs a round trip, a gap costs its bytes: gaps are read across while they are short
/// and little of the whole. Defaults: at 50 ms and some ten MB/s a connection a request is worth
/// half a megabyte; 4 MiB keep a connection busy for as long again as it waited.
struct MergeRule {
  std::uint64_t longest = 4 << 20;  ///< bytes of a range (a block alone may be larger)
  std::uint64_t gap = 512 << 10;    ///< bytes between two blocks at most
  double waste = 1.0 / 32;          ///< of the range may be gaps
};

/// A block that nobody has asked for yet.
struct WantedBlock {
  std::uint64_t size = 0;
  std::uint64_t number = 0;
};
/// Those of one file, by offset.
using WantedBlocks = std::map<std::uint64_t, WantedBlock>;

/// Blocks [first, last) of a file and the bytes from the first to the end of the last.
struct MergedRange {
  WantedBlocks::iterator first, last;
  std::uint64_t offset = 0, size = 0;
};

/// Grows a range around the block at `seed`, forwards first, of at most `room` bytes (the seed
/// itself always fits).
MergedRange merge_around(WantedBlocks& blocks, WantedBlocks::iterator seed, const MergeRule& rule,
                         std::uint64_t room);

}  // namespace cubemill
