// The tags that only GDAL knows how to write: GeoKeys, the grid's position, and GDAL_METADATA with
// band descriptions and statistics. GDAL writes them into a one-pixel file in memory, from which
// they are copied. Single-threaded.
#pragma once
#include <string>
#include <vector>

#include "cubemill/io/cog_writer.hpp"
#include "io/cog_header.hpp"

namespace cubemill {

/// Makes the tags of a grid, its band descriptions and metadata. `statistics`: one per band, or
/// empty. Throws InvalidInput when the CRS cannot be expressed in a GeoTIFF.
std::vector<TiffEntry> make_geotags(const CogSpec& spec,
                                    const std::vector<CogWriter::BandStatistics>& statistics);

}  // namespace cubemill
