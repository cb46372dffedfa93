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

TEST(PassKernels, FoldWideSumsAsOneValueAtATime) {
  std::mt19937_64 random(2);
  for (const PassKernels& kernels : all_kernels())
    for (const int count : {1, 7, 8, 31, 32}) {
      std::vector<WideSum> sums(run_length), expected(run_length);
      for (int round = 0; round < 100; ++round) {
        alignas(32) double values[run_length];
        alignas(32) std::uint8_t good[run_length];
        for (int i = 0; i < run_length; ++i)
          values[i] = some_value(random) * 1e6, good[i] = random() % 2;
        kernels.fold_wide(values, good, sums.data(), count);
        for (int i = 0; i < count; ++i)
          if (good[i]) expected[std::size_t(i)].add(values[i]);
      }
      for (std::size_t i = 0; i < run_length; ++i) {
        ASSERT_EQ(sums[i].low, expected[i].low) << kernels.name;
        ASSERT_EQ(sums[i].high, expected[i].high) << kernels.name;
        ASSERT_EQ(sums[i].count_, expected[i].count_) << kernels.name;
        ASSERT_EQ(sums[i].beyond_, expected[i].beyond_) << kernels.name;
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
    kernels.finish_packed(sums.data(), std::int32_t(sums.size()), means.data(), counts.data());
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
