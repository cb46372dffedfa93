// Where staging memory comes from: the heap, or memory that a device can copy from without help
// (pinned), which a backend has.
#pragma once
#include <cstddef>

namespace cubemill {

/// Gives big pieces of memory, aligned to 4096 bytes. Called rarely, by one thread at a time.
class StagingMemory {
 public:
  virtual ~StagingMemory() = default;
  /// Throws std::bad_alloc or OutOfMemory.
  virtual std::byte* take(std::size_t bytes) = 0;
  virtual void give_back(std::byte* memory) noexcept = 0;
};

/// The heap.
StagingMemory& heap_memory();

}  // namespace cubemill
