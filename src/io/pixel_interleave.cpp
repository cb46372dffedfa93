#include "io/pixel_interleave.hpp"

#include <cassert>
#include <cstdint>
#include <cstring>

namespace cubemill {
namespace {

template <class T>
void take(const std::byte* in, std::size_t pixels, std::size_t samples, std::byte* out) {
  for (std::size_t i = 0; i < pixels; ++i) {
    T sample;
    std::memcpy(&sample, in + i * samples * sizeof(T), sizeof(T));
    std::memcpy(out + i * sizeof(T), &sample, sizeof(T));
  }
}

}  // namespace

void take_sample(const std::byte* block, std::size_t pixels, std::size_t sample_bytes,
                 std::size_t samples, std::size_t sample, std::byte* out) {
  const std::byte* const first = block + sample * sample_bytes;
  switch (sample_bytes) {
    case 1:
      return take<std::uint8_t>(first, pixels, samples, out);
    case 2:
      return take<std::uint16_t>(first, pixels, samples, out);
    case 4:
      return take<std::uint32_t>(first, pixels, samples, out);
    case 8:
      return take<std::uint64_t>(first, pixels, samples, out);
    default:
      assert(!"samples of 1, 2, 4 or 8 bytes");
  }
}

}  // namespace cubemill
