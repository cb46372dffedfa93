#include "cubemill/pixel/accumulator.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace cubemill {
namespace {

using Integer = __int128;
constexpr double infinity = std::numeric_limits<double>::infinity();
const double nan = std::nan("");

/// v in units of 2^-bits, ties to even, by integer arithmetic on the bits of the number.
Integer fixed(double v, int bits) {
  int exponent = 0;
  const double mantissa = std::frexp(v, &exponent);
  Integer m = Integer(std::llrint(std::ldexp(mantissa, 53)));
  const int shift = exponent - 53 + bits;
  if (shift >= 0) return m * (Integer(1) << shift);
  if (shift < -60) return 0;
  const Integer unit = Integer(1) << -shift, half = unit / 2;
  Integer down = m >= 0 ? m / unit : -((-m + unit - 1) / unit);
  const Integer rest = m - down * unit;
  if (rest > half || (rest == half && (down & 1))) ++down;
  return down;
}

Integer value_of(const WideSum& s) { return Integer(s.high) * (Integer(1) << 64) + Integer(s.low); }
PackedSum packed(double v) { return {PackedSum::term(v)}; }

std::vector<double> packed_values() {
  std::vector<double> all = {0.0,
                             -0.0,
                             1.0,
                             -1.0,
                             0x1p-40,
                             -0x1p-40,
                             0x1p-41,
                             3 * 0x1p-41,
                             -0x1p-41,
                             5 * 0x1p-42,
                             std::nextafter(1.0, 0),
                             5e-324,
                             -5e-324,
                             0x1p-1022,
                             0.1,
                             -0.7};
  std::mt19937_64 random(1);
  for (int i = 0; i < 3000; ++i)
    all.push_back(double(std::int64_t(random())) * std::ldexp(1.0, -63 - int(random() % 45)));
  return all;
}

TEST(PackedSum, RoundsEveryValueOnceToItsUnit) {
  for (const double v : packed_values()) {
    ASSERT_EQ(packed(v).fixed_sum(), std::int64_t(fixed(v, 40))) << v;
    ASSERT_EQ(packed(v).count(), 1u) << v;
  }
}

TEST(PackedSum, AddsWhatCannotCountAsNothing) {
  for (const double v : {nan, -nan, infinity, -infinity, std::nextafter(1.0, 2),
                         std::nextafter(-1.0, -2), 1e300, -2.0})
    EXPECT_EQ(PackedSum::term(v), 0u) << v;
}

TEST(PackedSum, HoldsAsManyOnesAsItPromises) {
  for (const double v : {1.0, -1.0, 0.0, 0x1p-40}) {
    PackedSum sum;
    for (std::uint64_t n = 0; n < PackedSum::max_count; ++n) sum.merge(packed(v));
    EXPECT_EQ(sum.count(), 2047u);
    EXPECT_EQ(sum.fixed_sum(), std::int64_t(std::ldexp(v, 40)) * 2047);
    EXPECT_EQ(sum.mean(), v);
  }
}

TEST(PackedSum, DoesNotDependOnOrderOrGrouping) {
  std::vector<double> values = packed_values();
  values.resize(PackedSum::max_count);
  PackedSum forward, backward;
  std::vector<PackedSum> groups(17);
  Integer exact = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    forward.merge(packed(values[i]));
    backward.merge(packed(values[values.size() - 1 - i]));
    groups[i * i % 17].merge(packed(values[i]));
    exact += fixed(values[i], 40);
  }
  PackedSum merged;
  for (const PackedSum& g : groups) merged.merge(g);
  EXPECT_EQ(forward.bits, backward.bits);
  EXPECT_EQ(forward.bits, merged.bits);
  EXPECT_EQ(forward.fixed_sum(), std::int64_t(exact));
  EXPECT_EQ(forward.mean(), double(std::int64_t(exact)) * 0x1p-40 / 2047);
  forward.merge({});
  EXPECT_EQ(forward.bits, backward.bits) << "an empty sum is no identity";
}

