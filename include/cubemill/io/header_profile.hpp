// What the header of a TIFF says beside RasterInfo, to be compared: a header has no checksum, but
// the bands of a scene, and the same band of other scenes, are written alike. A header that differs
// is read again; one that still does is as it is. Plain values.
#pragma once
#include <cstdint>
#include <string>

namespace cubemill {

struct HeaderProfile {
  bool tiff = false;  ///< else nothing below is known
  bool big_tiff = false;
  bool big_endian = false;
  bool tiled = false;
  bool framed = false;  ///< blocks have GDAL's COG leaders and trailers
  // As the tags have them.
  std::uint32_t compression = 1;
  std::uint32_t predictor = 1;
  std::uint32_t sample_format = 1;
  std::uint32_t bits_per_sample = 1;
  std::uint32_t samples_per_pixel = 1;
  std::uint32_t planar_configuration = 1;
  std::uint32_t photometric = 1;
  std::uint32_t block_width = 0;
  std::uint32_t block_height = 0;  ///< rows per strip
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  // Of the overviews that can be read here; nothing where they were not asked for.
  std::uint32_t overviews = 0;
  std::uint64_t overview_coding = 0;  ///< a digest of how their blocks are coded and tiled
  std::uint64_t overview_sizes = 0;   ///< a digest of their sizes
  // Of the raster.
  std::string nodata;              ///< GDAL's text
  std::uint64_t tags = 0;          ///< a digest of which baseline tags there are
  std::uint64_t georeference = 0;  ///< a digest of the GeoTIFF tags and what they hold
  bool contiguous_blocks = false;  ///< each block lies behind the one before
  std::string table_fault;         ///< what cannot be in the table of blocks; empty: nothing found
  std::uint64_t front_digest =
      0;  ///< of a remote file's first bytes, as they came; compared only whole

  bool operator==(const HeaderProfile&) const = default;
};

/// Tells how the header of a band differs from that of the same band in another scene of its
/// product, one difference and both values: `predictor 2 against 1`. Sizes and places are not
/// compared. Empty where nothing differs. A fault in the table of `a` is a difference.
std::string difference_between_scenes(const HeaderProfile& a, const HeaderProfile& b);

/// The same for two bands of one scene on one grid: codings, block shapes, sizes and georeference,
/// but not types and nodata.
std::string difference_between_bands(const HeaderProfile& a, const HeaderProfile& b);

}  // namespace cubemill
