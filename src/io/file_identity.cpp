#include "io/file_identity.hpp"

#include <cpl_vsi.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "cubemill/base/error.hpp"
#include "cubemill/io/href.hpp"
#include "io/gdal_session.hpp"
#include "io/remote_file.hpp"

namespace cubemill {

FileIdentity file_identity(const std::string& href) {
  if (is_remote(href)) {
    const auto file = RemoteFile::open(href);
    return {file->size(), 0, file->version()};
  }
  const std::string path = gdal_path(href);
  if (path.starts_with("/vsi")) {
    GdalErrors errors;
    VSIStatBufL status{};
    if (VSIStatL(path.c_str(), &status) != 0)
      throw IoError(href, "is not there: " + errors.text("no such file"));
    return {std::uint64_t(status.st_size), std::int64_t(status.st_mtime) * 1'000'000'000, {}};
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    throw IoError(href, std::string("is not there: ") + std::strerror(errno));
  return {std::uint64_t(status.st_size),
          std::int64_t(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec,
          {}};
}

}  // namespace cubemill
