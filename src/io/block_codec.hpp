// From the bytes of a TIFF block to its pixels: inflates zlib streams and undoes predictor 2.
// Checks lengths and checksums; knows neither files nor grids. An Inflater belongs to one thread at
// a time, the rest is pure.
#pragma once
#include <cstddef>
#include <span>

struct libdeflate_decompressor;

namespace cubemill {

class Inflater {
 public:
  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Inflates one whole zlib stream into `out` and gives the number of bytes. Bytes after the
  /// stream are ignored. Throws ReadFailure: damaged data, wrong checksum (Adler-32), more data
  /// than `out` holds.
  std::size_t inflate(std::span<const std::byte> stream, std::span<std::byte> out);

 private:
  libdeflate_decompressor* decompressor_;
};

/// Rows of samples of 1, 2 or 4 bytes (8 too where nothing is undone), without gaps.
struct BlockShape {
  std::size_t width = 0;
  std::size_t rows = 0;
  std::size_t sample_bytes = 1;

  std::size_t row_bytes() const { return width * sample_bytes; }
  std::size_t bytes() const { return rows * row_bytes(); }
};

/// Copies the rows of `block` to `out`, `row_stride` bytes apart. The two may not overlap.
void copy_rows(const std::byte* block, const BlockShape& shape, std::byte* out,
               std::ptrdiff_t row_stride);

/// Undoes predictor 2 (TIFF 6.0 section 14: running sums along each row, modulo 2^bits) from
/// `block` to `out`, rows `row_stride` bytes apart. `out` may be `block` itself where the rows have
/// no gaps. By AVX2 where the machine has it; the result is the same everywhere.
void undo_difference(const std::byte* block, const BlockShape& shape, std::byte* out,
                     std::ptrdiff_t row_stride);

/// The same without SIMD, for machines that have none and for tests.
void undo_difference_portable(const std::byte* block, const BlockShape& shape, std::byte* out,
                              std::ptrdiff_t row_stride);

}  // namespace cubemill
