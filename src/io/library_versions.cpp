#include "cubemill/io/library_versions.hpp"

#include <cairo.h>
#include <gdal.h>
#include <libdeflate.h>
#include <zstd.h>

#include "cubemill/model/crs.hpp"

namespace cubemill {

std::vector<std::pair<std::string, std::string>> library_versions() {
  return {{"cubemill", CUBEMILL_VERSION}, {"gdal", GDALVersionInfo("RELEASE_NAME")},
          {"proj", proj_version()},       {"libdeflate", LIBDEFLATE_VERSION_STRING},
          {"zstd", ZSTD_versionString()}, {"cairo", cairo_version_string()}};
}

}  // namespace cubemill
