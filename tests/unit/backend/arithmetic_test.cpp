#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "unit/backend/pass_fixture.hpp"

namespace cubemill::testing_pass {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Values that a fold may meet: ordinary ones, the ends of what counts, and what does not count.
double some_value(std::mt19937_64& random) {
  const double special[] = {0.0,
                            -0.0,
                            1.0,
                            -1.0,
                            std::nextafter(1.0, 2),
                            std::nextafter(-1.0, -2),
                            0x1p-41,
                            -0x1p-41,
                            3 * 0x1p-41,
                            infinity,
                            -infinity,
                            missing(),
                            1e300,
                            5e-324,
                            0x1p49,
                            -0x1p50,
                            std::nextafter(0x1p50, 0)};
  if (random() % 3 == 0) return special[random() % std::size(special)];
  return double(std::int64_t(random())) * 0x1p-63;
}

TEST(PassKernels, FoldPackedSumsAsOneValueAtATime) {
  std::mt19937_64 random(1);
  for (const PassKernels& kernels : all_kernels()) {
    std::vector<PackedSum> sums(run_length), expected(run_length);
    for (int round = 0; round < 300; ++round) {
      alignas(32) double values[run_length];
      alignas(32) std::uint8_t good[run_length];
      for (int i = 0; i < run_length; ++i) values[i] = some_value(random), good[i] = random() % 2;
      kernels.fold_packed(values, good, sums.data());
      for (int i = 0; i < run_length; ++i)
        if (good[i]) expected[std::size_t(i)].merge({PackedSum::term(values[i])});
    }
    for (std::size_t i = 0; i < run_length; ++i)
      ASSERT_EQ(sums[i].bits, expected[i].bits) << kernels.name << " at " << i;
  }
}

void expect_same_sum(const WideSum& a, const WideSum& b, const char* name) {
  ASSERT_EQ(a.low, b.low) << name;
  ASSERT_EQ(a.high, b.high) << name;
  ASSERT_EQ(a.count_, b.count_) << name;
  ASSERT_EQ(a.beyond_, b.beyond_) << name;
}

// Factors: sums that stay in the low half, that wrap it around in both directions, that are large.
TEST(PassKernels, FoldWideSumsAsOneValueAtATime) {
  std::mt19937_64 random(2);
  for (const PassKernels& kernels : all_kernels())
    for (const double factor : {0.5, 3.9, 1e6}) {
      WideRun sums, expected;
      for (int round = 0; round < 100; ++round) {
        alignas(32) double values[run_length];
        alignas(32) std::uint8_t good[run_length];
        for (int i = 0; i < run_length; ++i) {
          const double v =
              factor > 1 ? double(std::int64_t(random())) * 0x1p-63 : some_value(random);
          values[i] = (i < 8 ? std::fabs(v) : i < 16 ? -std::fabs(v) : v) * factor;
          good[i] = random() % 2;
        }
        kernels.fold_wide(values, good, sums);
        for (int i = 0; i < run_length; ++i) {
          WideSum sum = expected.get(i);
          if (good[i]) sum.add(values[i]);
          expected.set(i, sum);
          expect_same_sum(sums.get(i), sum, kernels.name);
        }
      }
    }
}

TEST(PassKernels, FinishWideSumsAsTheirMeanAndCount) {
  std::mt19937_64 random(5);
  for (const PassKernels& kernels : all_kernels()) {
    std::vector<WideRun> sums(64);
    for (std::size_t run = 1; run < sums.size(); ++run)  // the first stays empty
      for (int i = 0; i < run_length; ++i) {
        WideSum sum;
        const double factor = std::ldexp(1.0, int(random() % 80) - 60 + int(run % 2) * 20);
        for (std::uint64_t n = random() % 20; n > 0; --n) sum.add(some_value(random) * factor);
        sums[run].set(i, sum);
      }
    std::vector<float> means(sums.size() * run_length);
    std::vector<std::uint32_t> counts(means.size());
    const std::vector<WideRun> before = sums;
    kernels.finish_wide(sums.data(), std::int32_t(means.size()), means.data(), counts.data());
    for (const WideRun& run : sums)
      for (int i = 0; i < run_length; ++i) expect_same_sum(run.get(i), {}, kernels.name);
    sums = before;
    for (std::size_t i = 0; i < means.size(); ++i) {
      const WideSum sum = sums[i / run_length].get(int(i % run_length));
      ASSERT_EQ(counts[i], sum.count()) << kernels.name;
      if (sum.count() == 0)
        ASSERT_TRUE(std::isnan(means[i])) << kernels.name;
      else
        ASSERT_EQ(means[i], float(sum.mean())) << kernels.name << " at " << i;
    }
  }
}

TEST(PassKernels, FinishPackedSumsAsTheirMeanAndCount) {
  std::mt19937_64 random(3);
  for (const PassKernels& kernels : all_kernels()) {
    std::vector<PackedSum> sums(1001);
    for (std::size_t i = 1; i < sums.size(); ++i)  // the first stays empty
      for (std::uint64_t n = random() % 40 + 1; n > 0; --n)
        sums[i].merge({PackedSum::term(some_value(random) / 1.5)});
    sums[1] = sums[2] = {};
    for (std::uint64_t n = 0; n < PackedSum::max_count; ++n) {
      sums[1].merge({PackedSum::term(1.0)});
      sums[2].merge({PackedSum::term(-1.0)});
    }
    std::vector<float> means(sums.size());
    std::vector<std::uint32_t> counts(sums.size());
    const std::vector<PackedSum> before = sums;
    kernels.finish_packed(sums.data(), std::int32_t(sums.size()), means.data(), counts.data());
    for (const PackedSum& sum : sums) ASSERT_EQ(sum.bits, 0u) << kernels.name;
    sums = before;
    EXPECT_TRUE(std::isnan(means[0]));
    EXPECT_EQ(counts[0], 0u);
    EXPECT_EQ(means[1], 1.0f);
    EXPECT_EQ(counts[1], PackedSum::max_count);
    EXPECT_EQ(means[2], -1.0f);
    for (std::size_t i = 1; i < sums.size(); ++i) {
      ASSERT_EQ(counts[i], sums[i].count()) << kernels.name;
      if (counts[i] > 0) {
        ASSERT_EQ(means[i], float(sums[i].mean())) << kernels.name << " at " << i;
      }
    }
  }
}

TEST(PassKernels, EvaluateEveryIndexAsPlainDoubles) {
  std::mt19937_64 random(4);
  alignas(32) double red[run_length], nir[run_length], out[run_length];
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < run_length; ++i) red[i] = some_value(random), nir[i] = some_value(random);
    const double* const bands[] = {red, nir};
    for (const PassKernels& kernels : all_kernels()) {
      kernels.evaluate(0, bands, out);
      for (int i = 0; i < run_length; ++i)
        ASSERT_TRUE(same_bits(out[i], (nir[i] - red[i]) / (nir[i] + red[i]))) << kernels.name;
      kernels.evaluate(1, bands + 1, out);
      for (int i = 0; i < run_length; ++i) ASSERT_TRUE(same_bits(out[i], nir[i])) << kernels.name;
    }
  }
}

TEST(PassKernels, AreChosenForThisMachine) {
  const auto kernels = all_kernels();
  EXPECT_TRUE(std::any_of(kernels.begin(), kernels.end(), [](const PassKernels& k) {
    return std::string_view(k.name) == pass_kernels().name;
  }));
}

}  // namespace
}  // namespace cubemill::testing_pass
