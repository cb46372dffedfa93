// Where the blocks of one band of a TIFF's first image lie, and how they are coded. Reads only the
// directory (classic and BigTIFF, little-endian); what it does not know exactly it leaves to GDAL.
// A plain value once read.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "cubemill/io/raster.hpp"
#include "io/raw_file.hpp"

namespace cubemill {

struct TiffBlocks {
  bool deflate = false;                ///< zlib streams; else stored as they are
  bool difference = false;             ///< predictor 2: each sample minus its left neighbour
  bool strips = false;                 ///< the last block down holds only the rows that are left
  std::vector<std::uint64_t> offsets;  ///< first byte of each block of the band, row-major
  std::vector<std::uint32_t> sizes;    ///< bytes of each block; offset and size 0: sparse
};

/// Finds the blocks of band `band` (1-based) of the first image in `file`, whose header GDAL reads
/// as `info`. Nothing when they are coded or laid out in a way that is not decoded here, or when
/// the directory disagrees with `info`. Throws ReadFailure when the directory is cut off. Source of
/// tags and codes: TIFF 6.0, its technical notes, BigTIFF.
std::optional<TiffBlocks> find_tiff_blocks(const RawFile& file, const RasterInfo& info, int band);

}  // namespace cubemill
