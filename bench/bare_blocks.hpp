// Where the blocks of a file of 16-bit pixels with DEFLATE and predictor 2 lie, at full resolution,
// as GDAL says it: for the bare loops that the project's own reading is compared with.
#pragma once
#include <gdal_priv.h>

#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace cubemill::bench {

struct Block {
  int x = 0, y = 0;
  std::size_t offset = 0, size = 0;
};

struct Blocks {
  std::vector<Block> all;
  int width = 0, height = 0;  ///< of a block, pixels
};

/// 0 where the file has no such block. `what`: OFFSET or SIZE.
inline std::size_t place_of_block(GDALRasterBand& band, const char* what, int x, int y) {
  const char* const text = band.GetMetadataItem(CPLSPrintf("BLOCK_%s_%d_%d", what, x, y), "TIFF");
  return text ? std::size_t(std::strtoull(text, nullptr, 10)) : 0;
}

/// Throws std::runtime_error where the file is of another kind.
inline Blocks blocks_of(const std::string& path) {
  GDALDatasetUniquePtr dataset(GDALDataset::Open(path.c_str(), GDAL_OF_RASTER));
  if (!dataset) throw std::runtime_error(path + ": cannot be opened as a raster");
  const char* const codec = dataset->GetMetadataItem("COMPRESSION", "IMAGE_STRUCTURE");
  const char* const predictor = dataset->GetMetadataItem("PREDICTOR", "IMAGE_STRUCTURE");
  GDALRasterBand& band = *dataset->GetRasterBand(1);
  if (band.GetRasterDataType() != GDT_UInt16 || !codec || std::string(codec) != "DEFLATE" ||
      (predictor && std::string(predictor) != "2"))
    throw std::runtime_error(path + ": not 16 bits with DEFLATE and predictor 2");
  Blocks blocks;
  band.GetBlockSize(&blocks.width, &blocks.height);
  for (int y = 0; y * blocks.height < band.GetYSize(); ++y)
    for (int x = 0; x * blocks.width < band.GetXSize(); ++x)
      if (const Block block{x, y, place_of_block(band, "OFFSET", x, y),
                            place_of_block(band, "SIZE", x, y)};
          block.size)
        blocks.all.push_back(block);
  return blocks;
}

}  // namespace cubemill::bench
