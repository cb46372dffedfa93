#include "io/cog_preview.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>

#include "io/cog_sample.hpp"
#include "io/cog_tile.hpp"
#include "io/tile_codec.hpp"

namespace cubemill {
namespace {

void read_tile(const CogSpec& spec, const SpooledTile& tile, const SpoolFile& spool,
               std::byte* samples) {
  if (tile.size == 0) throw std::logic_error("a preview was asked for while tiles are missing");
  if (tile.empty()) return fill_empty(spec, samples);
  std::vector<std::byte> bytes(tile.size);
  spool.read(tile, bytes);
  TileCodec::decode(spec.compression, spec.type, bytes, samples);
}

}  // namespace

std::vector<float> read_level(const CogSpec& spec, const CogLevel& level,
                              std::span<const SpooledTile> tiles, const SpoolFile& spool) {
  constexpr std::int64_t edge = CogWriter::tile;
  std::vector<float> image(static_cast<std::size_t>(level.width * level.height));
  std::vector<std::byte> samples(tile_bytes(spec.type));
  for (std::int64_t row = 0; row < level.down(); ++row)
    for (std::int64_t column = 0; column < level.across(); ++column) {
      read_tile(spec, tiles[level.index(column, row)], spool, samples.data());
      with_sample_type(spec.type, [&](auto sample) {
        const auto* from = reinterpret_cast<const decltype(sample)*>(samples.data());
        for (std::int64_t y = 0; y < level.rows_in(row); ++y)
          std::transform(from + y * edge, from + y * edge + level.columns_in(column),
                         image.begin() + (row * edge + y) * level.width + column * edge,
                         [](auto v) { return static_cast<float>(v); });
      });
    }
  return image;
}

}  // namespace cubemill
