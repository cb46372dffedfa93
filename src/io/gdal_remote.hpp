// GDAL's files on the network, read through our client: the same retries, limits, identities and
// accounting for every format. Also stands in for GDAL's own /vsicurl/ and /vsis3/, which VRTs and
// users name. A failure is kept as it was, since GDAL's message would lose half of it.
#pragma once
#include <exception>
#include <string>

namespace cubemill {

/// Installs the file systems, once.
void install_remote_files();

/// What GDAL is to open for a path or href.
std::string gdal_name(const std::string& href);

/// Takes the failure of the last remote read of this thread; null when there was none.
std::exception_ptr take_remote_failure();

}  // namespace cubemill
