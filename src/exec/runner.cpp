#include "exec/runner.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include "io/thread_clock.hpp"

namespace cubemill {
namespace {

FoldSpec fold_spec(const Survey& survey, const Plan& plan) {
  const std::size_t flags =
      survey.inputs.front().flags ? 1 : 0;  // slots count the inputs that are no flags
  FoldSpec spec{{}, plan.accumulators, tile_size};
  for (const IndexPlan& planned : survey.indices) {
    FoldIndex index{planned.index, {}};
    for (const std::size_t input : planned.inputs)
      index.slots.push_back(std::int32_t(input - flags));
    spec.indices.push_back(std::move(index));
  }
  return spec;
}

class Runner {
 public:
  Runner(const Plan& plan, const Survey& survey,
         const std::vector<std::vector<std::unique_ptr<RasterBand>>>& bands,
         const RunOptions& options, TileSink& sink)
      : plan_(plan),
        options_(options),
        sink_(sink),
        backend_(options.make_backend ? options.make_backend(fold_spec(survey, plan), plan.memory)
                                      : make_cpu_backend(fold_spec(survey, plan), plan.tiles.size())),
        flags_(survey.qa),
        cache_(plan.memory.cache),
        coordinates_(plan, needs_boxes(survey), plan.lattices.size() * (plan.memory.slabs + 1)),
        left_out_(plan.scenes.size()),
        sources_{plan,      survey,          bands,          flags_,
                 cache_,    coordinates_,    pass_kernels(), options.fuse_pixels,
                 left_out_, oldest_reading_, options.trace},
        tiles_(plan.tiles.size()),
        slabs_(
            plan.memory.slab_bytes, plan.memory.slabs, [this] { wake(); },
            backend_->staging_memory()) {
    for (std::size_t t = 0; t < plan.tiles.size(); ++t)
      tiles_[t].chunks_left = plan.tiles[t].chunks;
  }

  ~Runner() { backend_->release_slabs(); }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  RunTally run() {
    for (const Tile& tile : plan_.tiles)
      if (tile.chunks == 0) sink_.put_empty(tile);
    {
      std::vector<std::jthread> workers;
      for (int i = 1; i < plan_.memory.threads; ++i) workers.emplace_back([this] { work(); });
      work();
    }
    if (failure_) std::rethrow_exception(failure_);
    tally_.cache_hits = cache_.hits();
    tally_.cache_peak_bytes = cache_.peak_bytes();
    return std::move(tally_);
  }

 private:
  struct LiveTile {
    std::unique_ptr<TileState> state;
    std::uint32_t chunks_left = 0;
    bool busy = false;
  };

  void wake() {
    { const std::lock_guard lock(mutex_); }
    changed_.notify_all();
  }

  void work() {
    try {
      ChunkReader reader(sources_);
      while (step(reader)) {
      }
      const std::lock_guard lock(mutex_);
      tally_.read.add(reader.tally());
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
      stop_ = true;
      changed_.notify_all();
    }
  }

  // Does one piece of work; false when there is none left.
  bool step(ChunkReader& reader) {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (stop_ || done_ == plan_.chunks.size()) return false;
      if (const auto ready = foldable(); ready != ready_.end()) {
        ReadyChunk chunk = std::move(ready->second);
        ready_.erase(ready);
        tiles_[plan_.chunks[chunk.chunk].tile].busy = true;
        lock.unlock();
        fold(std::move(chunk));
        return true;
      }
      if (!again_.empty() || next_ < plan_.chunks.size()) {
        if (Slab slab = slabs_.try_acquire()) {
          std::uint32_t chunk = std::uint32_t(next_);
          if (!again_.empty()) {
            chunk = again_.back();
            again_.pop_back();
          } else {
            ++next_;
          }
          reading_.insert(chunk);
          lock.unlock();
          read(reader, chunk, std::move(slab));
          return true;
        }
      }
      changed_.wait(lock);
    }
  }

  std::map<std::uint32_t, ReadyChunk>::iterator foldable() {
    return std::find_if(ready_.begin(), ready_.end(),
                        [&](const auto& r) { return !tiles_[plan_.chunks[r.first].tile].busy; });
  }

