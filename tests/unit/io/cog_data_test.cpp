#include "io/cog_data.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "io/cog_header.hpp"

namespace cubemill {
namespace {

TEST(CogPieces, HoldAllTilesInOrderSideBySideAndTellWhatOfTheSpoolTheyNeed) {
  std::mt19937_64 random(5);
  for (const std::size_t count : {1, 2, 7, 400}) {
    std::vector<SpooledTile> tiles;
    std::uint64_t spool = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto size = std::uint32_t(1 + random() % (random() % 5 ? 300'000 : 3'000'000));
      tiles.push_back({random() % 4 ? spool : StoredTile::nowhere, 0, size});
      spool += size;
    }
    std::shuffle(tiles.begin(), tiles.end(), random);
    const std::uint64_t first = 12345;
    const std::vector<CogPiece> pieces = cog_pieces(tiles, first);
    std::uint64_t offset = first, spool_end = 0;
    const SpooledTile* next = tiles.data();
    for (const CogPiece& piece : pieces) {
      EXPECT_EQ(piece.tiles.data(), next);
      EXPECT_EQ(piece.offset, offset);
      std::uint64_t bytes = 0;
      for (const SpooledTile& tile : piece.tiles) {
        bytes += stored_bytes(tile.size);
        if (!tile.empty()) spool_end = std::max(spool_end, tile.offset + tile.size);
      }
      EXPECT_EQ(piece.bytes, bytes);
      EXPECT_LT(piece.bytes - stored_bytes(piece.tiles.back().size), CogPiece::bytes_wanted);
      EXPECT_EQ(piece.spool_end, spool_end);
      EXPECT_TRUE(&piece == &pieces.back() || piece.bytes >= CogPiece::bytes_wanted);
      next += piece.tiles.size();
      offset += bytes;
    }
    EXPECT_EQ(next, tiles.data() + count);
  }
}

}  // namespace
}  // namespace cubemill