std::vector<double> wide_values() {
  std::vector<double> all = {0.0,
                             -0.0,
                             1.0,
                             -1.0,
                             std::nextafter(0x1p50, 0),
                             -std::nextafter(0x1p50, 0),
                             0x1p50 - 0.5,
                             0x1p49 + 0.25,
                             -0x1p49 - 0.75,
                             0x1p-60,
                             -0x1p-60,
                             0x1p-61,
                             3 * 0x1p-61,
                             -0x1p-61,
                             -3 * 0x1p-61,
                             5 * 0x1p-62,
                             5e-324,
                             -5e-324,
                             0x1p-1022,
                             0.25,
                             -0.25,
                             0.75,
                             0x1p-32,
                             3 * 0x1p-33};
  std::mt19937_64 random(2);
  for (int i = 0; i < 20000; ++i)
    all.push_back(std::ldexp(double(std::int64_t(random())) * 0x1p-63, int(random() % 125) - 74));
  return all;
}

TEST(WideSum, RoundsEveryValueOnceToItsUnit) {
  for (const double v : wide_values()) {
    WideSum sum;
    sum.add(v);
    ASSERT_TRUE(value_of(sum) == fixed(v, 60)) << v;
    ASSERT_EQ(sum.count(), 1u);
    ASSERT_EQ(sum.beyond_, 0u);
  }
}

TEST(WideSum, CountsFiniteValuesThatAreTooLargeAndNothingElse) {
  WideSum sum;
  for (const double v : {nan, infinity, -infinity}) sum.add(v);
  EXPECT_EQ(sum.beyond_, 0u);
  for (const double v : {0x1p50, -0x1p50, 1e300, -std::numeric_limits<double>::max()}) sum.add(v);
  EXPECT_EQ(sum.beyond_, 4u);
  EXPECT_EQ(sum.count(), 0u);
  EXPECT_TRUE(value_of(sum) == 0);
}

TEST(WideSum, DoesNotDependOnOrderOrGrouping) {
  const std::vector<double> values = wide_values();
  WideSum forward, backward, merged;
  std::vector<WideSum> groups(13);
  Integer exact = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    forward.add(values[i]);
    backward.add(values[values.size() - 1 - i]);
    groups[i * i % 13].add(values[i]);
    exact += fixed(values[i], 60);
  }
  for (const WideSum& g : groups) merged.merge(g);
  EXPECT_TRUE(value_of(forward) == exact);
  EXPECT_TRUE(value_of(backward) == exact);
  EXPECT_TRUE(value_of(merged) == exact);
  EXPECT_EQ(forward.count(), values.size());
  EXPECT_EQ(merged.count(), values.size());
  merged.merge({});
  EXPECT_TRUE(value_of(merged) == exact);
}

TEST(WideSum, HoldsTheLargestValuesAsOftenAsItPromises) {
  for (const double v : {std::nextafter(0x1p50, 0), -std::nextafter(0x1p50, 0)}) {
    WideSum sum;
    for (std::uint64_t n = 0; n < WideSum::max_count; ++n) sum.add(v);
    EXPECT_TRUE(value_of(sum) == fixed(v, 60) * Integer(WideSum::max_count));
    EXPECT_EQ(sum.mean(), v);
  }
}

TEST(WideSum, HasAMeanThatIsRightToTheLastBitsOfADouble) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 2000; ++round) {
    WideSum sum;
    const int count = 1 + int(random() % 20), size = int(random() % 100) - 50;
    for (int i = 0; i < count; ++i)
      sum.add(std::ldexp(double(std::int64_t(random())) * 0x1p-63, size));
    const long double exact = std::ldexp(static_cast<long double>(value_of(sum)), -60) / count;
    ASSERT_LE(std::fabs(static_cast<long double>(sum.mean()) - exact), std::fabs(exact) * 0x1p-51L);
  }
}

TEST(WideSum, HasNegativeMeansOfTheSameSizeAsPositiveOnes) {
  for (const double v : {0x1p-60, 0.1, 1.0, 16.0, 0x1p4 + 0x1p-60, 123456.789, 0x1p49}) {
    WideSum plus, minus;
    plus.add(v), minus.add(-v);
    EXPECT_EQ(minus.mean(), -plus.mean()) << v;
  }
}

}  // namespace
}  // namespace cubemill
