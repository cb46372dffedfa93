// Writes one band of a demo scene as the Cloud-Optimised GeoTIFF that USGS would deliver, by GDAL's
// COG driver. Thread-safe for different paths.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "cubemill/model/geobox.hpp"

namespace cubemill::demo {

/// How overviews are made: averages of measurements, but never of flags.
enum class OverviewKind { average, nearest };

/// Writes `pixels` (row-major, of the size of `grid`): 256×256 blocks, DEFLATE, predictor 2,
/// overviews, PixelIsPoint. Returns the size of the file in bytes. Throws IoError.
std::uint64_t write_cog(const std::string& path, const GeoBox& grid,
                        std::vector<std::uint16_t>& pixels, double nodata, OverviewKind overviews);

}  // namespace cubemill::demo
