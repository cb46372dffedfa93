#include "exec/tile_store.hpp"

#include <algorithm>
#include <utility>

#include "cubemill/base/error.hpp"

namespace cubemill {

TileStore::TileStore(const Plan& plan, FoldSpec spec, FoldBackend& backend, SpillOptions spill,
                     std::function<void()> released, Trace* trace)
    : plan_(plan),
      spec_(std::move(spec)),
      backend_(backend),
      options_(std::move(spill)),
      released_(std::move(released)),
      trace_(trace),
      first_(plan.tiles.size() + 1),
      chunks_(plan.chunks.size()),
      host_(spec_.kinds, spec_.tile_edge, plan.memory.tile_states),
      entries_(plan.tiles.size()) {
  for (const Chunk& chunk : plan.chunks) ++first_[chunk.tile + 1];
  for (std::size_t t = 0; t < plan.tiles.size(); ++t) first_[t + 1] += first_[t];
  std::vector<std::uint32_t> next(first_.begin(), first_.end() - 1);
  for (std::uint32_t c = 0; c < plan.chunks.size(); ++c) chunks_[next[plan.chunks[c].tile]++] = c;
}

TileStore::~TileStore() = default;

std::uint32_t TileStore::place(std::uint32_t chunk) const {
  const std::uint32_t tile = plan_.chunks[chunk].tile;
  const auto begin = chunks_.begin() + first_[tile];
  return std::uint32_t(std::lower_bound(begin, chunks_.begin() + first_[tile + 1], chunk) - begin);
}

bool TileStore::folded(std::uint32_t chunk) const {
  return entries_[plan_.chunks[chunk].tile].folded.has(place(chunk));
}

bool TileStore::complete(std::uint32_t tile) const {
  return entries_[tile].folded.first == chunks_of(tile);
}

bool TileStore::try_claim(std::uint32_t tile) {
  const std::lock_guard lock(mutex_);
  return !std::exchange(entries_[tile].claimed, true);
}

void TileStore::release(std::uint32_t tile) {
  {
    const std::lock_guard lock(mutex_);
    entries_[tile].claimed = false;
  }
  count_release();
  released_();
}

void TileStore::fold(std::uint32_t chunk, StagedChunk& staged) {
  const Chunk& c = plan_.chunks[chunk];
  const PixelWindow& tile = plan_.tiles[c.tile].window;
  if (entries_[c.tile].spoilt) std::rethrow_exception(entries_[c.tile].spoilt);
  std::unique_lock turn(short_of_room_, std::defer_lock);
  for (;;) {
    TileState& into = state(c.tile);
    const std::uint64_t seen = releases();
    const States before = states();
    try {
      backend_.fold(staged, into, c.window.x - tile.x, c.window.y - tile.y);
      break;
    } catch (const OutOfMemory&) {
      if (before.now == 1 && before.made == states().made) throw;  // it was alone
    }
    if (before.now > 1) need_room_to_fold(c.tile, seen, turn);
  }
  Entry& e = entries_[c.tile];
  e.folded.add(place(chunk));
  e.changed = true;
}

void TileStore::finish(std::uint32_t tile, const Put& put) {
  Entry& e = entries_[tile];
  if (e.spoilt) std::rethrow_exception(e.spoilt);
  TileState& all = state(tile);
  if (TileSums* const sums = backend_.on_host(all)) {
    if (e.apart) add_slot(tile, *sums);
  } else if (e.partial || e.apart) {
    if (!e.partial) e.partial = host_sums();
    if (e.apart) add_slot(tile, *e.partial);
    backend_.merge(all, *e.partial);
  }
  thread_local std::vector<float> means;
  thread_local std::vector<std::uint32_t> counts;
  std::uint64_t beyond = 0;
  for (std::size_t i = 0; i < spec_.kinds.size(); ++i) {
    beyond += backend_.finish(all, i, means, counts);
    put(i, means, counts);
  }
  drop_memory(e);
  const std::lock_guard lock(mutex_);
  retire(e.slot);
  e.changed = e.apart = false;
  finished_.push_back(tile);
  values_beyond_ += beyond;
}

// ---- making room

TileState& TileStore::state(std::uint32_t tile) {
  Entry& e = entries_[tile];
  while (!e.state) {
    const std::uint64_t seen = releases();
    make_state(e);
    if (!e.state)
      make_room(
          seen, [](const Entry& other) { return other.state != nullptr; },
          &TileStore::leave_backend);
  }
  return *e.state;
}

void TileStore::make_state(Entry& entry) {
  const std::lock_guard lock(making_);
  entry.state = backend_.make_state();
  if (entry.state) ++states_, ++states_made_;
}

TileStore::States TileStore::states() const {
  const std::lock_guard lock(making_);
  return {states_, states_made_};
}

// Threads that are short of room would wait for each other's states for ever: one of them keeps its
// own, the others give theirs away until it has folded.
void TileStore::need_room_to_fold(std::uint32_t tile, std::uint64_t seen,
                                  std::unique_lock<std::mutex>& turn) {
  if (turn || turn.try_lock())
    return make_room(
        seen, [](const Entry& e) { return e.state != nullptr; }, &TileStore::leave_backend);
  leave_backend(tile);
  count_release();
  turn.lock();
}

std::unique_ptr<TileSums> TileStore::host_sums() {
  for (;;) {
    const std::uint64_t seen = releases();
    if (auto sums = host_.take()) {
      ++partials_;
      return sums;
    }
    make_room(
        seen, [](const Entry& e) { return e.partial != nullptr; }, &TileStore::leave_host);
  }
}

// Moves one tile out, or waits until something changed since `seen`; the caller looks again.
void TileStore::make_room(std::uint64_t seen, Has has, Move move) {
  std::unique_lock lock(mutex_);
  const std::optional<std::uint32_t> tile = needed_last(has);
  if (!tile) return wait_for_release(lock, seen);
  entries_[*tile].claimed = true;
  lock.unlock();
  const Claim claim{*this, *tile};
  (this->*move)(*tile);
}

std::optional<std::uint32_t> TileStore::needed_last(Has has) const {
  std::optional<std::uint32_t> last;
  std::uint32_t last_need = 0;
  for (std::uint32_t t = 0; t < entries_.size(); ++t) {
    const Entry& e = entries_[t];
    if (e.claimed || !has(e)) continue;
    const std::uint32_t need = chunks_[first_[t] + e.folded.first];
    if (!last || need > last_need) last = t, last_need = need;
  }
  return last;
}

void TileStore::wait_for_release(std::unique_lock<std::mutex>& lock, std::uint64_t seen) {
  changed_.wait(lock, [&] { return stopped_ || releases_ != seen; });
  if (stopped_) throw Stopped();
}

std::uint64_t TileStore::releases() const {
  const std::lock_guard lock(mutex_);
  return releases_;
}

void TileStore::count_release() {
  {
    const std::lock_guard lock(mutex_);
    ++releases_;
  }
  changed_.notify_all();
}

void TileStore::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
}

}  // namespace cubemill
