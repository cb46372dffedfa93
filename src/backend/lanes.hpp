// Eight pixels at a time: vectors of doubles and their masks over GCC's vector types, as wide as
// the instruction set that this file is compiled for. Lives in a namespace per instruction set
// (CUBEMILL_TARGET), so that no inline function of one is ever linked into another. Same operations
// as on plain doubles, so the same bits.
#pragma once
#include <cstdint>

#include "cubemill/base/host_device.hpp"

#if defined(__AVX512F__)
#include <immintrin.h>
#define CUBEMILL_NATIVE 8
#elif defined(__AVX2__)
#include <immintrin.h>
#define CUBEMILL_NATIVE 4
#else
#define CUBEMILL_NATIVE 2
#endif

namespace cubemill::CUBEMILL_TARGET {

constexpr int lanes = 8;
constexpr int native = CUBEMILL_NATIVE;
constexpr int parts = lanes / native;

typedef double NativeDouble __attribute__((vector_size(native * 8)));
typedef std::int64_t NativeMask __attribute__((vector_size(native * 8)));
typedef double LooseDouble __attribute__((vector_size(native * 8), aligned(8), may_alias));
typedef std::uint16_t Words __attribute__((vector_size(16)));
typedef std::uint16_t LooseWords __attribute__((vector_size(16), aligned(2), may_alias));
typedef std::int16_t SignedWords __attribute__((vector_size(16)));
typedef std::uint32_t Halves __attribute__((vector_size(32)));
typedef std::int32_t SignedHalves __attribute__((vector_size(32)));

struct Mask {
  NativeMask part[parts];
};

// The conversions are written out for AVX2: g++ 12 takes the generic ones apart lane by lane.
CUBEMILL_HD NativeDouble to_double(SignedHalves x, [[maybe_unused]] int part) {
#if defined(__AVX512F__)
  return (NativeDouble)_mm512_cvtepi32_pd((__m256i)x);
#elif defined(__AVX2__)
  const __m256i v = (__m256i)x;
  return (NativeDouble)_mm256_cvtepi32_pd(part ? _mm256_extracti128_si256(v, 1)
                                               : _mm256_castsi256_si128(v));
#else
  return NativeDouble{double(x[2 * part]), double(x[2 * part + 1])};
#endif
}
CUBEMILL_HD NativeDouble to_double(Words x, [[maybe_unused]] int part) {
#if defined(__AVX512F__)
  return (NativeDouble)_mm512_cvtepi32_pd(_mm256_cvtepu16_epi32((__m128i)x));
#elif defined(__AVX2__)
  const __m128i v = (__m128i)x;
  return (NativeDouble)_mm256_cvtepi32_pd(_mm_cvtepu16_epi32(part ? _mm_unpackhi_epi64(v, v) : v));
#else
  return NativeDouble{double(x[2 * part]), double(x[2 * part + 1])};
#endif
}
CUBEMILL_HD NativeDouble to_double(SignedWords x, [[maybe_unused]] int part) {
#if defined(__AVX512F__)
  return (NativeDouble)_mm512_cvtepi32_pd(_mm256_cvtepi16_epi32((__m128i)x));
#elif defined(__AVX2__)
  const __m128i v = (__m128i)x;
  return (NativeDouble)_mm256_cvtepi32_pd(_mm_cvtepi16_epi32(part ? _mm_unpackhi_epi64(v, v) : v));
#else
  return NativeDouble{double(x[2 * part]), double(x[2 * part + 1])};
#endif
}
CUBEMILL_HD NativeMask to_mask(SignedWords x, [[maybe_unused]] int part) {
#if defined(__AVX512F__)
  return (NativeMask)_mm512_cvtepi16_epi64((__m128i)x);
#elif defined(__AVX2__)
  const __m128i v = (__m128i)x;
  return (NativeMask)_mm256_cvtepi16_epi64(part ? _mm_unpackhi_epi64(v, v) : v);
#else
  return NativeMask{x[2 * part], x[2 * part + 1]};
#endif
}

CUBEMILL_HD NativeDouble broadcast(double x) {
#if defined(__AVX512F__)
  return (NativeDouble)_mm512_set1_pd(x);
#elif defined(__AVX2__)
  return (NativeDouble)_mm256_set1_pd(x);
#else
  return NativeDouble{x, x};
#endif
}

struct Doubles {
  NativeDouble part[parts];
  Doubles() = default;
  CUBEMILL_HD explicit Doubles(double x) {
    for (auto& p : part) p = broadcast(x);
  }
  /// Exact conversions of eight integers.
  CUBEMILL_HD explicit Doubles(SignedHalves x) {
    for (int i = 0; i < parts; ++i) part[i] = to_double(x, i);
  }
  CUBEMILL_HD explicit Doubles(Words x) {
    for (int i = 0; i < parts; ++i) part[i] = to_double(x, i);
  }
  CUBEMILL_HD explicit Doubles(SignedWords x) {
    for (int i = 0; i < parts; ++i) part[i] = to_double(x, i);
  }
};

#define CUBEMILL_LANEWISE(op)                                           \
  CUBEMILL_HD Doubles operator op(Doubles a, Doubles b) {               \
    for (int i = 0; i < parts; ++i) a.part[i] = a.part[i] op b.part[i]; \
    return a;                                                           \
  }
CUBEMILL_LANEWISE(+)
CUBEMILL_LANEWISE(-)
CUBEMILL_LANEWISE(*)
CUBEMILL_LANEWISE(/)
#undef CUBEMILL_LANEWISE

#define CUBEMILL_COMPARE(op)                                            \
  CUBEMILL_HD Mask operator op(Doubles a, Doubles b) {                  \
    Mask m;                                                             \
    for (int i = 0; i < parts; ++i) m.part[i] = a.part[i] op b.part[i]; \
    return m;                                                           \
  }
CUBEMILL_COMPARE(<)
CUBEMILL_COMPARE(>)
CUBEMILL_COMPARE(==)
CUBEMILL_COMPARE(!=)
#undef CUBEMILL_COMPARE

CUBEMILL_HD Doubles select(Mask m, Doubles a, Doubles b) {
  for (int i = 0; i < parts; ++i) a.part[i] = m.part[i] ? a.part[i] : b.part[i];
  return a;
}

// a < b ? a : b and a > b ? a : b, also for NaN, in the one instruction that does just this.
#if defined(__AVX512F__)
#define CUBEMILL_NATIVE_CHOICE(op, compare) (NativeDouble) _mm512_##op##_pd((__m512d)a, (__m512d)b)
#elif defined(__AVX2__)
#define CUBEMILL_NATIVE_CHOICE(op, compare) (NativeDouble) _mm256_##op##_pd((__m256d)a, (__m256d)b)
#else
#define CUBEMILL_NATIVE_CHOICE(op, compare) a compare b ? a : b
#endif
CUBEMILL_HD NativeDouble smaller(NativeDouble a, NativeDouble b) {
  return CUBEMILL_NATIVE_CHOICE(min, <);
}
CUBEMILL_HD NativeDouble larger(NativeDouble a, NativeDouble b) {
  return CUBEMILL_NATIVE_CHOICE(max, >);
}
#undef CUBEMILL_NATIVE_CHOICE
CUBEMILL_HD Doubles smaller(Doubles a, Doubles b) {
  for (int i = 0; i < parts; ++i) a.part[i] = smaller(a.part[i], b.part[i]);
  return a;
}
CUBEMILL_HD Doubles larger(Doubles a, Doubles b) {
  for (int i = 0; i < parts; ++i) a.part[i] = larger(a.part[i], b.part[i]);
  return a;
}
CUBEMILL_HD Mask both(Mask a, Mask b) {
  for (int i = 0; i < parts; ++i) a.part[i] &= b.part[i];
  return a;
}
CUBEMILL_HD Mask either(Mask a, Mask b) {
  for (int i = 0; i < parts; ++i) a.part[i] |= b.part[i];
  return a;
}

CUBEMILL_HD Words smaller(Words a, Words b) {
#ifdef __AVX2__
  return (Words)_mm_min_epu16((__m128i)a, (__m128i)b);
#else
  return a < b ? a : b;
#endif
}
CUBEMILL_HD bool any_zero(Words x) {
#ifdef __AVX2__
  return _mm_movemask_epi8(_mm_cmpeq_epi16((__m128i)x, _mm_setzero_si128())) != 0;
#else
  typedef std::int64_t Two __attribute__((vector_size(16)));
  const Two t = (Two)(x == Words{});
  return (t[0] | t[1]) != 0;
#endif
}

/// A mask of 16-bit lanes (0 or −1) widened.
CUBEMILL_HD Mask widened(SignedWords x) {
  Mask m;
  for (int i = 0; i < parts; ++i) m.part[i] = to_mask(x, i);
  return m;
}

/// A mask of 32-bit lanes (0 or −1) narrowed to 16 bits.
CUBEMILL_HD SignedWords narrowed(SignedHalves x) {
#ifdef __AVX2__
  const __m256i v = (__m256i)x;
  return (SignedWords)_mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
#else
  SignedWords m;
  for (int i = 0; i < lanes; ++i) m[i] = std::int16_t(x[i]);
  return m;
#endif
}

CUBEMILL_HD Doubles load_doubles(const double* from) {
  Doubles x;
  for (int i = 0; i < parts; ++i)
    x.part[i] = *reinterpret_cast<const LooseDouble*>(from + i * native);
  return x;
}
CUBEMILL_HD void store(Doubles x, double* to) {
  for (int i = 0; i < parts; ++i) *reinterpret_cast<LooseDouble*>(to + i * native) = x.part[i];
}
CUBEMILL_HD Words load_words(const void* from) { return *static_cast<const LooseWords*>(from); }

CUBEMILL_HD bool any(Mask m) {
  NativeMask all = m.part[0];
  for (int i = 1; i < parts; ++i) all |= m.part[i];
  bool set = false;
  for (int i = 0; i < native; ++i) set |= all[i] != 0;
  return set;
}
CUBEMILL_HD bool any(SignedHalves m) {
#ifdef __AVX2__
  return !_mm256_testz_si256((__m256i)m, (__m256i)m);
#else
  typedef std::int64_t Four __attribute__((vector_size(32)));
  const Four t = (Four)m;
  return (t[0] | t[1] | t[2] | t[3]) != 0;
#endif
}

}  // namespace cubemill::CUBEMILL_TARGET
