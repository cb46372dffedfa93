#include "io/cog_predictor.hpp"

#include "cubemill/base/wide_loops.hpp"
#include "io/cog_sample.hpp"

namespace cubemill {
namespace {

template <class T>
void difference_rows(const T* samples, T* out) {
  for (std::size_t y = 0; y < tile_edge; ++y) {
    const T* row = samples + y * tile_edge;
    T* to = out + y * tile_edge;
    to[0] = row[0];
    for (std::size_t x = 1; x < tile_edge; ++x) to[x] = static_cast<T>(row[x] - row[x - 1]);
  }
}

// Differences of one plane; the byte before its first is the last one of the plane before.
std::uint8_t difference_plane(const std::uint8_t* __restrict plane, std::uint8_t before,
                              std::uint8_t* __restrict out) {
  out[0] = static_cast<std::uint8_t>(plane[0] - before);
  for (std::size_t x = 1; x < tile_edge; ++x)
    out[x] = static_cast<std::uint8_t>(plane[x] - plane[x - 1]);
  return plane[tile_edge - 1];
}

}  // namespace

CUBEMILL_WIDE_LOOPS void predict_float_rows(const std::uint32_t* samples, std::uint8_t* out) {
  std::uint8_t plane[tile_edge];
  for (std::size_t y = 0; y < tile_edge; ++y) {
    const std::uint32_t* row = samples + y * tile_edge;
    std::uint8_t before = 0;
    for (std::size_t p = 0; p < 4; ++p) {
      const int shift = 24 - 8 * static_cast<int>(p);
      for (std::size_t x = 0; x < tile_edge; ++x)
        plane[x] = static_cast<std::uint8_t>(row[x] >> shift);
      before = difference_plane(plane, before, out + (4 * y + p) * tile_edge);
    }
  }
}

CUBEMILL_WIDE_LOOPS void predict_integer_rows(const std::uint16_t* samples, std::uint16_t* out) {
  difference_rows(samples, out);
}
CUBEMILL_WIDE_LOOPS void predict_integer_rows(const std::uint32_t* samples, std::uint32_t* out) {
  difference_rows(samples, out);
}

}  // namespace cubemill
