// Predictor 2 of block_codec.hpp: running sums along rows, 32 bytes at a time where the machine has
// AVX2.
#include <cassert>
#include <cstdint>
#include <cstring>

#include "io/block_codec.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#define CUBEMILL_AVX2 __attribute__((target("avx2")))
#endif

namespace cubemill {
namespace {

// Sums samples first … width - 1 of a row on top of `sum`. Bytes, because rows need not be aligned.
template <class T>
void sum_row(const std::byte* in, std::byte* out, std::size_t first, std::size_t width, T sum) {
  for (std::size_t i = first; i < width; ++i) {
    T sample;
    std::memcpy(&sample, in + i * sizeof(T), sizeof(T));
    sum = T(sum + sample);
    std::memcpy(out + i * sizeof(T), &sum, sizeof(T));
  }
}

template <class T>
void sum_rows_portable(const std::byte* block, const BlockShape& shape, std::byte* out,
                       std::ptrdiff_t row_stride) {
  for (std::size_t row = 0; row < shape.rows; ++row, block += shape.row_bytes(), out += row_stride)
    sum_row<T>(block, out, 0, shape.width, T(0));
}

#if defined(__x86_64__)

template <class T>
CUBEMILL_AVX2 inline __m256i add(__m256i a, __m256i b) {
  if constexpr (sizeof(T) == 1) return _mm256_add_epi8(a, b);
  if constexpr (sizeof(T) == 2) return _mm256_add_epi16(a, b);
  return _mm256_add_epi32(a, b);
}

// Sums within 32 bytes: doubling shifts within each half, then the low half's total onto the high
// half.
template <class T>
CUBEMILL_AVX2 inline __m256i running_sum(__m256i v, __m256i last_of_half) {
  if constexpr (sizeof(T) == 1) v = add<T>(v, _mm256_slli_si256(v, 1));
  if constexpr (sizeof(T) <= 2) v = add<T>(v, _mm256_slli_si256(v, 2));
  v = add<T>(v, _mm256_slli_si256(v, 4));
  v = add<T>(v, _mm256_slli_si256(v, 8));
  const __m256i totals = _mm256_shuffle_epi8(v, last_of_half);
  return add<T>(v, _mm256_permute2x128_si256(totals, totals, 0x08));
}

template <class T>
CUBEMILL_AVX2 void sum_rows_avx2(const std::byte* block, const BlockShape& shape, std::byte* out,
                                 std::ptrdiff_t row_stride) {
  constexpr std::size_t lanes = 32 / sizeof(T);
  // Bytes of the last sample of each half, over and over.
  const __m256i last_of_half = sizeof(T) == 1   ? _mm256_set1_epi8(15)
                               : sizeof(T) == 2 ? _mm256_set1_epi16(0x0F0E)
                                                : _mm256_set1_epi32(0x0F0E0D0C);
  for (std::size_t row = 0; row < shape.rows;
       ++row, block += shape.row_bytes(), out += row_stride) {
    __m256i carry = _mm256_setzero_si256();
    std::size_t i = 0;
    for (; i + lanes <= shape.width; i += lanes) {
      const auto* from = reinterpret_cast<const __m256i*>(block + i * sizeof(T));
      const __m256i sums = running_sum<T>(_mm256_loadu_si256(from), last_of_half);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i * sizeof(T)), add<T>(sums, carry));
      // Only this addition waits for the step before.
      carry =
          add<T>(carry, _mm256_shuffle_epi8(_mm256_permute4x64_epi64(sums, 0xFF), last_of_half));
    }
    sum_row<T>(block, out, i, shape.width, T(_mm_cvtsi128_si32(_mm256_castsi256_si128(carry))));
  }
}

#endif

template <class T>
void sum_rows(const std::byte* block, const BlockShape& shape, std::byte* out,
              std::ptrdiff_t row_stride) {
#if defined(__x86_64__)
  static const bool avx2 = __builtin_cpu_supports("avx2");
  if (avx2) return sum_rows_avx2<T>(block, shape, out, row_stride);
#endif
  sum_rows_portable<T>(block, shape, out, row_stride);
}

}  // namespace

void undo_difference(const std::byte* block, const BlockShape& shape, std::byte* out,
                     std::ptrdiff_t row_stride) {
  switch (shape.sample_bytes) {
    case 1:
      return sum_rows<std::uint8_t>(block, shape, out, row_stride);
    case 2:
      return sum_rows<std::uint16_t>(block, shape, out, row_stride);
    case 4:
      return sum_rows<std::uint32_t>(block, shape, out, row_stride);
    default:
      assert(!"samples of 1, 2 or 4 bytes");
  }
}

void undo_difference_portable(const std::byte* block, const BlockShape& shape, std::byte* out,
                              std::ptrdiff_t row_stride) {
  switch (shape.sample_bytes) {
    case 1:
      return sum_rows_portable<std::uint8_t>(block, shape, out, row_stride);
    case 2:
      return sum_rows_portable<std::uint16_t>(block, shape, out, row_stride);
    case 4:
      return sum_rows_portable<std::uint32_t>(block, shape, out, row_stride);
    default:
      assert(!"samples of 1, 2 or 4 bytes");
  }
}

}  // namespace cubemill
