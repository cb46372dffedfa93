#include "io/block_predictor.hpp"

#include <bit>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <type_traits>

#if defined(__x86_64__)
#include <immintrin.h>
#define CUBEMILL_AVX2 __attribute__((target("avx2")))
#endif

namespace cubemill {
namespace {

template <class T>
T with_bytes_swapped(T value) {
  if constexpr (sizeof(T) == 1) return value;
  if constexpr (sizeof(T) == 2) return T(__builtin_bswap16(value));
  if constexpr (sizeof(T) == 4) return T(__builtin_bswap32(value));
  if constexpr (sizeof(T) == 8) return T(__builtin_bswap64(value));
}

// Samples first … width - 1 of a row, on top of `sum` where they are differences. Bytes, because
// rows need not be aligned.
template <class T, bool summed, bool swapped>
void undo_rest(const std::byte* in, std::byte* out, std::size_t first, std::size_t width, T sum) {
  for (std::size_t i = first; i < width; ++i) {
    T sample;
    std::memcpy(&sample, in + i * sizeof(T), sizeof(T));
    if constexpr (swapped) sample = with_bytes_swapped(sample);
    if constexpr (summed) sample = sum = T(sum + sample);
    std::memcpy(out + i * sizeof(T), &sample, sizeof(T));
  }
}

template <class T, bool summed, bool swapped>
void undo_row_portable(const std::byte* in, std::byte* out, std::size_t width) {
  undo_rest<T, summed, swapped>(in, out, 0, width, T(0));
}

// From planes of bytes, the most significant first, to samples.
void join_planes(const std::byte* planes, std::size_t sample_bytes, std::size_t first,
                 std::size_t width, std::byte* out) {
  constexpr bool little = std::endian::native == std::endian::little;
  for (std::size_t i = first; i < width; ++i)
    for (std::size_t b = 0; b < sample_bytes; ++b)
      out[i * sample_bytes + b] = planes[(little ? sample_bytes - 1 - b : b) * width + i];
}

#if defined(__x86_64__)

template <class T>
CUBEMILL_AVX2 inline __m256i add(__m256i a, __m256i b) {
  if constexpr (sizeof(T) == 1) return _mm256_add_epi8(a, b);
  if constexpr (sizeof(T) == 2) return _mm256_add_epi16(a, b);
  if constexpr (sizeof(T) == 4) return _mm256_add_epi32(a, b);
  return _mm256_add_epi64(a, b);
}

// Which byte of each half comes where: the last sample, over and over.
template <class T>
CUBEMILL_AVX2 inline __m256i last_of_half() {
  if constexpr (sizeof(T) == 1) return _mm256_set1_epi8(15);
  if constexpr (sizeof(T) == 2) return _mm256_set1_epi16(0x0F0E);
  if constexpr (sizeof(T) == 4) return _mm256_set1_epi32(0x0F0E0D0C);
  return _mm256_set1_epi64x(0x0F0E0D0C0B0A0908);
}

// The same: each sample's bytes in reverse.
template <class T>
CUBEMILL_AVX2 inline __m256i reverse_in_samples() {
  if constexpr (sizeof(T) == 2) {
    const __m128i half = _mm_set_epi64x(0x0E0F0C0D0A0B0809, 0x0607040502030001);
    return _mm256_broadcastsi128_si256(half);
  }
  if constexpr (sizeof(T) == 4) {
    const __m128i half = _mm_set_epi64x(0x0C0D0E0F08090A0B, 0x0405060700010203);
    return _mm256_broadcastsi128_si256(half);
  }
  const __m128i half = _mm_set_epi64x(0x08090A0B0C0D0E0F, 0x0001020304050607);
  return _mm256_broadcastsi128_si256(half);
}

// Sums within 32 bytes: doubling shifts within each half, then the low half's total onto the high
// half.
template <class T>
CUBEMILL_AVX2 inline __m256i running_sum(__m256i v, __m256i last) {
  if constexpr (sizeof(T) == 1) v = add<T>(v, _mm256_slli_si256(v, 1));
  if constexpr (sizeof(T) <= 2) v = add<T>(v, _mm256_slli_si256(v, 2));
  if constexpr (sizeof(T) <= 4) v = add<T>(v, _mm256_slli_si256(v, 4));
  v = add<T>(v, _mm256_slli_si256(v, 8));
  const __m256i totals = _mm256_shuffle_epi8(v, last);
  return add<T>(v, _mm256_permute2x128_si256(totals, totals, 0x08));
}

template <class T, bool summed, bool swapped>
CUBEMILL_AVX2 void undo_row_avx2(const std::byte* in, std::byte* out, std::size_t width) {
  constexpr std::size_t lanes = 32 / sizeof(T);
  [[maybe_unused]] const __m256i last = last_of_half<T>(), reverse = reverse_in_samples<T>();
  __m256i carry = _mm256_setzero_si256();
  std::size_t i = 0;
  for (; i + lanes <= width; i += lanes) {
    __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + i * sizeof(T)));
    if constexpr (swapped) v = _mm256_shuffle_epi8(v, reverse);
    if constexpr (summed) {
      const __m256i sums = running_sum<T>(v, last);
      v = add<T>(sums, carry);
      // Only this addition waits for the step before.
      carry = add<T>(carry, _mm256_shuffle_epi8(_mm256_permute4x64_epi64(sums, 0xFF), last));
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i * sizeof(T)), v);
  }
  undo_rest<T, summed, swapped>(in, out, i, width,
                                T(_mm_cvtsi128_si64(_mm256_castsi256_si128(carry))));
}

