#include "io/demo_cog.hpp"

#include <cpl_string.h>
#include <gdal_priv.h>

#include <filesystem>
#include <mutex>

#include "cubemill/base/error.hpp"
#include "io/gdal_session.hpp"

namespace cubemill::demo {
namespace {

GDALDriver* driver(const char* name) {
  static std::once_flag once;
  std::call_once(once, GDALAllRegister);
  GDALDriver* found = GetGDALDriverManager()->GetDriverByName(name);
  if (!found)
    throw IoError("GDAL",
                  std::string("has no ") + name + " driver: install GDAL 3.6 or later with it");
  return found;
}

[[noreturn]] void fail(const std::string& path, const GdalErrors& errors) {
  throw IoError(path, "cannot be written: " + errors.text("GDAL gives no reason"));
}

// A dataset in memory over `pixels`, which must outlive it.
GDALDatasetUniquePtr in_memory(const GeoBox& grid, std::vector<std::uint16_t>& pixels,
                               double nodata) {
  GDALDatasetUniquePtr dataset(
      driver("MEM")->Create("", int(grid.width), int(grid.height), 0, GDT_UInt16, nullptr));
  char address[64] = {};
  CPLPrintPointer(address, pixels.data(), sizeof address);
  CPLStringList band;
  band.SetNameValue("DATAPOINTER", address);
  if (!dataset || dataset->AddBand(GDT_UInt16, band.List()) != CE_None) return nullptr;
  const Affine& t = grid.transform;
  double gdal_order[6] = {t.c, t.a, t.b, t.f, t.d, t.e};
  dataset->SetGeoTransform(gdal_order);
  dataset->SetProjection(grid.crs.wkt().c_str());
  dataset->SetMetadataItem(GDALMD_AREA_OR_POINT, GDALMD_AOP_POINT);
  dataset->GetRasterBand(1)->SetNoDataValue(nodata);
  return dataset;
}

}  // namespace

std::uint64_t write_cog(const std::string& path, const GeoBox& grid,
                        std::vector<std::uint16_t>& pixels, double nodata, OverviewKind overviews) {
  const GdalErrors errors;
  const GDALDatasetUniquePtr source = in_memory(grid, pixels, nodata);
  if (!source) fail(path, errors);
  CPLStringList options;
  options.SetNameValue("COMPRESS", "DEFLATE");
  options.SetNameValue("PREDICTOR", "STANDARD");
  options.SetNameValue("BLOCKSIZE", "256");
  options.SetNameValue("BIGTIFF", "NO");
  options.SetNameValue("OVERVIEW_RESAMPLING",
                       overviews == OverviewKind::average ? "AVERAGE" : "NEAREST");
  GDALDatasetUniquePtr copy(driver("COG")->CreateCopy(path.c_str(), source.get(), false,
                                                      options.List(), nullptr, nullptr));
  if (!copy) fail(path, errors);
  copy->FlushCache();
  copy.reset();
  if (errors.any()) fail(path, errors);
  std::error_code error;
  const std::uint64_t bytes = std::filesystem::file_size(path, error);
  if (error) throw IoError(path, error.message());
  return bytes;
}

}  // namespace cubemill::demo
