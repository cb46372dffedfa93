// The steps of the pass for one instruction set: sampling and classes (their own files), index,
// fold and finish. Compiled once per instruction set, in the namespace CUBEMILL_TARGET; same
// operations as the element functions of pixel/, so the same bits.
#pragma once
#include <tuple>
#include <utility>

#include "backend/pass_classes.hpp"
#include "backend/pass_sampling.hpp"

namespace cubemill::CUBEMILL_TARGET {

template <class Index>
void evaluate_run(const double* const* band, double* out) {
  constexpr std::size_t n = Index::bands.size();
  for (int i = 0; i < run_length; i += lanes) {
    Doubles b[n];
    for (std::size_t j = 0; j < n; ++j) b[j] = load_doubles(band[j] + i);
    store(Index::value(b), out + i);
  }
}

template <std::size_t... I>
void evaluate_one(std::index_sequence<I...>, std::int32_t index, const double* const* band,
                  double* out) {
  (void)((index == std::int32_t(I) &&
          (evaluate_run<std::tuple_element_t<I, AllIndices>>(band, out), true)) ||
         ...);
}

inline void evaluate(std::int32_t index, const double* const* band, double* out) {
  evaluate_one(std::make_index_sequence<index_count>(), index, band, out);
}

inline void fold_packed(const double* values, const std::uint8_t* good, PackedSum* sums) {
  for (int i = 0; i < run_length; ++i)
    sums[i].bits += PackedSum::term(values[i]) & (std::uint64_t(0) - std::uint64_t(good[i]));
}

// Values of ordinary size change low halves and counts only; whatever else is in a run is seen on
// the way and done after.
inline void fold_wide(const double* __restrict values, const std::uint8_t* __restrict good,
                      WideRun& sums) {
  std::uint64_t overflow[run_length];  // the sign bit: whether the low half wrapped around
  std::uint64_t wrapped = 0, large = 0;
  for (int i = 0; i < run_length; ++i) {
    const double v = values[i];
    const bool small = (v > -WideSum::small) & (v < WideSum::small);
    const std::uint64_t wanted = std::uint64_t(0) - std::uint64_t(good[i]),
                        take = small ? wanted : 0;
    const std::uint64_t term = WideSum::term(small ? v : 0.0) & take;
    const std::uint64_t old = std::uint64_t(sums.low[i]), sum = old + term;
    sums.low[i] = std::int64_t(sum);
    sums.count[i] += std::uint32_t(take & 1);
    overflow[i] = (old ^ sum) & (term ^ sum);
    wrapped |= overflow[i];
    large |= v - v == 0.0 ? wanted & ~take : 0;
  }
  if (std::int64_t(wrapped) < 0) {
    sums.rare = 1;
    for (int i = 0; i < run_length; ++i) {
      const std::int64_t carry = sums.low[i] < 0 ? 1 : -1;
      sums.high[i] += std::int64_t(overflow[i]) < 0 ? carry : 0;
    }
  }
  if (large)
    for (int i = 0; i < run_length; ++i)
      if (good[i] && !(values[i] > -WideSum::small && values[i] < WideSum::small)) {
        WideSum sum = sums.get(i);
        sum.add(values[i]);
        sums.set(i, sum);
      }
}

// The bits of a packed sum are turned into doubles by laying them under a known exponent: there is
// no vector conversion of 64-bit integers before AVX-512. Exact, so the same as PackedSum::mean.
inline void finish_packed(PackedSum* __restrict sums, std::int32_t count, float* __restrict means,
                          std::uint32_t* __restrict counts) {
  constexpr std::uint64_t one = std::uint64_t(1) << 52;
  for (std::int32_t i = 0; i < count; ++i) {
    const std::uint64_t biased = sums[i].bits + one / 2, n = biased >> 52;
    const double sum =
        __builtin_bit_cast(double, 0x40B0000000000000u | (biased & (one - 1))) - PackedSum::magic;
    const double number = __builtin_bit_cast(double, 0x4330000000000000u | n) - 0x1p52;
    means[i] = n ? float(sum / number) : __builtin_nanf("");
    counts[i] = std::uint32_t(n);
    sums[i] = {};
  }
}

/// A 64-bit integer as double, rounded once, by its halves laid under known exponents.
CUBEMILL_HD double rounded(std::int64_t x) {
  constexpr std::uint64_t low_bits = 0xFFFFFFFFu;
  const double high = __builtin_bit_cast(double, (std::uint64_t(x) >> 32) ^ 0x4530000080000000u);
  const double low =
      __builtin_bit_cast(double, (std::uint64_t(x) & low_bits) | 0x4330000000000000u);
  return (high - (0x1p84 + 0x1p63 + 0x1p52)) + low;
}

inline std::uint64_t finish_wide(WideRun* sums, std::int32_t count, float* __restrict means,
                                 std::uint32_t* __restrict counts) {
  std::uint64_t beyond = 0;
  for (std::int32_t x = 0; x < count; x += run_length, ++sums) {
    std::uint64_t any = sums->rare;
    for (int i = 0; i < run_length; ++i) any |= sums->count[i];
    if (any == 0) {  // its sums are 0: not to be fetched, nor written
      for (int i = 0; i < run_length; ++i) means[x + i] = __builtin_nanf(""), counts[x + i] = 0;
      continue;
    }
    for (int i = 0; i < run_length; ++i) {
      const std::uint64_t n = sums->count[i];
      const double number = __builtin_bit_cast(double, 0x4330000000000000u | n) - 0x1p52;
      means[x + i] = n ? float(rounded(sums->low[i]) * 0x1p-60 / number) : __builtin_nanf("");
      counts[x + i] = std::uint32_t(n);
    }
    if (sums->rare) {
      for (int i = 0; i < run_length; ++i) {
        const WideSum sum = sums->get(i);
        if (sum.high != 0 && sum.count() > 0) means[x + i] = float(sum.mean());
        beyond += sum.beyond_;
      }
      *sums = {};
    } else {
      for (int i = 0; i < run_length; ++i) sums->low[i] = 0, sums->count[i] = 0;
    }
  }
  return beyond;
}

inline PassKernels kernels(const char* name) {
  return {name,        sample,    sample_classes, evaluate,
          fold_packed, fold_wide, finish_packed,  finish_wide};
}

}  // namespace cubemill::CUBEMILL_TARGET
