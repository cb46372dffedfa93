#include "io/gdal_band.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "cubemill/base/error.hpp"
#include "cubemill/io/href.hpp"
#include "io/gdal_files.hpp"
#include "io/gdal_header.hpp"
#include "io/gdal_session.hpp"
#include "io/open_pool.hpp"
#include "io/thread_clock.hpp"

namespace cubemill {
namespace {

constexpr std::size_t open_datasets = 16;  // each may hold several files and its own buffers

struct OpenDataset {
  GDALDatasetUniquePtr dataset;
};

OpenPool<OpenDataset>& datasets() {
  static auto& datasets = *new OpenPool<OpenDataset>(open_datasets);  // outlives every static owner
  return datasets;
}

}  // namespace

GdalBand::GdalBand(std::string path, RasterInfo info, HeaderProfile profile, int band,
                   std::unique_ptr<const GdalBytes> bytes)
    : RasterBand(std::move(path), std::move(info), std::move(profile)),
      band_(band),
      bytes_(std::move(bytes)) {}

// Between the header and this read the dataset may have been closed, and the file replaced by
// another one.
GDALDatasetUniquePtr GdalBand::reopen() const {
  auto open = open_dataset(bytes_ ? bytes_->path() : gdal_path(path()), path(),
                           {profile().tiff, bytes_ != nullptr});
  if (open->GetRasterCount() < band_ || open->GetRasterXSize() != info().grid.width ||
      open->GetRasterYSize() != info().grid.height)
    throw IoError(path(), "was replaced by another raster while it was read; run again");
  return open;
}

GdalBand::~GdalBand() { datasets().forget(this); }

void GdalBand::read_block(std::int64_t block_x, std::int64_t block_y, std::byte* out,
                          std::ptrdiff_t row_stride, ReadScratch&, ReadCost& cost) const {
  const RasterInfo& raster = info();
  const auto left = int(block_x * raster.block_width), top = int(block_y * raster.block_height);
  const auto width = int(std::min<std::int64_t>(raster.block_width, raster.grid.width - left));
  const auto height = int(std::min<std::int64_t>(raster.block_height, raster.grid.height - top));
  const auto pixel = GSpacing(size_of(raster.type));
  const auto slot = datasets().slot(this);
  const std::lock_guard lock(slot->mutex);
  if (!slot->handle) slot->handle = std::make_unique<OpenDataset>(reopen());

  const std::uint64_t start = thread_nanoseconds();
  const GdalErrors errors;
  take_read_failure();  // of somebody else
  const CPLErr status = slot->handle->dataset->GetRasterBand(band_)->RasterIO(
      GF_Read, left, top, width, height, out, width, height, gdal_type(raster.type), pixel,
      row_stride, nullptr);
  if (status != CE_None || errors.any()) {
    if (const auto failure = take_read_failure()) std::rethrow_exception(failure);
    throw IoError(path(), "block (" + std::to_string(block_x) + ", " + std::to_string(block_y) +
                              "): " +
                              renamed(errors.text("GDAL cannot read it and gives no reason"),
                                      bytes_ ? bytes_->path() : "", path()));
  }
  ++cost.requests;
  cost.bytes_decoded += std::uint64_t(width) * std::uint64_t(height) * size_of(raster.type);
  cost.nanoseconds_decoding += thread_nanoseconds() - start;
}

}  // namespace cubemill
