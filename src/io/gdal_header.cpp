#include "io/gdal_header.hpp"

#include <cpl_string.h>
#include <ogr_spatialref.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "cubemill/base/error.hpp"
#include "io/gdal_session.hpp"

namespace cubemill {
namespace {

bool signed_bytes(GDALRasterBand& band) {
  const char* type = band.GetMetadataItem("PIXELTYPE", "IMAGE_STRUCTURE");
  return type && EQUAL(type, "SIGNEDBYTE");  // how GDAL before 3.7 says int8
}

PixelType pixel_type(GDALRasterBand& band, const std::string& path) {
  switch (band.GetRasterDataType()) {
    case GDT_Byte:
      return signed_bytes(band) ? PixelType::i8 : PixelType::u8;
#if GDAL_VERSION_NUM >= GDAL_COMPUTE_VERSION(3, 7, 0)
    case GDT_Int8:
      return PixelType::i8;
#endif
    case GDT_UInt16:
      return PixelType::u16;
    case GDT_Int16:
      return PixelType::i16;
    case GDT_UInt32:
      return PixelType::u32;
    case GDT_Int32:
      return PixelType::i32;
    case GDT_UInt64:
      return PixelType::u64;
    case GDT_Int64:
      return PixelType::i64;
    case GDT_Float32:
      return PixelType::f32;
    case GDT_Float64:
      return PixelType::f64;
    default:
      break;
  }
  throw InvalidInput(path + ": band " + std::to_string(band.GetBand()) + " has the type " +
                     GDALGetDataTypeName(band.GetRasterDataType()) +
                     ", which is not an integer or real number; name another band");
}

// Thousands of scenes share a handful of systems, and PROJ takes milliseconds to identify one, GDAL
// the most of a millisecond to make it of a header.
template <class Key>
class CrsCache {
 public:
  template <class Make>
  Crs get(const Key& key, Make make) {
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = known_.find(key); found != known_.end()) return found->second;
    }
    Crs crs = make();
    const std::lock_guard lock(mutex_);
    if (known_.size() >= 256) known_.clear();
    return known_.emplace(key, std::move(crs)).first->second;
  }

 private:
  std::mutex mutex_;
  std::map<Key, Crs> known_;
};

Crs shared_crs(const std::string& wkt) {
  static CrsCache<std::string> cache;
  return cache.get(wkt, [&] { return Crs::parse(wkt); });
}

Crs crs_of(GDALDataset& dataset, const std::string& path) {
  const OGRSpatialReference* reference = dataset.GetSpatialRef();
  if (!reference || reference->IsEmpty())
    throw IoError(path,
                  "has no coordinate reference system; georeference it (gdal_edit.py -a_srs)");
  char* text = nullptr;
  const char* const options[] = {"FORMAT=WKT2_2019", "MULTILINE=NO", nullptr};
  const GdalErrors errors;
  const OGRErr status = reference->exportToWkt(&text, options);
  const std::string wkt = text ? text : "";
  CPLFree(text);
  if (status != OGRERR_NONE || wkt.empty())
    throw IoError(
        path, "its coordinate reference system is unreadable: " + errors.text("no reason given"));
  try {
    return shared_crs(wkt);
  } catch (const InvalidInput& error) {
    throw IoError(
        path, std::string("its coordinate reference system is not understood: ") + error.what());
  }
}

Crs crs_of(GDALDataset& dataset, const std::string& path, std::optional<std::uint64_t> key) {
  static CrsCache<std::uint64_t> cache;
  if (!key) return crs_of(dataset, path);
  return cache.get(*key, [&] { return crs_of(dataset, path); });
}

Affine transform_of(GDALDataset& dataset, const std::string& path) {
  std::array<double, 6> t{};
  if (dataset.GetGeoTransform(t.data()) != CE_None)
    throw IoError(path, std::string("has no geotransform") +
                            (dataset.GetGCPCount() > 0 ? " (only ground control points)" : "") +
                            "; georeference it (gdalwarp, or gdal_edit.py -a_ullr)");
  return {t[1], t[2], t[0], t[4], t[5], t[3]};
}

template <class T>
void keep_nodata(T value, BandHeader& header) {
  header.info.numbers.nodata = double(value);
  std::memcpy(header.fill.data(), &value, sizeof value);
}

void read_nodata(GDALRasterBand& band, BandHeader& header) {
  int known = 0;
  if (header.info.type == PixelType::i64) {
    const auto value = band.GetNoDataValueAsInt64(&known);
    if (known) keep_nodata(std::int64_t(value), header);
  } else if (header.info.type == PixelType::u64) {
    const auto value = band.GetNoDataValueAsUInt64(&known);
    if (known) keep_nodata(std::uint64_t(value), header);
  } else {
    const double value = band.GetNoDataValue(&known);
    if (!known) return;
    header.info.numbers.nodata = value;
    // For blocks that are not there it is clamped to the type, as GDAL does.
    if (header.info.type == PixelType::i8)
      header.fill[0] = std::byte(std::int8_t(std::clamp(value, -128.0, 127.0)));
    else
      GDALCopyWords(&value, GDT_Float64, 0, header.fill.data(), gdal_type(header.info.type), 0, 1);
  }
}

void read_numbers(GDALRasterBand& band, BandHeader& header) {
  read_nodata(band, header);
  int known = 0;
  const double scale = band.GetScale(&known);
  if (known) header.info.numbers.scale = scale;
  const double offset = band.GetOffset(&known);
  if (known) header.info.numbers.offset = offset;
}

bool first_image_of_geotiff(GDALDataset& dataset, const std::string& path) {
  return EQUAL(dataset.GetDriver()->GetDescription(), "GTiff") &&
         !STARTS_WITH_CI(path.c_str(), "GTIFF_");
}

}  // namespace

GDALDataType gdal_type(PixelType type) {
  switch (type) {
    case PixelType::u8:
      return GDT_Byte;
#if GDAL_VERSION_NUM >= GDAL_COMPUTE_VERSION(3, 7, 0)
    case PixelType::i8:
      return GDT_Int8;
#else
    case PixelType::i8:
      return GDT_Byte;
#endif
    case PixelType::u16:
      return GDT_UInt16;
    case PixelType::i16:
      return GDT_Int16;
    case PixelType::u32:
      return GDT_UInt32;
    case PixelType::i32:
      return GDT_Int32;
    case PixelType::u64:
      return GDT_UInt64;
    case PixelType::i64:
      return GDT_Int64;
    case PixelType::f32:
      return GDT_Float32;
    case PixelType::f64:
      return GDT_Float64;
  }
  return GDT_Unknown;
}

BandHeader read_band_header(GDALDataset& dataset, const std::string& path, int band,
                            std::optional<std::uint64_t> crs_key) {
  if (band < 1 || band > dataset.GetRasterCount())
    throw InvalidInput(path + ": band " + std::to_string(band) + " asked for, but the file has " +
                       std::to_string(dataset.GetRasterCount()) + " (bands count from 1)");
  const GdalErrors quiet;
  GDALRasterBand& source = *dataset.GetRasterBand(band);
  BandHeader header;
  RasterInfo& info = header.info;
  info.type = pixel_type(source, path);
  info.grid = {crs_of(dataset, path, crs_key), transform_of(dataset, path),
               dataset.GetRasterXSize(), dataset.GetRasterYSize()};
  int width = 0, height = 0;
  source.GetBlockSize(&width, &height);
  info.block_width = width;
  info.block_height = height;
  read_numbers(source, header);
  header.geotiff = first_image_of_geotiff(dataset, path);
  return header;
}

}  // namespace cubemill
