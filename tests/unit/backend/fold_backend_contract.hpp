// What every FoldBackend promises, as tests over a factory. A program includes this once and
// instantiates both suites; the reference is the CPU's fold of a chunk into sums on the heap.
#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <semaphore>
#include <thread>

#include "unit/backend/observation.hpp"
#include "unit/backend/sums_fixture.hpp"

namespace cubemill::testing_pass {

struct BackendUnderTest {
  std::string name;
  /// `states`: how many there is memory for, at least; not many more.
  std::function<std::unique_ptr<FoldBackend>(FoldSpec, std::size_t states, std::size_t slabs)> make;
  /// Why it cannot be tested here; empty: it can.
  std::function<std::string()> missing = [] { return std::string(); };
};

inline void PrintTo(const BackendUnderTest& b, std::ostream* out) { *out << b.name; }

using Kinds = std::vector<AccumulatorKind>;
constexpr auto packed = AccumulatorKind::packed, wide = AccumulatorKind::wide;

/// The whole tile, and a part whose edges are no multiples of anything.
constexpr PixelWindow tile{0, 0, Observation::edge, Observation::edge}, odd_part{32, 32, 31, 11};

/// A backend, the slabs that it shares with its test, and states that go back by themselves.
class BackendAtWork {
 public:
  struct Recycle {
    FoldBackend* backend;
    void operator()(TileState* state) const { backend->recycle(std::unique_ptr<TileState>(state)); }
  };
  using State = std::unique_ptr<TileState, Recycle>;

  BackendAtWork(const BackendUnderTest& tested, const Kinds& kinds, std::size_t states = 3,
                std::size_t slabs = 2)
      // NDVI of the first two bands, and the third as it is.
      : spec_{{{0, {0, 1}}, {1, {2}}}, kinds, Observation::edge},
        backend_(tested.make(spec_, states, slabs)),
        returned_(std::ptrdiff_t(slabs)),
        pool_(
            Observation::slab_bytes, slabs, [this] { returned_.release(); },
            backend_->staging_memory()) {}
  ~BackendAtWork() { backend_->release_slabs(); }

  FoldBackend& operator*() { return *backend_; }
  FoldBackend* operator->() { return backend_.get(); }

  State make_state() { return {backend_->make_state().release(), {backend_.get()}}; }

  /// Waits for a slab. Thread-safe.
  Slab acquire() {
    returned_.acquire();
    return pool_.try_acquire();
  }
  bool has_slab() { return returned_.try_acquire() && pool_.try_acquire(); }

  void fold(Observation& seen, TileState& state, const PixelWindow& window = tile) {
    StagedChunk chunk = seen.stage(acquire(), window);
    backend_->fold(chunk, state, window.x, window.y);
  }

  TileSums empty_sums() const { return {spec_.kinds, spec_.tile_edge}; }
  TileSums downloaded(TileState& state) {
    TileSums sums = empty_sums();
    backend_->download(state, sums);
    return sums;
  }
  Finished finish(TileState& state, std::size_t index) {
    Finished f;
    f.beyond = backend_->finish(state, index, f.means, f.counts);
    return f;
  }

  /// Folds as the CPU does, with memory of its own.
  void fold_reference(Observation& seen, TileSums& sums, const PixelWindow& window = tile) const {
    SlabPool pool(Observation::slab_bytes, 1, [] {});
    const StagedChunk chunk = seen.stage(pool.try_acquire(), window);
    fold_chunk(chunk.fold, spec_.indices, sums.views(window.x, window.y), pass_kernels());
  }
  static Finished finish_reference(TileSums& sums, std::size_t index) {
    Finished f;
    f.beyond = sums.finish(index, pass_kernels(), f.means, f.counts);
    return f;
  }

