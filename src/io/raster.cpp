#include "cubemill/io/raster.hpp"

#include <numeric>
#include <optional>
#include <utility>

#include "cubemill/base/error.hpp"
#include "io/gdal_band.hpp"
#include "io/gdal_header.hpp"
#include "io/gdal_session.hpp"
#include "io/raster_tiff.hpp"
#include "io/raw_file.hpp"
#include "io/read_failure.hpp"
#include "io/read_scratch.hpp"
#include "io/remote_file.hpp"
#include "io/tiff_blocks.hpp"

namespace cubemill {
namespace {

struct OpenedHeader {
  BandHeader header;
  std::string version;
  std::optional<TiffBlocks> blocks;  // where they can be decoded here
};

OpenedHeader open_header(const std::string& path, int band) {
  OpenedHeader opened;
  std::shared_ptr<const RemoteFile> remote;  // open all the while: one request
  if (is_remote(path)) {
    remote = RemoteFile::open(path);
    opened.version = remote->version();
  }
  {
    const GDALDatasetUniquePtr dataset = open_dataset(path);
    opened.header = read_band_header(*dataset, path, band);
  }
  if (!opened.header.geotiff) return opened;
  try {
    opened.blocks = find_tiff_blocks(RawFile(path), opened.header.info, band);
  } catch (const ReadFailure& failure) {
    throw IoError(path, std::string("its TIFF directory cannot be read: ") + failure.what());
  }
  opened.header.info.direct = opened.blocks.has_value();
  if (opened.blocks)
    opened.header.info.stored_bytes =
        std::accumulate(opened.blocks->sizes.begin(), opened.blocks->sizes.end(), std::uint64_t(0));
  return opened;
}

}  // namespace

ReadScratch::ReadScratch() : state_(std::make_unique<State>()) {}
ReadScratch::~ReadScratch() = default;
ReadScratch::ReadScratch(ReadScratch&&) noexcept = default;

std::unique_ptr<RasterBand> open_raster(const std::string& path, int band) {
  OpenedHeader opened = open_header(path, band);
  RasterInfo& info = opened.header.info;
  if (opened.blocks)
    return std::make_unique<TiffBand>(path, std::move(info), std::move(*opened.blocks),
                                      opened.header.fill, std::move(opened.version));
  return std::make_unique<GdalBand>(path, std::move(info), band);
}

RasterInfo read_header(const std::string& path, int band) {
  return open_header(path, band).header.info;
}

}  // namespace cubemill
