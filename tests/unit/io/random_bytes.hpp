// Bytes that no codec can make smaller, the same in every run.
#pragma once
#include <cstddef>
#include <random>
#include <vector>

namespace cubemill {

inline std::vector<std::byte> random_bytes(std::size_t size) {
  std::mt19937 random(7);
  std::vector<std::byte> bytes(size);
  for (auto& byte : bytes) byte = std::byte(random());
  return bytes;
}

}  // namespace cubemill
