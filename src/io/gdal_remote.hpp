// GDAL's files on the network, read through our client: the same retries, limits, identities and
// accounting for every format. Stands in for GDAL's own /vsicurl/ and /vsis3/. A failure is kept as
// it was, since GDAL's message would lose half of it.
#pragma once
#include <exception>

namespace cubemill {

/// Installs the file systems. Call once. `gdal_path` (href.hpp) gives the names that they serve.
void install_remote_files();

/// Takes the failure of the last remote read of this thread; null when there was none.
std::exception_ptr take_remote_failure();

}  // namespace cubemill
