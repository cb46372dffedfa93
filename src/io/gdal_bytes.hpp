// GDAL's view of a ByteSource: a file of a virtual file system that exists while a GdalBytes lives.
// Thread-safe.
#pragma once
#include <memory>
#include <string>

#include "cubemill/io/byte_source.hpp"

namespace cubemill {

class GdalBytes {
 public:
  /// `name` is the path or href of what `source` holds; GDAL sees its last part.
  GdalBytes(std::shared_ptr<const ByteSource> source, const std::string& name);
  ~GdalBytes();
  GdalBytes(const GdalBytes&) = delete;
  GdalBytes& operator=(const GdalBytes&) = delete;

  /// Installs the file system. Call once, before other threads use GDAL.
  static void install();
  /// What GDAL opens.
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace cubemill
