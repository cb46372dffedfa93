// Words and numbers of what a run says of itself. Pure.
#pragma once
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace cubemill {

/// printf into a string of at most 511 bytes.
inline std::string text(const char* format, auto... values) {
  char line[512];
  std::snprintf(line, sizeof line, format, values...);
  return line;
}

inline double mib(std::uint64_t bytes) { return double(bytes) / (1024.0 * 1024.0); }
inline double gib(double bytes) { return bytes / (1024.0 * 1024.0 * 1024.0); }

inline std::string counted(std::size_t n, const char* one, const char* many) {
  return std::to_string(n) + " " + (n == 1 ? one : many);
}

inline std::string joined(const std::vector<std::string>& parts, const char* separator = ", ") {
  std::string all;
  for (const std::string& p : parts) all += (all.empty() ? "" : separator) + p;
  return all;
}

}  // namespace cubemill
