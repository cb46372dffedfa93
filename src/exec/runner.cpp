#include "exec/runner.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <memory>
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

bool any_supplied(const SceneBands& bands) {
  for (const auto& scene : bands)
    for (const auto& band : scene)
      if (BlockSupply::serves(*band)) return true;
  return false;
}

/// Lattices whose tables are kept for a slab: all, for they are few; but where overviews are read,
/// which may have one a scene, as many as a chunk needs.
std::size_t lattices_at_once(const Plan& plan) {
  if (std::none_of(plan.lattices.begin(), plan.lattices.end(),
                   [](const auto& lattice) { return lattice->scaled_from(); }))
    return plan.lattices.size();
  std::size_t most = 1;
  for (const Chunk& chunk : plan.chunks) {
    std::set<std::size_t> lattices;
    for (std::uint32_t c = 0; c < chunk.scenes; ++c)
      for (const PlannedInput& in :
           plan.scenes[plan.chunk_scenes[chunk.first_scene + c].scene].inputs)
        lattices.insert(in.lattice);
    most = std::max(most, lattices.size());
  }
  return most;
}

class Runner {
 public:
  Runner(const Plan& plan, const Survey& survey, const SceneBands& bands, const RunOptions& options,
         TileSink& sink)
      : plan_(plan),
        options_(options),
        sink_(sink),
        backend_(options.make_backend
                     ? options.make_backend(fold_spec(survey, plan), plan.memory)
                     : make_cpu_backend(fold_spec(survey, plan), plan.memory.tile_states)),
        flags_(survey.qa),
        numbers_(bands),
        cache_(plan.memory.cache),
        coordinates_(plan, needs_boxes(survey), lattices_at_once(plan) * (plan.memory.slabs + 1)),
        left_out_(plan.scenes.size()),
        ranges_(options.ranges ? *options.ranges : net_),
        supply_(any_supplied(bands)
                    ? std::make_unique<BlockSupply>(
                          ranges_, BlockSupply::Limits{plan.memory.fetched, {}},
                          [this](std::uint64_t b) { return cache_.holds(b); }, [this] { wake(); })
                    : nullptr),
        sources_{plan,   survey,        bands,     numbers_, flags_,
                 cache_, supply_.get(), left_out_, oldest_,  options.trace},
        store_(
            plan, fold_spec(survey, plan), *backend_, options.spill, [this] { wake(); },
            options.trace),
        slabs_(
            plan.memory.slab_bytes, plan.memory.slabs, [this] { wake(); },
            backend_->staging_memory()),
        queue_(plan, folded_before_, supply_.get(), &ranges_) {
    if (options.resume.finished.empty() && options.resume.sums.empty()) return;
    tally_.tiles_damaged = store_.resume(options.resume);
    for (std::uint32_t c = 0; c < plan.chunks.size(); ++c) {
      folded_before_.push_back(store_.folded(c));
      done_ += folded_before_.back();
    }
    tally_.chunks_resumed = done_at_checkpoint_ = done_;
  }

  ~Runner() { backend_->release_slabs(); }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  RunTally run() {
    for (const Tile& tile : plan_.tiles)
      if (tile.chunks == 0) sink_.put_empty(tile);
    finish_complete_tiles();
    queue_.begin();
    {
      std::vector<std::jthread> workers;
      for (int i = 1; i < plan_.memory.threads; ++i) workers.emplace_back([this] { work(); });
      work();
    }
    if (failure_) std::rethrow_exception(failure_);
    end_checkpoints();
    tally_.cache_hits = cache_.hits();
    tally_.cache_peak_bytes = cache_.peak_bytes();
    tally_.spill = store_.tally();
    if (supply_) tally_.supply = supply_->tally();
    tally_.slabs = slabs_.count();
    tally_.values_beyond = store_.values_beyond();
    return std::move(tally_);
  }

 private:
  using Clock = std::chrono::steady_clock;

  // An earlier process may have ended between the last fold of a tile and its finish.
  void finish_complete_tiles() {
    for (const std::uint32_t tile : store_.unfinished_complete_tiles()) finish(tile);
  }

  void wake() {
    { const std::lock_guard lock(mutex_); }
    changed_.notify_all();
  }

