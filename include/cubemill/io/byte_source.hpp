// The bytes of a file by position, wherever they come from: what headers are parsed from and blocks
// read from. Knows nothing of formats. Thread-safe, as every source must be.
#pragma once
#include <cstddef>
#include <cstdint>

namespace cubemill {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Reads exactly `size` bytes from byte `offset` on. Throws where it cannot: beyond the end, not
  /// to be had.
  virtual void read(std::uint64_t offset, std::byte* out, std::size_t size) const = 0;
  /// Gives the size of the whole file in bytes.
  virtual std::uint64_t size() const = 0;
};

}  // namespace cubemill
