// TIFF's predictors, the encoding direction, for one 512×512 tile. Plain loops that compilers
// vectorise for any machine.
#pragma once
#include <cstddef>
#include <cstdint>

namespace cubemill {

/// Splits each row of floats into its four byte planes, most significant first, and takes
/// differences of adjacent bytes (Adobe Photoshop TIFF technical note 3, predictor 3). `out` has
/// room for the same number of bytes.
void predict_float_rows(const std::uint32_t* samples, std::uint8_t* out);

/// Takes differences of adjacent samples of each row (TIFF 6.0, predictor 2).
void predict_integer_rows(const std::uint16_t* samples, std::uint16_t* out);
void predict_integer_rows(const std::uint32_t* samples, std::uint32_t* out);

}  // namespace cubemill
