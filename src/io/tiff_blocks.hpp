// Where the blocks of one band of a TIFF's first image lie, and of its overviews, and how they are
// coded. Reads only the
// directory; what it does not know exactly it leaves to GDAL. A plain value once read.
#pragma once
#include <optional>
#include <vector>

#include "cubemill/io/header_profile.hpp"
#include "cubemill/model/raster_info.hpp"
#include "io/block_codec.hpp"
#include "io/block_predictor.hpp"
#include "io/block_table.hpp"
#include "io/tiff_directory.hpp"

namespace cubemill {

struct TiffBlocks {
  BlockCoding coding = BlockCoding::stored;
  SampleCoding samples;
  bool floating = false;               ///< predictor 3
  std::uint32_t samples_in_pixel = 1;  ///< more than one where bands are interleaved by pixel
  std::uint32_t sample = 0;            ///< which of them is the band
  bool strips = false;                 ///< the last block down holds only the rows that are left
  bool framed = false;                 ///< the block's size before it, its last 4 bytes behind it
  BlockTable table;                    ///< blocks of the band, row-major
};

/// One overview of a band.
struct TiffOverview {
  OverviewInfo info;
  TiffBlocks blocks;
};

/// A TIFF's header, as it is read here.
struct TiffHeader {
  HeaderProfile profile;
  std::optional<TiffBlocks> blocks;  ///< nothing: they are coded or laid out in an unknown way
  bool has_usual_tags = true;        ///< TiffDirectory::has_usual_tags
};

/// Reads what the first image of a TIFF says of band `band` (1-based), whose header GDAL reads as
/// `info`. Blocks are only given where the directory agrees with `info`. Throws ReadFailure when
/// the directory is cut off or cannot be. Source of tags and codes: TIFF 6.0, its technical notes,
/// GDAL's COG driver.
TiffHeader find_tiff_blocks(const TiffDirectory& directory, const RasterInfo& info, int band);

/// Finds the overviews of that image in the directories behind it, finer ones first: those that are
/// coded in a way that is known here. What is wrong with their tables is noted in
/// `header.profile`, and how many there are. Throws ReadFailure as above.
std::vector<TiffOverview> find_tiff_overviews(const TiffDirectory& first, const RasterInfo& info,
                                              int band, TiffHeader& header);

}  // namespace cubemill
