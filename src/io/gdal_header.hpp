// The header of one raster band, as GDAL reads it. Not responsible for where blocks lie in the
// file.
#pragma once
#include <gdal_priv.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "cubemill/io/raster.hpp"

namespace cubemill {

struct BandHeader {
  RasterInfo info;  ///< `direct` not yet decided
  std::array<std::byte, 8>
      fill{};            ///< one pixel of a sparse block: nodata in the band's type, or 0
  bool geotiff = false;  ///< the path is a GeoTIFF file of which GDAL shows the first image
};

/// Reads the header of band `band` (1-based) of an open dataset; errors as `open_raster`. Datasets
/// with the same `crs_key` have the same CRS: what the first has is taken for the others.
BandHeader read_band_header(GDALDataset& dataset, const std::string& path, int band,
                            std::optional<std::uint64_t> crs_key = {});

/// GDAL's name of a type. Signed bytes are plain bytes where GDAL is too old to know them.
GDALDataType gdal_type(PixelType type);

}  // namespace cubemill