  void read(ChunkReader& reader, std::uint32_t index, Slab slab) {
    try {
      ReadyChunk chunk = reader.read(index, std::move(slab));
      const std::lock_guard lock(mutex_);
      ready_.emplace(index, std::move(chunk));
      reading_.erase(index);
      oldest_reading_ = reading_.empty() ? std::uint32_t(next_) : *reading_.begin();
      cache_.passed(oldest_reading_);
      changed_.notify_all();
    } catch (const SceneError& error) {
      if (!options_.skip_unreadable) throw;
      const std::lock_guard lock(mutex_);
      if (!left_out_[error.scene()].exchange(true))
        tally_.left_out.push_back({error.scene(), error.asset(), error.href(), error.what()});
      again_.push_back(index);
      changed_.notify_all();
    }
  }

  void fold(ReadyChunk ready) {
    const Chunk& chunk = plan_.chunks[ready.chunk];
    LiveTile& live = tiles_[chunk.tile];  // this thread's while it is busy
    const Tile& tile = plan_.tiles[chunk.tile];
    std::uint64_t folding = 0;
    {
      const TraceSpan span(options_.trace, "fold", "chunk", ready.chunk);
      const std::uint64_t start = thread_nanoseconds();
      if (!live.state) live.state = backend_->make_state();
      backend_->fold(ready.staged, *live.state, chunk.window.x - tile.window.x,
                     chunk.window.y - tile.window.y);
      folding = thread_nanoseconds() - start;
    }
    std::unique_ptr<TileState> finished;
    {
      const std::lock_guard lock(mutex_);
      tally_.nanoseconds_folding += folding;
      live.busy = false;
      if (--live.chunks_left == 0) finished = std::move(live.state);
      changed_.notify_all();
    }
    if (finished) finish(tile, std::move(finished));
    const std::lock_guard lock(mutex_);
    ++done_;
    if (options_.progress) options_.progress(done_);
    changed_.notify_all();
  }

  void finish(const Tile& tile, std::unique_ptr<TileState> state) {
    thread_local std::vector<float> means;
    thread_local std::vector<std::uint32_t> counts;
    const TraceSpan span(options_.trace, "finish", "tile",
                         std::uint64_t(&tile - plan_.tiles.data()));
    std::uint64_t beyond = 0, finishing = 0, writing = 0;
    for (std::size_t i = 0; i < plan_.accumulators.size(); ++i) {
      const std::uint64_t start = thread_nanoseconds();
      beyond += backend_->finish(*state, i, means, counts);
      const bool empty =
          std::all_of(counts.begin(), counts.end(), [](std::uint32_t c) { return c == 0; });
      const std::uint64_t middle = thread_nanoseconds();
      {
        const TraceSpan write(options_.trace, "write", "index", i);
        sink_.put(i, tile, means, counts, empty);
      }
      finishing += middle - start, writing += thread_nanoseconds() - middle;
    }
    backend_->recycle(std::move(state));
    const std::lock_guard lock(mutex_);
    tally_.values_beyond += beyond;
    tally_.nanoseconds_finishing += finishing;
    tally_.nanoseconds_writing += writing;
  }

  const Plan& plan_;
  const RunOptions& options_;
  TileSink& sink_;
  const std::unique_ptr<FoldBackend> backend_;
  FlagEncoder flags_;
  BlockCache cache_;
  CoordinateCache coordinates_;
  std::vector<std::atomic<bool>> left_out_;
  std::atomic<std::uint32_t> oldest_reading_{0};
  Sources sources_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::size_t next_ = 0, done_ = 0;
  std::set<std::uint32_t> reading_;  // chunks being read, those to be read again among them
  std::vector<std::uint32_t>
      again_;  // chunks whose reading failed and is to be done without the scene
  std::vector<LiveTile> tiles_;
  RunTally tally_;
  std::exception_ptr failure_;
  bool stop_ = false;

  SlabPool slabs_;                             // after the lock that its callback takes
  std::map<std::uint32_t, ReadyChunk> ready_;  // holds slabs: goes before the pool
};

}  // namespace

RunTally run_plan(const Plan& plan, const Survey& survey,
                  const std::vector<std::vector<std::unique_ptr<RasterBand>>>& bands,
                  const RunOptions& options, TileSink& sink) {
  return Runner(plan, survey, bands, options, sink).run();
}

}  // namespace cubemill
