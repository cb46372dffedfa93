// Small tiles with chunks to fold into them and what they come to, a backend whose sums are not on
// the host, and runs that drive a TileStore as the engine does: a chunk at a time, or on threads.
#pragma once
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "cubemill/base/error.hpp"
#include "exec/tile_store.hpp"
#include "unit/backend/observation.hpp"
#include "unit/backend/sums_fixture.hpp"
#include "unit/io/spill_fixture.hpp"

namespace cubemill::testing_store {

using testing_pass::Finished;
using testing_pass::Look;
using testing_pass::Observation;
using Kinds = std::vector<AccumulatorKind>;
using Chunks = std::vector<std::uint32_t>;
constexpr auto packed = AccumulatorKind::packed, wide = AccumulatorKind::wide;

/// Means and counts of every index, by tile.
using Results = std::map<std::uint32_t, std::vector<Finished>>;

/// A device in the memory of the host: sums that it does not show, for so many tiles; a fold needs
/// memory that is there only while no more than `room` states are.
class FarBackend final : public FoldBackend {
 public:
  FarBackend(FoldSpec spec, std::size_t states, std::size_t room = SIZE_MAX)
      : spec_(std::move(spec)), capacity_(states), room_(room) {}

  StagingMemory& staging_memory() override { return heap_memory(); }
  std::unique_ptr<TileState> make_state() override {
    const std::lock_guard lock(mutex_);
    if (out_ == capacity_) return {};
    ++out_;
    return std::make_unique<State>(spec_);
  }
  void fold(StagedChunk& chunk, TileState& state, std::int64_t x, std::int64_t y) override {
    if (before_fold) before_fold();
    {
      const std::lock_guard lock(mutex_);
      if (out_ > room_) throw OutOfMemory("the device is full", 0);
    }
    fold_chunk(chunk.fold, spec_.indices, sums(state).views(x, y), pass_kernels());
    chunk.slab.give_back();
  }
  TileSums* on_host(TileState&) override { return nullptr; }
  void download(TileState& state, TileSums& into) override { into.merge(sums(state)); }
  void merge(TileState& state, const TileSums& more) override { sums(state).merge(more); }
  std::uint64_t finish(TileState& state, std::size_t index, std::vector<float>& means,
                       std::vector<std::uint32_t>& counts) override {
    return sums(state).finish(index, pass_kernels(), means, counts);
  }
  void recycle(std::unique_ptr<TileState> state) override {
    state.reset();
    const std::lock_guard lock(mutex_);
    --out_;
  }

  std::function<void()> before_fold;

 private:
  struct State : TileState {
    explicit State(const FoldSpec& spec) : sums(spec.kinds, spec.tile_edge) {}
    TileSums sums;
  };
  static TileSums& sums(TileState& state) { return static_cast<State&>(state).sums; }

  const FoldSpec spec_;
  const std::size_t capacity_, room_;
  std::mutex mutex_;
  std::size_t out_ = 0;
};

/// Tiles in a row, and chunks in the order of work, given by their tiles. Every second chunk is
/// only a part of its tile; values reach beyond what wide sums hold.
class Work {
 public:
  explicit Work(const Chunks& tiles, const Kinds& kinds = {packed, wide})
      : spec{{{0, {0, 1}}, {1, {2}}}, kinds, Observation::edge} {
    constexpr std::int64_t edge = Observation::edge;
    for (std::uint32_t t = 0; t <= *std::max_element(tiles.begin(), tiles.end()); ++t)
      plan.tiles.push_back({0, {std::int64_t(t) * edge, 0, edge, edge}, 0});
    for (const std::uint32_t tile : tiles) {
      const std::int64_t part = plan.chunks.size() % 2 ? 32 : 0;
      plan.chunks.push_back(
          {tile, 0, {plan.tiles[tile].window.x + part, part, edge - part, edge - part}, 0, 0});
      ++plan.tiles[tile].chunks;
    }
    std::uint64_t seed = 0;
    for (const double scale : {2.75e-5, 0.01, 1.0, 1e12})
      seen_.emplace_back(Look{Resampling::nearest, Storage::f64, true, false, scale, 1}, ++seed);
    fold_all();
  }

  std::uint32_t chunks() const { return std::uint32_t(plan.chunks.size()); }
  std::uint64_t bytes_of_a_tile() const { return tile_sums_bytes(spec.kinds, spec.tile_edge); }

  StagedChunk stage(std::uint32_t chunk, Slab slab) {
    const Chunk& c = plan.chunks[chunk];
    PixelWindow window = c.window;
    window.x -= plan.tiles[c.tile].window.x;
    const std::lock_guard lock(mutex_);
    return seen_[(chunk + c.tile) % seen_.size()].stage(std::move(slab), window);
  }

  Plan plan;
  const FoldSpec spec;
  Results expected;
  std::uint64_t expected_beyond = 0;

 private:
  void fold_all() {
    SlabPool pool(Observation::slab_bytes, 1, [] {});
    std::deque<TileSums> sums;
    for (std::size_t t = 0; t < plan.tiles.size(); ++t)
      sums.emplace_back(spec.kinds, spec.tile_edge);
    for (std::uint32_t c = 0; c < chunks(); ++c) {
      const Chunk& chunk = plan.chunks[c];
      const StagedChunk staged = stage(c, pool.try_acquire());
      fold_chunk(
          staged.fold, spec.indices,
          sums[chunk.tile].views(chunk.window.x - plan.tiles[chunk.tile].window.x, chunk.window.y),
          pass_kernels());
    }
    for (std::uint32_t t = 0; t < sums.size(); ++t)
      for (std::size_t i = 0; i < spec.kinds.size(); ++i) {
        Finished& f = expected[t].emplace_back();
        expected_beyond += sums[t].finish(i, pass_kernels(), f.means, f.counts);
      }
  }

