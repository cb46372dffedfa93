// TIFF's LZW (TIFF 6.0 section 13: codes of 9 to 12 bits, most significant bit first, width changed
// one code early), from the bytes of a block to its plain bytes. Checks all that the code allows to
// check: it has no checksum. One thread at a time.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace cubemill {

class LzwDecoder {
 public:
  /// Decodes one whole stream into `out` and gives the number of bytes. Behind the stream there may
  /// be zeros. Throws ReadFailure: codes that cannot be, an end that is none, more than `out`
  /// holds.
  std::size_t decode(std::span<const std::byte> stream, std::span<std::byte> out);

 private:
  // Where in the output the string of each code begins. It ends where the next code's begins, as
  // that is where it was first followed by another byte: no lengths are kept. 0 for single bytes.
  std::array<std::uint32_t, 4098> starts_{};
};

}  // namespace cubemill
