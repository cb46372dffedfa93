// Count and sum of the values of one (pixel, period), in fixed point: integer addition is exactly
// associative, so the result does not depend on the order, on threads, tiles or devices. Trivially
// copyable: folded, merged and kept as bytes. Source of the packed form: every value is rounded
// once to 2^-40; N <= 2047 values of |v| <= 1 fit 52 bits.
#pragma once
#include <cstdint>

#include "cubemill/base/host_device.hpp"

namespace cubemill {

enum class AccumulatorKind : std::uint8_t { packed, wide };

CUBEMILL_HD std::uint64_t bits_of(double x) { return __builtin_bit_cast(std::uint64_t, x); }

/// 12-bit count over a 52-bit two's-complement sum in units of 2^-40. Needs |v| <= 1 and at most
/// 2047 values.
struct PackedSum {
  static constexpr std::uint64_t max_count = 2047;
  static constexpr double magic = 0x1.8p12;  // one ulp is 2^-40: adding it rounds, ties to even
  std::uint64_t bits = 0;

  /// What one value adds; nothing unless -1 <= v <= 1 (NaN included).
  static CUBEMILL_HD std::uint64_t term(double v) {
    const bool ok = (v >= -1.0) & (v <= 1.0);
    const std::uint64_t fixed = bits_of((ok ? v : 0.0) + magic) - bits_of(magic);
    return ok ? (std::uint64_t(1) << 52) + fixed : 0;
  }
  CUBEMILL_HD void merge(PackedSum o) { bits += o.bits; }
  CUBEMILL_HD std::int64_t fixed_sum() const { return std::int64_t(bits << 12) >> 12; }
  CUBEMILL_HD std::uint32_t count() const {
    return std::uint32_t((bits - std::uint64_t(fixed_sum())) >> 52);
  }
  CUBEMILL_HD double mean() const { return double(fixed_sum()) * 0x1p-40 / double(count()); }
};

/// 128-bit sum in units of 2^-60 and a 32-bit count. Values of |v| < 2^50; at most 2^16 of them.
struct WideSum {
  static constexpr std::uint64_t max_count = 65535;
  static constexpr double limit = 0x1p50;
  std::uint64_t low = 0;
  std::int64_t high = 0;
  std::uint32_t count_ = 0;
  std::uint32_t beyond_ = 0;  ///< finite values that were too large to fold

  CUBEMILL_HD void add(double v) {
    const bool ok = (v > -limit) & (v < limit);
    beyond_ += (!ok) & (v - v == 0.0);  // finite, yet beyond
    if (!ok) return;
    // v = halves + middle + rest, each found by adding a number whose ulp is the unit: the sum of
    // the bits is the number.
    constexpr double m1 = 0x1.8p51, m2 = 0x1.8p21, m3 = 0x1.8p-8;  // ulp 2^-1, 2^-31, 2^-60
    const double fine = v - ((v + m1) - m1);
    const double rest = fine - ((fine + m2) - m2);
    add_shifted(std::int64_t(bits_of(v + m1) - bits_of(m1)), 59);
    add_shifted(std::int64_t(bits_of(fine + m2) - bits_of(m2)), 29);
    add_shifted(std::int64_t(bits_of(rest + m3) - bits_of(m3)), 0);
    ++count_;
  }
  CUBEMILL_HD void merge(const WideSum& o) {
    add_fixed(o.low, o.high);
    count_ += o.count_;
    beyond_ += o.beyond_;
  }
  CUBEMILL_HD std::uint32_t count() const { return count_; }
  /// The sum as double (relative error below 2^-51) over the count.
  CUBEMILL_HD double mean() const {
    const bool negative = high < 0;
    const std::uint64_t l = negative ? ~low + 1 : low;
    const std::uint64_t h = negative ? ~std::uint64_t(high) + (low == 0) : std::uint64_t(high);
    const double magnitude = double(h) * 0x1p4 + double(l) * 0x1p-60;
    return (negative ? -magnitude : magnitude) / double(count_);
  }

 private:
  CUBEMILL_HD void add_shifted(std::int64_t x, int shift) {
    add_fixed(std::uint64_t(x) << shift, shift == 0 ? x >> 63 : x >> (64 - shift));
  }
  CUBEMILL_HD void add_fixed(std::uint64_t l, std::int64_t h) {
    const std::uint64_t sum = low + l;
    high += h + (sum < l);
    low = sum;
  }
};

CUBEMILL_HD std::size_t size_of(AccumulatorKind kind) {
  return kind == AccumulatorKind::packed ? sizeof(PackedSum) : sizeof(WideSum);
}

}  // namespace cubemill
