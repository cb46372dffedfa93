// What a sample type means at run time: its size, its C++ type, its fill value. Plain functions, no
// state.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>

#include "cubemill/io/cog_writer.hpp"

namespace cubemill {

inline constexpr std::size_t tile_edge = static_cast<std::size_t>(CogWriter::tile);
inline constexpr std::size_t tile_samples = tile_edge * tile_edge;

/// Gives the bytes of one sample.
constexpr std::size_t sample_bytes(SampleType type) { return type == SampleType::u16 ? 2 : 4; }

/// Gives the bytes of one tile, uncompressed.
constexpr std::size_t tile_bytes(SampleType type) { return tile_samples * sample_bytes(type); }

/// Calls `body` with a value of the C++ type that `type` stands for.
template <class Body>
auto with_sample_type(SampleType type, Body&& body) {
  switch (type) {
    case SampleType::u16:
      return body(std::uint16_t{});
    case SampleType::u32:
      return body(std::uint32_t{});
    default:
      return body(float{});
  }
}

/// Gives the sample that stands for "nothing here": the one quiet NaN that GDAL writes too, or 0.
template <class T>
constexpr T fill_sample(bool nodata_nan) {
  if constexpr (std::numeric_limits<T>::has_quiet_NaN)
    return nodata_nan ? std::numeric_limits<T>::quiet_NaN() : T{0};
  else
    return T{0};
}

}  // namespace cubemill
