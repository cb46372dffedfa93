// Resampling by mode: the value with the largest overlap with the output pixel, the smallest one
// where two are equal. Serves flags and classes; the same code on every instruction set.
#pragma once
#include "cubemill/backend/pass.hpp"

namespace cubemill {

/// As PassKernels::sample, for groups whose method is mode.
void sample_mode(const BandGroup& group, std::int64_t y, std::int32_t x, std::int32_t count,
                 unsigned eights, RunValues& values);

}  // namespace cubemill
