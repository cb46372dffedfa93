// Memory of many megabytes. Where the system has large pages, it lies in them: a walk over big
// arrays in small ones waits for page tables, and the first touch of every page is a trap.
#pragma once
#include <cstddef>
#include <memory>

namespace cubemill {

struct FreeLarge {
  void operator()(std::byte* memory) const noexcept;
};
using LargeMemory = std::unique_ptr<std::byte[], FreeLarge>;

/// Gives memory that is not initialised, aligned to 4096 bytes at least. Throws std::bad_alloc.
LargeMemory take_large(std::size_t bytes);

}  // namespace cubemill