// Interleaves planes two by two, so that 16 bytes of each of `count` planes become 16 samples.
template <std::size_t count>
void interleave(__m128i (&v)[count]) {
  for (std::size_t done = 1; done < count; done *= 2) {
    __m128i joined[count];
    for (std::size_t i = 0; i < count / 2; ++i) {
      joined[2 * i] = _mm_unpacklo_epi8(v[i], v[i + count / 2]);
      joined[2 * i + 1] = _mm_unpackhi_epi8(v[i], v[i + count / 2]);
    }
    std::memcpy(v, joined, sizeof v);
  }
}

template <std::size_t sample_bytes>
void join_planes_sse2(const std::byte* planes, std::size_t width, std::byte* out) {
  std::size_t i = 0;
  for (; i + 16 <= width; i += 16) {
    __m128i v[sample_bytes];
    for (std::size_t b = 0; b < sample_bytes; ++b)
      v[b] = _mm_loadu_si128(
          reinterpret_cast<const __m128i*>(planes + (sample_bytes - 1 - b) * width + i));
    interleave(v);
    for (std::size_t b = 0; b < sample_bytes; ++b)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i * sample_bytes + 16 * b), v[b]);
  }
  join_planes(planes, sample_bytes, i, width, out);
}

#endif

// What is done to a row, with what the machine has.
struct Best {
  template <class T, bool summed, bool swapped>
  static void undo_row(const std::byte* in, std::byte* out, std::size_t width) {
#if defined(__x86_64__)
    static const bool avx2 = __builtin_cpu_supports("avx2");
    if (avx2) return undo_row_avx2<T, summed, swapped>(in, out, width);
#endif
    undo_row_portable<T, summed, swapped>(in, out, width);
  }
  static void join(const std::byte* planes, std::size_t sample_bytes, std::size_t width,
                   std::byte* out) {
#if defined(__x86_64__)
    if (sample_bytes == 4) return join_planes_sse2<4>(planes, width, out);
    if (sample_bytes == 8) return join_planes_sse2<8>(planes, width, out);
#endif
    join_planes(planes, sample_bytes, 0, width, out);
  }
};

struct Portable {
  template <class T, bool summed, bool swapped>
  static void undo_row(const std::byte* in, std::byte* out, std::size_t width) {
    undo_row_portable<T, summed, swapped>(in, out, width);
  }
  static void join(const std::byte* planes, std::size_t sample_bytes, std::size_t width,
                   std::byte* out) {
    join_planes(planes, sample_bytes, 0, width, out);
  }
};

template <class Rows, class T, bool summed, bool swapped>
void undo_rows(const std::byte* block, const BlockShape& shape, std::byte* out,
               std::ptrdiff_t row_stride) {
  for (std::size_t row = 0; row < shape.rows; ++row, block += shape.row_bytes(), out += row_stride)
    Rows::template undo_row<T, summed, swapped>(block, out, shape.width);
}

template <class Rows, class T>
void undo_typed(const std::byte* block, const BlockShape& shape, SampleCoding coding,
                std::byte* out, std::ptrdiff_t row_stride) {
  const bool summed = coding.differences;
  if constexpr (sizeof(T) > 1) {
    if (summed && coding.swapped)
      return undo_rows<Rows, T, true, true>(block, shape, out, row_stride);
    if (coding.swapped) return undo_rows<Rows, T, false, true>(block, shape, out, row_stride);
  }
  if (summed) return undo_rows<Rows, T, true, false>(block, shape, out, row_stride);
  for (std::size_t row = 0; row < shape.rows; ++row, block += shape.row_bytes(), out += row_stride)
    if (block != out) std::memcpy(out, block, shape.row_bytes());
}

template <class Rows>
void undo_planes(std::byte* block, const BlockShape& shape, std::byte* out,
                 std::ptrdiff_t row_stride) {
  assert(shape.sample_bytes == 4 || shape.sample_bytes == 8);
  for (std::size_t row = 0; row < shape.rows;
       ++row, block += shape.row_bytes(), out += row_stride) {
    Rows::template undo_row<std::uint8_t, true, false>(block, block, shape.row_bytes());
    Rows::join(block, shape.sample_bytes, shape.width, out);
  }
}

template <class Rows>
void undo(const std::byte* block, const BlockShape& shape, SampleCoding coding, std::byte* out,
          std::ptrdiff_t row_stride) {
  switch (shape.sample_bytes) {
    case 1:
      return undo_typed<Rows, std::uint8_t>(block, shape, coding, out, row_stride);
    case 2:
      return undo_typed<Rows, std::uint16_t>(block, shape, coding, out, row_stride);
    case 4:
      return undo_typed<Rows, std::uint32_t>(block, shape, coding, out, row_stride);
    case 8:
      return undo_typed<Rows, std::uint64_t>(block, shape, coding, out, row_stride);
    default:
      assert(!"samples of 1, 2, 4 or 8 bytes");
  }
}

}  // namespace

void undo_samples(const std::byte* block, const BlockShape& shape, SampleCoding coding,
                  std::byte* out, std::ptrdiff_t row_stride) {
  undo<Best>(block, shape, coding, out, row_stride);
}

void undo_samples_portable(const std::byte* block, const BlockShape& shape, SampleCoding coding,
                           std::byte* out, std::ptrdiff_t row_stride) {
  undo<Portable>(block, shape, coding, out, row_stride);
}

void undo_floating(std::byte* block, const BlockShape& shape, std::byte* out,
                   std::ptrdiff_t row_stride) {
  undo_planes<Best>(block, shape, out, row_stride);
}

void undo_floating_portable(std::byte* block, const BlockShape& shape, std::byte* out,
                            std::ptrdiff_t row_stride) {
  undo_planes<Portable>(block, shape, out, row_stride);
}

}  // namespace cubemill
