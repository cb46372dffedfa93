// Brings a panel's pixels to the size of its place: mean over the area of each output pixel. Pure.
#pragma once
#include <cstdint>
#include <vector>

namespace cubemill {

/// Resamples width × height values to out_width × out_height by area mean over the valid ones; NaN
/// where none is. A whole factor of enlargement repeats pixels.
std::vector<float> resample_by_area(const std::vector<float>& values, std::int64_t width,
                                    std::int64_t height, std::int64_t out_width,
                                    std::int64_t out_height);

}  // namespace cubemill