  std::mutex mutex_;  // guards the observations
  std::deque<Observation> seen_;
};

/// Where sums are kept: with a backend for `states` tiles, and on the host for `host` tiles.
struct Tiers {
  std::size_t states = 1;
  bool far = false;  ///< the backend's sums are not the host's
  std::size_t host = 8;
  std::size_t room = SIZE_MAX;  ///< of a far backend, for folds
};

/// A TileStore at work, and what it finished.
class StoreRun {
 public:
  StoreRun(Work& work, const Tiers& tiers, SpillOptions spill)
      : work_(work),
        backend_(tiers.far ? std::unique_ptr<FoldBackend>(
                                 std::make_unique<FarBackend>(work.spec, tiers.states, tiers.room))
                           : make_cpu_backend(work.spec, tiers.states)),
        slabs_(Observation::slab_bytes, 8, [] {}) {
    work.plan.memory.tile_states = tiers.host;
    store_.emplace(
        work.plan, work.spec, *backend_, std::move(spill), [this] { wake(); }, nullptr);
  }

  TileStore& store() { return *store_; }
  FarBackend& far_backend() { return dynamic_cast<FarBackend&>(*backend_); }
  Results results() const {
    const std::lock_guard lock(mutex_);
    return results_;
  }

  /// Folds a chunk, and finishes its tile when it was the last one.
  void fold(std::uint32_t chunk) {
    if (!store().try_claim(tile_of(chunk))) throw std::logic_error("a tile was not released");
    fold_claimed(chunk);
  }
  /// Folds on threads, whatever they get, and no chunk twice.
  void fold_on(int threads, Chunks chunks) {
    std::erase_if(chunks, [&](std::uint32_t c) { return store().folded(c); });
    left_ = std::move(chunks);
    std::vector<std::jthread> running;
    for (int i = 0; i < threads; ++i)
      running.emplace_back([this] {
        while (const auto chunk = take()) fold_claimed(*chunk);
      });
  }
  void finish(std::uint32_t tile) {
    store().finish(tile, [&](std::size_t, const auto& means, const auto& counts) {
      const std::lock_guard lock(mutex_);
      results_[tile].push_back({means, counts, 0});
    });
  }
  /// Folds without finishing, as a process does that is killed in between.
  void fold_only(std::uint32_t chunk) {
    StagedChunk staged = work_.stage(chunk, slabs_.try_acquire());
    store().fold(chunk, staged);
  }
  std::uint32_t tile_of(std::uint32_t chunk) const { return work_.plan.chunks[chunk].tile; }

  std::function<void()> after_release;

 private:
  struct Release {
    TileStore& store;
    std::uint32_t tile;
    ~Release() { store.release(tile); }
  };

  void fold_claimed(std::uint32_t chunk) {
    const Release release{store(), tile_of(chunk)};
    fold_only(chunk);
    if (store().complete(tile_of(chunk))) finish(tile_of(chunk));
  }
  std::optional<std::uint32_t> take() {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (left_.empty()) return {};
      const auto chunk = std::find_if(left_.begin(), left_.end(), [&](std::uint32_t c) {
        return store().try_claim(tile_of(c));
      });
      if (chunk != left_.end()) {
        const std::uint32_t taken = *chunk;
        left_.erase(chunk);
        return taken;
      }
      changed_.wait(lock);
    }
  }
  void wake() {
    { const std::lock_guard lock(mutex_); }
    changed_.notify_all();
    if (after_release) after_release();
  }

  Work& work_;
  const std::unique_ptr<FoldBackend> backend_;
  SlabPool slabs_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Chunks left_;
  Results results_;
  std::optional<TileStore> store_;
};

/// Folders for spill files and their owner.
class TileStoreIn : public spill_test::SpillIn {
 protected:
  SpillOptions spill(bool checkpoints = false, std::uint64_t limit = 0) const {
    return {folder(), path("owner"), limit, checkpoints};
  }
};

inline void expect_equal(const Results& got, const Results& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (const auto& [tile, indices] : expected) {
    SCOPED_TRACE(testing::Message() << "tile " << tile);
    ASSERT_TRUE(got.contains(tile));
    for (std::size_t i = 0; i < indices.size(); ++i)
      testing_pass::expect_equal(got.at(tile).at(i), indices[i]);
  }
}

/// `times` chunks of each tile: 0 1 2 0 1 2 …
inline Chunks scene_after_scene(std::uint32_t tiles, std::uint32_t times) {
  Chunks order;
  for (std::uint32_t i = 0; i < tiles * times; ++i) order.push_back(i % tiles);
  return order;
}

inline Chunks shuffled(Chunks order, unsigned seed) {
  std::shuffle(order.begin(), order.end(), std::mt19937(seed));
  return order;
}

/// All chunks, in an order of their own.
inline Chunks any_order(const Work& work, unsigned seed) {
  Chunks order(work.chunks());
  for (std::uint32_t c = 0; c < order.size(); ++c) order[c] = c;
  return shuffled(order, seed);
}

}  // namespace cubemill::testing_store
