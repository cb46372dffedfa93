// Versions of the libraries behind io, for reports.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace cubemill {

/// Versions of the program and of the libraries that it uses, by name.
std::vector<std::pair<std::string, std::string>> library_versions();

}  // namespace cubemill
