// Decoding of a DEFLATE block of 16-bit pixels with predictor 2 and nothing else: libdeflate and a
// running sum, in registers where the machine has AVX2. What every reader of such files pays at
// least; the rival of the project's own decoding. Not thread-safe: a decoder a thread.
#pragma once
#include <libdeflate.h>

#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace cubemill::bench {

inline void undo_predictor(std::uint16_t* p, int width, int height) {
  for (int y = 0; y < height; ++y, p += width)
    for (int x = 1; x < width; ++x) p[x] = std::uint16_t(p[x] + p[x - 1]);
}

#if defined(__x86_64__)
/// The same for widths that are multiples of 16.
__attribute__((target("avx2"))) inline void undo_predictor_avx2(std::uint16_t* p, int width,
                                                                int height) {
  const __m256i last = _mm256_set1_epi16(0x0F0E);
  for (int y = 0; y < height; ++y) {
    __m256i carry = _mm256_setzero_si256();
    for (int x = 0; x < width; x += 16, p += 16) {
      __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
      v = _mm256_add_epi16(v, _mm256_slli_si256(v, 2));
      v = _mm256_add_epi16(v, _mm256_slli_si256(v, 4));
      v = _mm256_add_epi16(v, _mm256_slli_si256(v, 8));
      const __m256i t = _mm256_shuffle_epi8(v, last);
      v = _mm256_add_epi16(v, _mm256_permute2x128_si256(t, t, 0x08));
      v = _mm256_add_epi16(v, carry);
      carry = _mm256_shuffle_epi8(_mm256_permute4x64_epi64(v, 0xFF), last);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v);
    }
  }
}
#endif

/// The same for any width, by AVX2 where it can be.
inline void undo_predictor_best(std::uint16_t* p, int width, int height) {
#if defined(__x86_64__)
  static const bool avx2 = __builtin_cpu_supports("avx2");
  if (avx2 && width % 16 == 0) return undo_predictor_avx2(p, width, height);
#endif
  undo_predictor(p, width, height);
}

class BareDecoder {
 public:
  BareDecoder() = default;
  BareDecoder(const BareDecoder&) = delete;
  BareDecoder& operator=(const BareDecoder&) = delete;
  ~BareDecoder() { libdeflate_free_decompressor(decompressor_); }

  /// Decodes `size` bytes into width × height pixels; false when they are corrupt.
  bool decode(const void* bytes, std::size_t size, std::uint16_t* out, int width, int height) {
    const std::size_t decoded = std::size_t(width) * std::size_t(height) * 2;
    if (libdeflate_zlib_decompress(decompressor_, bytes, size, out, decoded, nullptr)) return false;
    undo_predictor_best(out, width, height);
    return true;
  }

 private:
  libdeflate_decompressor* decompressor_ = libdeflate_alloc_decompressor();
};

}  // namespace cubemill::bench
