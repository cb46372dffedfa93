// Reads a resolution level back from the spool, as the quick look wants it.
#pragma once
#include <span>
#include <vector>

#include "cubemill/io/cog_writer.hpp"
#include "io/cog_layout.hpp"
#include "io/cog_spool.hpp"

namespace cubemill {

/// Gives the samples of one band of `level`, row-major; `tiles` are its tiles, row after row.
/// Throws IoError, and std::logic_error when a tile is missing.
std::vector<float> read_level(const CogSpec& spec, const CogLevel& level,
                              std::span<const SpooledTile> tiles, const SpoolFile& spool);

}  // namespace cubemill
