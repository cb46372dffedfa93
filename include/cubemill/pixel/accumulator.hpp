// Count and sum of the values of one (pixel, period), in fixed point: integer addition is exactly
// associative, so the result does not depend on the order, on threads, tiles or devices. Trivially
// copyable: folded, merged and kept as bytes. Source of the packed form: every value is rounded
// once to 2^-40; N <= 2047 values of |v| <= 1 fit 52 bits.
#pragma once
#include <cstddef>
#include <cstdint>

#include "cubemill/base/host_device.hpp"
#include "cubemill/pixel/run.hpp"

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
/// The sum is high·2^64 + low with a *signed* low half: sums of ordinary size leave `high` alone.
struct WideSum {
  static constexpr std::uint64_t max_count = 65535;
  static constexpr double limit = 0x1p50;
  static constexpr double small = 4;  ///< terms of values below it fit into the low half
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::uint32_t count_ = 0;
  std::uint32_t beyond_ = 0;  ///< finite values that were too large to fold

  /// A value of |v| < small in units of 2^-60, rounded once. v = coarse + rest, found by adding
  /// numbers whose ulp is the unit (2^-31, 2^-60): the difference of the bits is the number.
  static CUBEMILL_HD std::uint64_t term(double v) {
    constexpr double m1 = 0x1.8p21, m2 = 0x1.8p-8;
    const double coarse = v + m1, rest = v - (coarse - m1);
    return ((bits_of(coarse) - bits_of(m1)) << 29) + (bits_of(rest + m2) - bits_of(m2));
  }
  CUBEMILL_HD void add(double v) {
    const bool ok = (v > -limit) & (v < limit);
    beyond_ += (!ok) & (v - v == 0.0);  // finite, yet beyond
    if (!ok) return;
    constexpr double m = 0x1.8p51;  // ulp 2^-1
    const double halves = v + m;
    const std::int64_t x = std::int64_t(bits_of(halves) - bits_of(m));
    add_fixed(std::uint64_t(x) << 59, x >> 5);
    const std::uint64_t rest = term(v - (halves - m));
    add_fixed(rest, std::int64_t(rest) >> 63);
    ++count_;
  }
  CUBEMILL_HD void merge(const WideSum& o) {
    add_fixed(std::uint64_t(o.low), o.high - (o.low < 0));
    count_ += o.count_;
    beyond_ += o.beyond_;
  }
  CUBEMILL_HD std::uint32_t count() const { return count_; }
  /// The sum as double (relative error below 2^-51) over the count.
  CUBEMILL_HD double mean() const {
    const std::int64_t top = high - (low < 0);
    const bool negative = top < 0;
    const std::uint64_t l = negative ? ~std::uint64_t(low) + 1 : std::uint64_t(low);
    const std::uint64_t h = negative ? ~std::uint64_t(top) + (low == 0) : std::uint64_t(top);
    const double magnitude = double(h) * 0x1p4 + double(l) * 0x1p-60;
    return (negative ? -magnitude : magnitude) / double(count_);
  }

 private:
  // Adds h·2^64 + l, l unsigned.
  CUBEMILL_HD void add_fixed(std::uint64_t l, std::int64_t h) {
    const std::uint64_t old = std::uint64_t(low), sum = old + l;
    const std::int64_t top = high - (low < 0) + h + (sum < l);
    low = std::int64_t(sum);
    high = top + (low < 0);
  }
};

/// The wide sums of the pixels of a run, member by member: what every value changes, `low` and
/// `count`, lies together; the rest is not even looked at unless `rare` is set.
struct WideRun {
  std::int64_t low[run_length] = {};
  std::uint32_t count[run_length] = {};
  std::uint64_t rare = 0;  ///< whether a `high` or `beyond` may differ from 0
  std::int64_t high[run_length] = {};
  std::uint32_t beyond[run_length] = {};

  CUBEMILL_HD WideSum get(int i) const { return {low[i], high[i], count[i], beyond[i]}; }
  CUBEMILL_HD void set(int i, const WideSum& sum) {
    low[i] = sum.low, high[i] = sum.high, count[i] = sum.count_, beyond[i] = sum.beyond_;
    rare |= (sum.high != 0) | (sum.beyond_ != 0);
  }
};

/// Bytes of the sums of run_length pixels.
CUBEMILL_HD std::size_t bytes_per_run(AccumulatorKind kind) {
  return kind == AccumulatorKind::packed ? run_length * sizeof(PackedSum) : sizeof(WideRun);
}

}  // namespace cubemill
