// Packs bits as DEFLATE wants them, lowest first. Owns nothing; the caller has room for 8 bytes
// more than are written.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "io/cog_huffman.hpp"

namespace cubemill {

class BitPacker {
 public:
  explicit BitPacker(std::uint8_t* out) : out_(out) {}

  /// Adds bits, at most 57 between two calls of flush.
  void add(std::uint64_t value, std::size_t count) {
    pending_ |= value << count_;
    count_ += count;
  }
  void add(HuffmanCode code) { add(code.bits, code.length); }
  /// Writes whole bytes; at most 7 bits stay pending.
  void flush() {
    std::memcpy(out_, &pending_, sizeof pending_);
    out_ += count_ / 8;
    pending_ >>= count_ / 8 * 8;
    count_ %= 8;
  }
  /// Fills the last byte up and gives the place after it.
  std::uint8_t* align() {
    count_ = (count_ + 7) / 8 * 8;
    flush();
    return out_;
  }
  /// Leaves out bytes that the caller has written after align.
  void skip(std::size_t bytes) { out_ += bytes; }

 private:
  std::uint8_t* out_;
  std::uint64_t pending_ = 0;
  std::size_t count_ = 0;
};

}  // namespace cubemill
