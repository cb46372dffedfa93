// Virtual file systems of GDAL over our own sources of bytes. What a source throws is kept as it
// was, since GDAL only knows that a read failed. Also those that stand in for GDAL's /vsis3/ and
// /vsicurl/: every format is read with the retries, limits and identities of our client.
#pragma once
#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "cubemill/io/byte_source.hpp"

namespace cubemill {

/// Gives the bytes of a file by its name after the prefix; null where there is none. May throw.
using FindBytes = std::function<std::shared_ptr<const ByteSource>(const std::string& name)>;

/// Installs a file system. GDAL reads pages of `page_bytes` (0: as it likes). Once a prefix.
void install_gdal_files(const std::string& prefix, FindBytes find, std::size_t page_bytes = 0);

/// Installs those of the network. Call once. `gdal_path` (href.hpp) gives the names that they
/// serve.
void install_remote_files();

/// Takes what the last read of this thread threw; null when it threw nothing.
std::exception_ptr take_read_failure();

}  // namespace cubemill