 private:
  const FoldSpec spec_;
  const std::unique_ptr<FoldBackend> backend_;
  std::counting_semaphore<> returned_;
  SlabPool pool_;
};

/// Observations of all kinds: values in -1…1 and such whose sums wrap the low half of a wide sum
/// around, or are beyond what it can hold.
inline std::deque<Observation> some_observations() {
  std::deque<Observation> all;
  std::uint64_t seed = 100;
  for (const double scale : {2.75e-5, 0.01, 1.0, 1e12})
    for (const bool fuse_pixels : {true, false})
      all.emplace_back(Look{scale > 0.1 ? Resampling::nearest : Resampling::bilinear, Storage::f64,
                            fuse_pixels, false, scale, 1 + int(seed % 3)},
                       seed++);
  return all;
}

class FoldBackendContract : public testing::TestWithParam<BackendUnderTest> {
 protected:
  void SetUp() override {
    if (const std::string why = GetParam().missing(); !why.empty()) GTEST_SKIP() << why;
  }
};

TEST_P(FoldBackendContract, GivesEverySlabBackForTheNextChunk) {
  Observation seen({}, 1);
  for (const std::size_t slabs : {1, 2, 3}) {
    BackendAtWork backend(GetParam(), {packed, packed}, 1, slabs);
    const auto state = backend.make_state();
    for (int chunk = 0; chunk < 6; ++chunk) {
      ASSERT_TRUE(backend.has_slab()) << "chunk " << chunk << " of " << slabs << " slabs";
      backend.fold(seen, *state, odd_part);
    }
  }
}

TEST_P(FoldBackendContract, HoldsNoSlabOnceItHasReleasedThem) {
  Observation seen({}, 1);
  BackendAtWork backend(GetParam(), {packed, packed}, 1, 3);
  const auto state = backend.make_state();
  for (int chunk = 0; chunk < 4; ++chunk) backend.fold(seen, *state, odd_part);
  backend->release_slabs();
  const Slab slabs[] = {backend.acquire(), backend.acquire(), backend.acquire()};
  for (const Slab& slab : slabs) EXPECT_TRUE(bool(slab));
}

TEST_P(FoldBackendContract, FoldsChunksInAnyOrderAndInPiecesToTheSameBits) {
  auto seen = some_observations();
  BackendAtWork backend(GetParam(), {packed, wide});
  TileSums expected = backend.empty_sums();
  for (Observation& o : seen) backend.fold_reference(o, expected);
  ASSERT_GT(held(expected, 0), 1000u);
  ASSERT_GT(held(expected, 1), 1000u);

  const auto backwards = backend.make_state(), pieces = backend.make_state();
  for (auto o = seen.rbegin(); o != seen.rend(); ++o) backend.fold(*o, *backwards);
  for (const PixelWindow& piece :
       {PixelWindow{32, 0, 32, 37}, PixelWindow{0, 0, 32, 37}, PixelWindow{0, 37, 64, 27}})
    for (Observation& o : seen) backend.fold(o, *pieces, piece);
  expect_equal(backend.downloaded(*backwards), expected);
  expect_equal(backend.downloaded(*pieces), expected);
}

TEST_P(FoldBackendContract, AddsTheSumsOfSeveralStatesToTheBitsOfOne) {
  auto seen = some_observations();
  for (const Kinds& kinds : {Kinds{packed, wide}, Kinds{wide, packed}}) {
    BackendAtWork backend(GetParam(), kinds);
    TileSums expected = backend.empty_sums();
    for (Observation& o : seen) backend.fold_reference(o, expected);

    const auto first = backend.make_state(), second = backend.make_state();
    for (std::size_t i = 0; i < seen.size(); ++i) backend.fold(seen[i], i % 3 ? *first : *second);
    TileSums both = backend.downloaded(*first);
    backend->download(*second, both);
    expect_equal(both, expected);
    backend->merge(*second, backend.downloaded(*first));
    expect_equal(backend.downloaded(*second), expected);
  }
}

TEST_P(FoldBackendContract, FoldsIntoWhatWasMerged) {
  auto seen = some_observations();
  BackendAtWork backend(GetParam(), {packed, wide});
  TileSums expected = backend.empty_sums(), earlier = backend.empty_sums();
  for (Observation& o : seen) backend.fold_reference(o, expected);
  backend.fold_reference(seen[4], earlier);

  const auto state = backend.make_state();
  backend->merge(*state, earlier);
  for (std::size_t i = 0; i < seen.size(); ++i)
    if (i != 4) backend.fold(seen[i], *state);
  for (const std::size_t index : {0, 1})
    expect_equal(backend.finish(*state, index), BackendAtWork::finish_reference(expected, index));
}

TEST_P(FoldBackendContract, AddsWhatItDownloadsAndLeavesTheStateAsItIs) {
  Observation seen({Resampling::nearest, Storage::f64, true, false, 1.0, 2}, 5);
  BackendAtWork backend(GetParam(), {packed, wide});
  TileSums once = backend.empty_sums(), twice = backend.empty_sums();
  backend.fold_reference(seen, once);
  for (int i = 0; i < 2; ++i) twice.merge(once);

  const auto state = backend.make_state();
  backend.fold(seen, *state);
  TileSums sums = backend.downloaded(*state);
  backend->download(*state, sums);
  expect_equal(sums, twice);
  expect_equal(backend.downloaded(*state), once);
}

TEST_P(FoldBackendContract, FinishesWhatTheSumsSay) {
  auto seen = some_observations();
  for (const Kinds& kinds : {Kinds{packed, wide}, Kinds{wide, packed}}) {
    BackendAtWork backend(GetParam(), kinds);
    TileSums expected = backend.empty_sums();
    const auto state = backend.make_state();
    for (Observation& o : seen) {
      backend.fold(o, *state, odd_part);
      backend.fold_reference(o, expected, odd_part);
    }
    for (const std::size_t index : {1, 0}) {
      const Finished got = backend.finish(*state, index);
      const Finished reference = BackendAtWork::finish_reference(expected, index);
      expect_equal(got, reference);
      if (index == 1 && kinds[1] == wide) {
        EXPECT_GT(got.beyond, 0u);
      }
      const auto empty = std::count(got.counts.begin(), got.counts.end(), 0u);
      EXPECT_GT(std::ptrdiff_t(got.counts.size()) - empty, 100);
      ASSERT_EQ(got.counts[0], 0u);  // left of the part
      EXPECT_EQ(__builtin_bit_cast(std::uint32_t, got.means[0]), 0x7fc00000u);
    }
  }
}

TEST_P(FoldBackendContract, LeavesOnlyTheFinishedIndexEmpty) {
  Observation seen({Resampling::nearest, Storage::f64, true, false, 1.0, 1}, 6);
  BackendAtWork backend(GetParam(), {wide, wide});
  TileSums expected = backend.empty_sums();
  backend.fold_reference(seen, expected);
  const auto state = backend.make_state();
  backend.fold(seen, *state);
  (void)backend.finish(*state, 0);
  const Finished again = backend.finish(*state, 0);
  EXPECT_EQ(std::count(again.counts.begin(), again.counts.end(), 0u),
            std::ptrdiff_t(again.counts.size()));
  expect_equal(backend.finish(*state, 1), BackendAtWork::finish_reference(expected, 1));
}

TEST_P(FoldBackendContract, MakesARecycledStateAgainWithNothingInIt) {
  Observation seen({Resampling::nearest, Storage::f64, true, false, 1e12, 1}, 7);
  BackendAtWork backend(GetParam(), {packed, wide}, 1);
  for (int round = 0; round < 4; ++round) {
    const auto state = backend.make_state();
    ASSERT_TRUE(state);
    expect_equal(backend.downloaded(*state), backend.empty_sums());
    backend.fold(seen, *state);
    if (round % 2) (void)backend.finish(*state, 1);
  }
}

TEST_P(FoldBackendContract, MakesNoStateWhenFullAndOneMoreForEachThatIsRecycled) {
  Observation seen({}, 8);
  BackendAtWork backend(GetParam(), {wide, wide}, 3);
  std::vector<BackendAtWork::State> states;
  while (auto state = backend.make_state()) {
    backend.fold(seen, *state, odd_part);
    states.push_back(std::move(state));
    ASSERT_LT(states.size(), 100u);
  }
  EXPECT_GE(states.size(), 3u);
  const std::size_t most = states.size();
  for (int round = 0; round < 3; ++round) {
    states.erase(states.begin());
    states.push_back(backend.make_state());
    ASSERT_TRUE(states.back());
    EXPECT_FALSE(backend.make_state());
    backend.fold(seen, *states.back(), odd_part);
  }
  EXPECT_EQ(states.size(), most);
}

TEST_P(FoldBackendContract, ShowsSumsThatLieOnTheHostAsTheyAre) {
  Observation seen({}, 9);
  BackendAtWork backend(GetParam(), {packed, wide});
  const auto state = backend.make_state();
  backend.fold(seen, *state);
  if (TileSums* const sums = backend->on_host(*state))
    expect_equal(*sums, backend.downloaded(*state));
}

TEST_P(FoldBackendContract, FoldsTilesOfSeveralThreadsAtOnce) {
  constexpr int threads = 3, rounds = 3;
  BackendAtWork backend(GetParam(), {packed, wide}, threads, threads + 1);
  std::deque<Observation> seen;
  std::deque<TileSums> expected, got;
  for (int t = 0; t < threads; ++t) {
    seen.emplace_back(Look{Resampling::nearest, Storage::f64, true, false, 1.0, 1},
                      20 + std::uint64_t(t));
    backend.fold_reference(seen.back(), expected.emplace_back(backend.empty_sums()));
    got.push_back(backend.empty_sums());
  }
  {
    std::vector<std::jthread> running;
    for (std::size_t t = 0; t < threads; ++t)
      running.emplace_back([&, t] {
        for (int round = 0; round < rounds; ++round) {
          const auto state = backend.make_state();
          backend.fold(seen[t], *state, {0, 0, 64, 32});
          backend.fold(seen[t], *state, {0, 32, 64, 32});
          got[t].clear();
          backend->download(*state, got[t]);
        }
      });
  }
  for (std::size_t t = 0; t < threads; ++t) expect_equal(got[t], expected[t]);
}

class FoldBackendSamples : public testing::TestWithParam<std::tuple<BackendUnderTest, Resampling>> {
};

// Fixed and differing storages, both rules of fusing, both kinds of sums.
TEST_P(FoldBackendSamples, AsTheCpuDoesToTheBit) {
  const auto& [tested, method] = GetParam();
  std::uint64_t seed = 1000 * std::uint64_t(method);
  for (const Kinds& kinds : {Kinds{packed, wide}, Kinds{wide, packed}}) {
    BackendAtWork backend(tested, kinds);
    for (const Storage storage : {Storage::u16, Storage::i16, Storage::f32, Storage::f64})
      for (const bool fuse_pixels : {true, false})
        for (const bool bands_differ : {false, true}) {
          SCOPED_TRACE(testing::Message() << "storage " << int(storage) << ", by pixel "
                                          << fuse_pixels << ", bands differ " << bands_differ);
          Observation seen({method, storage, fuse_pixels, bands_differ, 2.75e-5, 2}, ++seed);
          TileSums expected = backend.empty_sums();
          backend.fold_reference(seen, expected, odd_part);
          EXPECT_GT(held(expected, 0), 10u);
          EXPECT_GT(held(expected, 1), 10u);
          const auto state = backend.make_state();
          backend.fold(seen, *state, odd_part);
          expect_equal(backend.downloaded(*state), expected);
        }
  }
}

inline std::string method_name(
    const testing::TestParamInfo<std::tuple<BackendUnderTest, Resampling>>& info) {
  const char* const names[] = {"nearest", "bilinear", "cubic", "average", "mode"};
  return names[int(std::get<1>(info.param))];
}

/// Instantiates all claims for one backend.
#define CUBEMILL_TEST_BACKEND(name, tested)                                                        \
  INSTANTIATE_TEST_SUITE_P(name, FoldBackendContract, testing::Values(tested));                    \
  INSTANTIATE_TEST_SUITE_P(                                                                        \
      name, FoldBackendSamples,                                                                    \
      testing::Combine(testing::Values(tested),                                                    \
                       testing::Values(Resampling::nearest, Resampling::bilinear,                  \
                                       Resampling::cubic, Resampling::average, Resampling::mode)), \
      method_name)

}  // namespace cubemill::testing_pass
