// A band whose blocks GDAL decodes: all formats and codings that are not read here. One read at a
// time per band; the dataset is opened at the first read, and few datasets are open at a time over
// the whole process. Has no overviews: who made them, and where their pixels lie, only a format
// knows (JPEG 2000's lie off the middle of what they stand for).
#pragma once
#include <gdal_priv.h>

#include <memory>
#include <string>

#include "cubemill/io/raster.hpp"
#include "io/gdal_bytes.hpp"

namespace cubemill {

class GdalBand final : public RasterBand {
 public:
  /// `bytes` where GDAL reads from a ByteSource instead of `path`.
  GdalBand(std::string path, RasterInfo info, HeaderProfile profile, int band,
           std::unique_ptr<const GdalBytes> bytes);
  ~GdalBand() override;

  void read_block(std::int64_t block_x, std::int64_t block_y, std::byte* out,
                  std::ptrdiff_t row_stride, ReadScratch& scratch, ReadCost& cost) const override;
  std::optional<BlockPlace> block_place(std::int64_t, std::int64_t) const override { return {}; }
  void decode_block(std::int64_t block_x, std::int64_t block_y, std::span<const std::byte>,
                    std::byte* out, std::ptrdiff_t row_stride, ReadScratch& scratch,
                    ReadCost& cost) const override {
    read_block(block_x, block_y, out, row_stride, scratch, cost);
  }

 private:
  GDALDatasetUniquePtr reopen() const;

  int band_;
  std::unique_ptr<const GdalBytes> bytes_;
};

}  // namespace cubemill
