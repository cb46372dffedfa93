// The tiles of a COG behind its header: in which pieces they are written, and what of the spool is
// still needed then. The order of the file is cog_header.hpp's. Pure.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "io/cog_spool.hpp"

namespace cubemill {

/// Neighbouring tiles that are written in one go.
struct CogPiece {
  static constexpr std::uint64_t bytes_wanted = std::uint64_t{1} << 20;

  std::span<const SpooledTile> tiles;
  std::uint64_t offset = 0;     ///< in the file
  std::uint64_t bytes = 0;      ///< of tiles, leaders and trailers
  std::uint64_t spool_end = 0;  ///< where the spool ends that it and all before it need
};

/// Cuts tiles, in the order of the file, into pieces of at least `bytes_wanted`, but for the last.
/// `offset`: of the first. They point into `tiles`.
std::vector<CogPiece> cog_pieces(std::span<const SpooledTile> tiles, std::uint64_t offset);

}  // namespace cubemill
