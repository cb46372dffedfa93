// Serialises everything of a COG that comes before its tile data: TIFF header, structural metadata,
// IFDs, their values. Little-endian; classic TIFF below 4 GiB, else BigTIFF. Pure: bytes from
// sizes.
//
// The order of the tile data, which it describes: the smallest level first, full resolution last;
// in a level band after band, in a band row after row. Every tile has its size as 4 bytes before it
// and its last 4 bytes again after it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cubemill/io/cog_writer.hpp"
#include "io/cog_layout.hpp"

namespace cubemill {

enum class TiffType : std::uint16_t { ascii = 2, u16 = 3, u32 = 4, u64 = 16 };

/// A tag with its values as the file holds them.
struct TiffEntry {
  std::uint16_t tag = 0;
  TiffType type = TiffType::u16;
  std::uint64_t count = 0;
  std::vector<std::byte> values;
};

inline constexpr std::uint64_t tile_leader_bytes = 4;
inline constexpr std::uint64_t tile_trailer_bytes = 4;
/// What a tile of `size` compressed bytes takes in the file.
constexpr std::uint64_t stored_bytes(std::uint32_t size) {
  return tile_leader_bytes + size + tile_trailer_bytes;
}

struct CogHeader {
  std::vector<std::byte> bytes;
  std::uint64_t file_size = 0;  ///< header, tiles, leaders and trailers
};

/// Lays the file out. `sizes[level]` holds the compressed bytes of each tile, band after band;
/// `tags` go into the IFD of full resolution (georeference, metadata).
CogHeader make_cog_header(const CogSpec& spec, const std::vector<CogLevel>& levels,
                          const std::vector<std::vector<std::uint32_t>>& sizes,
                          const std::vector<TiffEntry>& tags);

}  // namespace cubemill
