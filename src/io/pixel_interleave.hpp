// One band out of blocks whose pixels hold the samples of all bands side by side. Pure.
#pragma once
#include <cstddef>

namespace cubemill {

/// Takes sample `sample` of each pixel of `samples` out of a pixel-interleaved block of `pixels`
/// pixels. What comes out is coded as if the block held that sample alone: both predictors look
/// `samples` places to the left, so that the samples of a pixel never meet. In place where `out` is
/// `block`.
void take_sample(const std::byte* block, std::size_t pixels, std::size_t sample_bytes,
                 std::size_t samples, std::size_t sample, std::byte* out);

}  // namespace cubemill
