// Index, fold and finish over the sums of a tile (512 × 512 pixels of one period) as the pass does
// them, a run of 32 pixels at a time. Rival: the element functions in a loop of one pixel after the
// other; ours must equal their bits.
#include <cstring>
#include <random>

#include "cubemill/backend/pass.hpp"
#include "cubemill/pixel/sample.hpp"
#include "in_turns.hpp"

namespace {

using namespace cubemill;
using namespace cubemill::bench;

constexpr std::int64_t pixels = 512 * 512;

template <class T>
bool same_bytes(const std::vector<T>& a, const std::vector<T>& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// NDVI of pixels, one in twenty missing; four of five good.
struct Observed {
  std::vector<double> values;
  std::vector<std::uint8_t> good;
  Observed() {
    std::mt19937 random(1);
    std::uniform_real_distribution<double> value(-1, 1);
    for (std::int64_t i = 0; i < pixels; ++i) {
      values.push_back(random() % 20 ? value(random) : missing());
      good.push_back(random() % 5 != 0);
    }
  }
};

/// `ours` folds the run that begins at a pixel, `rival` one pixel; `equal` compares their sums.
template <class Ours, class Rival, class Equal>
void fold(benchmark::State& state, std::size_t sum_bytes, Ours ours, Rival rival, Equal equal) {
  const Observed observed;
  const auto our_turn = [&] {
    for (std::size_t i = 0; i < std::size_t(pixels); i += run_length)
      ours(&observed.values[i], &observed.good[i], i);
  };
  const auto rival_turn = [&] {
    for (std::size_t i = 0; i < std::size_t(pixels); ++i)
      if (observed.good[i]) rival(observed.values[i], i);
    benchmark::ClobberMemory();
  };
  our_turn();
  rival_turn();
  if (!equal()) return state.SkipWithError("other sums than one by one");
  in_turns(state, {pixels, double(pixels) * double(sizeof(double) + 1 + 2 * sum_bytes)}, our_turn,
           rival_turn);
}

void fold_packed(benchmark::State& state) {
  std::vector<PackedSum> sums(pixels), expected(pixels);
  fold(
      state, sizeof(PackedSum),
      [&](const double* values, const std::uint8_t* good, std::size_t i) {
        pass_kernels().fold_packed(values, good, &sums[i]);
      },
      [&](double value, std::size_t i) { expected[i].merge({PackedSum::term(value)}); },
      [&] { return same_bytes(sums, expected); });
}

void fold_wide(benchmark::State& state) {
  std::vector<WideRun> sums(pixels / run_length);
  std::vector<WideSum> expected(pixels);
  const auto equal = [&] {
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const WideSum sum = sums[i / run_length].get(int(i % run_length));
      if (std::memcmp(&sum, &expected[i], sizeof sum) != 0) return false;
    }
    return true;
  };
  fold(
      state, sizeof(sums[0].low[0]) + sizeof(sums[0].count[0]),
      [&](const double* values, const std::uint8_t* good, std::size_t i) {
        pass_kernels().fold_wide(values, good, sums[i / run_length]);
      },
      [&](double value, std::size_t i) { expected[i].add(value); }, equal);
}

void evaluate_ndvi(benchmark::State& state) {
  const Observed red, nir;
  std::vector<double> ours(pixels), rivals(pixels);
  const auto our_turn = [&] {
    for (std::size_t i = 0; i < std::size_t(pixels); i += run_length) {
      const double* const bands[2] = {&red.values[i], &nir.values[pixels - run_length - i]};
      pass_kernels().evaluate(0, bands, &ours[i]);
    }
  };
  const auto rival_turn = [&] {
    for (std::size_t run = 0; run < std::size_t(pixels); run += run_length)
      for (std::size_t i = 0; i < run_length; ++i) {
        const double bands[2] = {red.values[run + i], nir.values[pixels - run_length - run + i]};
        rivals[run + i] = Ndvi::value(bands);
      }
    benchmark::ClobberMemory();
  };
  our_turn();
  rival_turn();
  for (std::size_t i = 0; i < ours.size(); ++i)
    if (!(is_missing(ours[i]) && is_missing(rivals[i])) && ours[i] != rivals[i])
      return state.SkipWithError("other values than one by one");
  in_turns(state, {pixels, 3.0 * sizeof(double) * double(pixels)}, our_turn, rival_turn);
}

void finish_packed(benchmark::State& state) {
  const Observed observed;
  std::vector<PackedSum> sums(pixels);
  for (std::size_t i = 0; i < sums.size(); ++i)
    for (std::size_t n = 0; n < i % 7; ++n)
      sums[i].bits += PackedSum::term(observed.values[(i * 7 + n) % pixels]);
  std::vector<float> means(pixels), rival_means(pixels);
  std::vector<std::uint32_t> counts(pixels), rival_counts(pixels);
  const std::vector<PackedSum> filled = sums;
  const auto our_turn = [&] {
    pass_kernels().finish_packed(sums.data(), pixels, means.data(), counts.data());
  };
  const auto rival_turn = [&] {
    for (std::size_t i = 0; i < sums.size(); ++i) {
      rival_counts[i] = filled[i].count();
      rival_means[i] = rival_counts[i] ? float(filled[i].mean()) : float(missing());
    }
    benchmark::ClobberMemory();
  };
  our_turn();
  rival_turn();
  if (counts != rival_counts) return state.SkipWithError("other counts than one by one");
  for (std::size_t i = 0; i < means.size(); ++i)
    if (counts[i] ? means[i] != rival_means[i] : means[i] == means[i])
      return state.SkipWithError("other means than one by one");
  in_turns(state, {pixels, 16.0 * double(pixels)}, our_turn, rival_turn);
}

BENCHMARK(evaluate_ndvi)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(fold_packed)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(fold_wide)->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(finish_packed)->UseManualTime()->Unit(benchmark::kMicrosecond);

}  // namespace
