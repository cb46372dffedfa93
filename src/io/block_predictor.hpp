// From the plain bytes of a TIFF block to rows of samples in native byte order: undoes predictors
// and byte orders on the way to where the rows belong, by AVX2 where the machine has it; the bytes
// are the same everywhere. Predictor 2: each sample minus its left neighbour modulo 2^bits (TIFF
// 6.0 section 14). Predictor 3: a row's bytes in planes, the most significant first, and then
// differences of bytes (technical note 3). Pure.
#pragma once
#include <cstddef>

namespace cubemill {

/// Rows of samples of 1, 2, 4 or 8 bytes, without gaps.
struct BlockShape {
  std::size_t width = 0;
  std::size_t rows = 0;
  std::size_t sample_bytes = 1;

  std::size_t row_bytes() const { return width * sample_bytes; }
  std::size_t bytes() const { return rows * row_bytes(); }
};

/// How the samples of a block are coded, but for predictor 3, which has one byte order.
struct SampleCoding {
  bool differences = false;  ///< predictor 2
  bool swapped = false;      ///< in the other byte order than the machine's
};

/// Undoes `coding` from `block` to `out`, rows `row_stride` bytes apart. `out` may be `block` where
/// the rows have no gaps.
void undo_samples(const std::byte* block, const BlockShape& shape, SampleCoding coding,
                  std::byte* out, std::ptrdiff_t row_stride);

/// Undoes predictor 3 of samples of 4 or 8 bytes in the same way. What `block` held is lost; `out`
/// may not overlap it.
void undo_floating(std::byte* block, const BlockShape& shape, std::byte* out,
                   std::ptrdiff_t row_stride);

/// The same without SIMD, for machines that have none and for tests.
void undo_samples_portable(const std::byte* block, const BlockShape& shape, SampleCoding coding,
                           std::byte* out, std::ptrdiff_t row_stride);
void undo_floating_portable(std::byte* block, const BlockShape& shape, std::byte* out,
                            std::ptrdiff_t row_stride);

}  // namespace cubemill
