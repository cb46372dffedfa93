// Flags for bands that are read from overviews: classes of flag pixels brought to the overview's
// pixels. Pure.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cubemill/plan/plan.hpp"

namespace cubemill {

/// Classes of flag pixels: those of `window`; all others are missing.
struct FlagPixels {
  SourceWindow window;
  const std::uint8_t* first = nullptr;
  std::ptrdiff_t stride = 0;
};

/// Gives each pixel of a window of overviews the worst class of the flag pixels that have a share
/// in it: missing, where one of them is, else masked, where one of them is, else good. `out` is its
/// first pixel.
void reduce_classes(const FlagPixels& flags, const FlagCover& cover, const SourceWindow& window,
                    std::uint8_t* out, std::ptrdiff_t stride);

}  // namespace cubemill
