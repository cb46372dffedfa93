#include "io/gdal_session.hpp"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <ogr_srs_api.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <string_view>

#include "cubemill/base/error.hpp"
#include "cubemill/io/href.hpp"
#include "cubemill/io/raster.hpp"
#include "io/gdal_bytes.hpp"
#include "io/gdal_files.hpp"

namespace cubemill {
namespace {

constexpr std::size_t longest_message = 600;  // a broken file may report once a line

void set_default(const char* option, const char* value) {
  if (!CPLGetConfigOption(option, nullptr)) CPLSetConfigOption(option, value);
}

void register_drivers() {
  static std::once_flag once;
  std::call_once(once, [] {
    GDALAllRegister();
    install_remote_files();
    GdalBytes::install();
  });
}

// Over a network each look for a file beside the raster (.aux.xml, .tfw, .ovr) is a request, so
// none is made there.
bool remote(std::string_view path) {
  constexpr std::array<std::string_view, 9> prefixes{"/vsicubemill", "/vsicurl",  "/vsis3",
                                                     "/vsigs",       "/vsiaz",    "/vsiadls",
                                                     "/vsioss",      "/vsiswift", "/vsiwebhdfs"};
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return path.starts_with(prefix); });
}

std::string without_prefix(const std::string& text, const std::string& path) {
  const std::string prefix = path + ": ";
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

}  // namespace

GdalErrors::GdalErrors() { CPLPushErrorHandlerEx(&GdalErrors::take, this); }

GdalErrors::~GdalErrors() { CPLPopErrorHandler(); }

void GdalErrors::take(CPLErr level, CPLErrorNum, const char* message) {
  if (level < CE_Failure || !message) return;
  auto& text = static_cast<GdalErrors*>(CPLGetErrorHandlerUserData())->text_;
  if (text.size() > longest_message) return;
  if (!text.empty()) text += "; ";
  for (const char* c = *message ? message : "unnamed error"; *c; ++c) text += *c == '\n' ? ' ' : *c;
}

void initialise_gdal(std::uint64_t cache_bytes) {
  register_drivers();
  CPLSetErrorHandler(CPLQuietErrorHandler);
  GDALSetCacheMax64(GIntBig(cache_bytes));
  OSRSetPROJEnableNetwork(0);
  set_default("GDAL_DISABLE_READDIR_ON_OPEN", "TRUE");
}

std::string renamed(std::string text, const std::string& path, const std::string& name) {
  if (path == name || path.empty()) return text;
  for (std::size_t at = 0; (at = text.find(path, at)) != std::string::npos; at += name.size())
    text.replace(at, path.size(), name);
  return text;
}

GDALDatasetUniquePtr open_dataset(const std::string& path, const std::string& name,
                                  OpenHints hints) {
  register_drivers();
  CPLStringList siblings;
  if (hints.alone || remote(path)) siblings.AddString(CPLGetFilename(path.c_str()));
  const char* const tiff_alone[] = {"GTiff", nullptr};
  GdalErrors errors;
  take_read_failure();  // of somebody else
  GDALDatasetUniquePtr dataset(GDALDataset::Open(
      path.c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR,
      hints.tiff ? tiff_alone : nullptr, nullptr, siblings.empty() ? nullptr : siblings.List()));
  if (dataset) return dataset;
  if (const auto failure = take_read_failure()) std::rethrow_exception(failure);
  throw IoError(name,
                "cannot be opened as a raster: " +
                    without_prefix(renamed(errors.text("GDAL gives no reason"), path, name), name));
}

}  // namespace cubemill
