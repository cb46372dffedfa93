// What tells whether a file is still the one that it was: its size and when it was written.
#pragma once
#include <cstdint>
#include <string>

namespace cubemill {

struct FileIdentity {
  std::uint64_t bytes = 0;
  std::int64_t modified = 0;  ///< nanoseconds since 1970; 0: the source does not tell
  std::string version;        ///< of a remote object (ETag); empty where there is none
};

/// Asks for a resolved href: a local path, or what GDAL opens. Throws IoError when it is not there.
FileIdentity file_identity(const std::string& href);

}  // namespace cubemill