  void work() {
    try {
      ChunkReader reader(sources_, coordinates_, pass_kernels(), options_.fuse_pixels);
      while (step(reader)) {
      }
      const std::lock_guard lock(mutex_);
      tally_.read.add(reader.tally());
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
      stop_ = true;
      changed_.notify_all();
      store_.stop();
    }
  }

  // Does one piece of work; false when there is none left.
  bool step(ChunkReader& reader) {
    std::unique_lock lock(mutex_);
    for (;;) {
      const auto asks_again = ask_for_blocks(lock);
      if (stop_ || done_ == plan_.chunks.size()) return false;
      if (checkpoint_is_due()) {
        checkpointing_ = true;
        done_at_checkpoint_ = done_;
        lock.unlock();
        checkpoint();
        return true;
      }
      if (const auto ready = foldable(); ready != ready_.end()) {
        ReadyChunk chunk = std::move(ready->second);
        ready_.erase(ready);
        lock.unlock();
        fold(std::move(chunk));
        return true;
      }
      if (auto task = queue_.take(slabs_)) {
        lock.unlock();
        read(reader, std::move(*task));
        return true;
      }
      if (asks_again)
        changed_.wait_until(lock, *asks_again);
      else
        changed_.wait(lock);
    }
  }

  // Not under the lock: an answer may come at once. Returns when to do so again at the latest, if
  // nothing comes.
  std::optional<Clock::time_point> ask_for_blocks(std::unique_lock<std::mutex>& lock) {
    if (!supply_) return {};
    const std::uint32_t oldest = queue_.oldest_filling();
    const auto again = queue_.waits_until();
    const std::optional<std::uint32_t> ahead = queue_.ahead();
    lock.unlock();
    supply_->ask(oldest, ahead);
    lock.lock();
    return again;
  }

  // A chunk whose tile is free, which is claimed then.
  std::map<std::uint32_t, ReadyChunk>::iterator foldable() {
    return std::find_if(ready_.begin(), ready_.end(), [&](const auto& r) {
      return store_.try_claim(plan_.chunks[r.first].tile);
    });
  }

  // All is with the sink: what earlier checkpoints need is not needed any more. (Where a scene is
  // left out what is with the sink is of no use.)
  void end_checkpoints() {
    if (!tally_.left_out.empty()) return;
    if (options_.checkpoint && tally_.may_be_resumed() &&
        !options_.checkpoint([this] { return save(); }))
      return;
    store_.forget_disk();
  }

  // Looked at after the sums are saved: what was folded without a scene that failed meanwhile is in
  // them.
  std::optional<RunState> save() {
    RunState state = store_.save();
    const std::lock_guard lock(mutex_);
    if (!tally_.left_out.empty()) return {};
    return state;
  }

  bool checkpoint_is_due() const {
    return options_.checkpoint && !checkpointing_ && tally_.left_out.empty() &&
           done_ > done_at_checkpoint_ &&
           Clock::now() - last_checkpoint_ >= options_.checkpoint_interval;
  }

  void checkpoint() {
    const TraceSpan span(options_.trace, "checkpoint", "number", tally_.checkpoints);
    const bool kept = options_.checkpoint([this] { return save(); });
    if (kept) store_.kept();
    const std::lock_guard lock(mutex_);
    tally_.checkpoints += kept;
    checkpointing_ = false;
    last_checkpoint_ = Clock::now();
  }

  void read(ChunkReader& reader, ReadTask task) {
    try {
      switch (task.kind) {
        case ReadTask::Kind::announce:
          return announce(reader, task);
        case ReadTask::Kind::screen:
          return screen(reader, task.chunk);
        case ReadTask::Kind::fill:
          return filled(reader.fill(*task.screened, std::move(task.slab)));
        case ReadTask::Kind::read:
          return filled(reader.read(task.chunk, std::move(task.slab)));
      }
    } catch (const SceneError& error) {
      if (!options_.skip_unreadable) throw;
      const std::lock_guard lock(mutex_);
      if (!left_out_[error.scene()].exchange(true))
        tally_.left_out.push_back(
            {error.scene(), error.asset(), error.href(), error.what(), error.failure()});
      queue_.failed(std::move(task));
      changed_.notify_all();
    }
  }

