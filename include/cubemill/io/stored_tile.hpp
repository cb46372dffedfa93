// How a finished tile is found again in the spool that a killed CogWriter left: what its owner
// writes down to be continued. Plain values.
#pragma once
#include <cstdint>

namespace cubemill {

enum class SpoolName {
  none,  ///< the spool ends with the process
  kept,  ///< it stays at temporary_path.spool, to be taken over
};

/// What a later process needs to take a full-resolution tile over from the spool.
struct StoredTile {
  static constexpr std::uint64_t nowhere =
      UINT64_MAX;  ///< offset of tiles that are all empty: not spooled

  int band = 0;
  std::int64_t column = 0, row = 0;
  std::uint64_t offset = 0;
  std::uint32_t size = 0;      ///< compressed bytes
  std::uint64_t checksum = 0;  ///< XXH3 of the compressed bytes
};

}  // namespace cubemill
