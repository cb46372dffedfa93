#include "io/cog_data.hpp"

#include <algorithm>

#include "io/cog_header.hpp"

namespace cubemill {

std::vector<CogPiece> cog_pieces(std::span<const SpooledTile> tiles, std::uint64_t offset) {
  std::vector<CogPiece> pieces;
  std::uint64_t spool_end = 0;
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    if (pieces.empty() || pieces.back().bytes >= CogPiece::bytes_wanted)
      pieces.push_back({tiles.subspan(i, 0), offset, 0, 0});
    CogPiece& piece = pieces.back();
    piece.tiles =
        tiles.subspan(std::size_t(piece.tiles.data() - tiles.data()), piece.tiles.size() + 1);
    piece.bytes += stored_bytes(tiles[i].size);
    offset += stored_bytes(tiles[i].size);
    if (!tiles[i].empty()) spool_end = std::max(spool_end, tiles[i].offset + tiles[i].size);
    piece.spool_end = spool_end;
  }
  return pieces;
}

}  // namespace cubemill