  void announce(const ChunkReader& reader, const ReadTask& task) {
    for (std::uint32_t c = task.chunk; c < task.end; ++c)
      if (c >= folded_before_.size() || !folded_before_[c])
        supply_->need(c, Stage::screening, reader.needed_flags(c));
    const std::lock_guard lock(mutex_);
    queue_.announced(task.end);
    changed_.notify_all();
  }

  void screen(ChunkReader& reader, std::uint32_t index) {
    ScreenedChunk chunk = reader.screen(index);
    supply_->done(index, Stage::screening);
    supply_->need(index, Stage::filling, reader.needed_blocks(chunk));
    const std::lock_guard lock(mutex_);
    queue_.screened(std::move(chunk));
    oldest_.screening = queue_.oldest_screening();
    changed_.notify_all();
  }

  void filled(ReadyChunk chunk) {
    const std::uint32_t index = chunk.chunk;
    if (supply_) supply_->done(index, Stage::filling);
    const std::lock_guard lock(mutex_);
    ready_.emplace(index, std::move(chunk));
    queue_.filled(index);
    oldest_.screening = queue_.oldest_screening();
    oldest_.filling = queue_.oldest_filling();
    cache_.passed(oldest_.filling);
    changed_.notify_all();
  }

  void fold(ReadyChunk ready) {
    const std::uint32_t tile = plan_.chunks[ready.chunk].tile;  // claimed
    std::uint64_t folding = 0;
    {
      const TraceSpan span(options_.trace, "fold", "chunk", ready.chunk);
      const std::uint64_t start = thread_nanoseconds();
      store_.fold(ready.chunk, ready.staged);
      folding = thread_nanoseconds() - start;
    }
    if (store_.complete(tile)) finish(tile);
    store_.release(tile);
    const std::lock_guard lock(mutex_);
    tally_.nanoseconds_folding += folding;
    ++done_;
    if (options_.progress) options_.progress(done_, tally_.chunks_resumed, store_.tiers());
    changed_.notify_all();
  }

  void finish(std::uint32_t number) {
    const Tile& tile = plan_.tiles[number];
    const TraceSpan span(options_.trace, "finish", "tile", number);
    const std::uint64_t start = thread_nanoseconds();
    std::uint64_t writing = 0;
    store_.finish(number, [&](std::size_t index, const std::vector<float>& means,
                              const std::vector<std::uint32_t>& counts) {
      const bool empty =
          std::all_of(counts.begin(), counts.end(), [](std::uint32_t c) { return c == 0; });
      const TraceSpan write(options_.trace, "write", "index", index);
      const std::uint64_t before = thread_nanoseconds();
      sink_.put(index, tile, means, counts, empty);
      writing += thread_nanoseconds() - before;
    });
    const std::lock_guard lock(mutex_);
    tally_.nanoseconds_finishing += thread_nanoseconds() - start - writing;
    tally_.nanoseconds_writing += writing;
  }

  const Plan& plan_;
  const RunOptions& options_;
  TileSink& sink_;
  const std::unique_ptr<FoldBackend> backend_;
  FlagEncoder flags_;
  const BlockNumbers numbers_;
  BlockCache cache_;
  CoordinateCache coordinates_;
  std::vector<std::atomic<bool>> left_out_;
  OldestChunks oldest_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::size_t done_ = 0;
  std::vector<bool> folded_before_;  // by chunk: by an earlier process; empty: none
  bool checkpointing_ = false;
  std::size_t done_at_checkpoint_ = 0;
  Clock::time_point last_checkpoint_ = Clock::now();
  RunTally tally_;
  std::exception_ptr failure_;
  bool stop_ = false;

  // After the lock that their callbacks take.
  NetSource net_;
  RangeSource& ranges_;
  std::unique_ptr<BlockSupply> supply_;  // none where all files are local
  Sources sources_;
  TileStore store_;
  SlabPool slabs_;
  ReadQueue queue_;
  std::map<std::uint32_t, ReadyChunk> ready_;  // holds slabs: goes before the pool
};

}  // namespace

RunTally run_plan(const Plan& plan, const Survey& survey, const SceneBands& bands,
                  const RunOptions& options, TileSink& sink) {
  return Runner(plan, survey, bands, options, sink).run();
}

}  // namespace cubemill
