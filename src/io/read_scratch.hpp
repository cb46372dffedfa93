// What a thread keeps between block reads: the decompressors and two growing buffers. One thread at
// a time.
#pragma once
#include <cstddef>
#include <memory>

#include "cubemill/io/raster.hpp"
#include "io/block_codec.hpp"

namespace cubemill {

/// Memory that only grows and is never cleared.
class ByteBuffer {
 public:
  /// Gives at least `size` bytes; what they held before is lost.
  std::byte* at_least(std::size_t size) {
    if (size > size_) {
      bytes_.reset();  // before the larger one is asked for
      bytes_ = std::make_unique_for_overwrite<std::byte[]>(size);
      size_ = size;
    }
    return bytes_.get();
  }

 private:
  std::size_t size_ = 0;
  std::unique_ptr<std::byte[]> bytes_;
};

struct ReadScratch::State {
  BlockDecoder decoder;
  ByteBuffer compressed;
  ByteBuffer decoded;
};

}  // namespace cubemill
