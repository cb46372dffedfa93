#include "io/cog_spec.hpp"

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

constexpr std::pair<const char*, Compression> compressions[] = {{"deflate", Compression::deflate},
                                                                {"zstd", Compression::zstd},
                                                                {"lzw", Compression::lzw},
                                                                {"none", Compression::none}};

}  // namespace

CogSpec checked_spec(CogSpec spec) {
  constexpr std::int64_t longest = std::numeric_limits<std::int32_t>::max();
  const GeoBox& grid = spec.grid;
  if (grid.width < 1 || grid.height < 1 || grid.width > longest || grid.height > longest)
    throw InvalidInput("an output of " + std::to_string(grid.width) + " x " +
                       std::to_string(grid.height) + " pixels does not fit into a TIFF (1 to " +
                       std::to_string(longest) + " a side): choose another area or resolution");
  if (spec.bands.empty() || spec.bands.size() > std::numeric_limits<std::uint16_t>::max())
    throw InvalidInput("a TIFF holds 1 to 65535 bands, not " + std::to_string(spec.bands.size()) +
                       ": choose longer periods or a shorter interval");
  if (spec.nodata_nan && spec.type != SampleType::f32)
    throw std::logic_error("integers have no NaN");
  return spec;
}

Compression parse_compression(const std::string& name) {
  std::string known;
  for (const auto& [text, compression] : compressions) {
    if (name == text) return compression;
    known += std::string(known.empty() ? "" : ", ") + text;
  }
  throw InvalidInput("unknown compression '" + name + "': choose one of " + known);
}

}  // namespace cubemill
