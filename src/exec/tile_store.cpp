#include "exec/tile_store.hpp"

#include <algorithm>
#include <filesystem>
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

std::size_t TileStore::resume(const RunState& state) {
  finished_ = state.finished;
  values_beyond_ = state.values_beyond;
  for (const std::uint32_t tile : finished_) entries_[tile].folded.first = chunks_of(tile);
  if (state.spill_path.empty()) return 0;
  std::vector<SpillFile::Slot> used;
  for (const SavedSums& saved : state.sums) used.push_back(saved.slot);
  try {
    file_ = std::make_unique<SpillFile>(file_options(), state.spill_path, used);
  } catch (const IoError&) {
    return used.size();
  }
  std::size_t damaged = 0;
  for (const SavedSums& saved : state.sums) {
    if (!whole(saved.slot)) {
      file_->free(saved.slot);
      ++damaged;
      continue;
    }
    if (options_.checkpoints) name(saved.slot);
    Entry& e = entries_[saved.tile];
    e.slot = saved.slot, e.apart = true;
    e.folded = e.in_slot = saved.chunks;
  }
  return damaged;
}

bool TileStore::whole(const SpillFile::Slot& slot) const {
  try {
    file_->read(slot, [](std::size_t, std::size_t, std::span<const std::byte>) {});
    return true;
  } catch (const IoError&) {
    return false;
  }
}

bool TileStore::folded(std::uint32_t chunk) const {
  return entries_[plan_.chunks[chunk].tile].folded.has(place(chunk));
}

bool TileStore::complete(std::uint32_t tile) const {
  return entries_[tile].folded.first == chunks_of(tile);
}

std::vector<std::uint32_t> TileStore::unfinished_complete_tiles() const {
  std::vector<std::uint32_t> tiles;
  for (std::uint32_t t = 0; t < entries_.size(); ++t)
    if (entries_[t].slot && complete(t)) tiles.push_back(t);
  return tiles;
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

// ---- from tier to tier; the tile is claimed

void TileStore::leave_backend(std::uint32_t tile) {
  Entry& e = entries_[tile];
  if (backend_.on_host(*e.state)) return leave_host(tile);
  const TraceSpan span(trace_, "leave device", "tile", tile);
  if (!e.partial) e.partial = host_sums();
  backend_.download(*e.state, *e.partial);
  drop_state(e);
  const std::lock_guard lock(mutex_);
  moved_to_host_ += tile_sums_bytes(spec_.kinds, spec_.tile_edge);
}

void TileStore::leave_host(std::uint32_t tile) {
  Entry& e = entries_[tile];
  const TraceSpan span(trace_, "spill", "tile", tile);
  if (e.changed) write(tile, gather(tile), true);
  e.apart = e.slot.has_value();
  drop_memory(e);
}

// All sums of the tile in one place in memory.
TileSums& TileStore::gather(std::uint32_t tile) {
  Entry& e = entries_[tile];
  if (e.spoilt) std::rethrow_exception(e.spoilt);
  TileSums* sums = e.state ? backend_.on_host(*e.state) : nullptr;
  if (!sums) {
    if (!e.partial) e.partial = host_sums();
    if (e.state) {
      backend_.download(*e.state, *e.partial);
      drop_state(e);
    }
    sums = e.partial.get();
  }
  if (e.apart) add_slot(tile, *sums);
  return *sums;
}

void TileStore::add_slot(std::uint32_t tile, TileSums& into) {
  Entry& e = entries_[tile];
  const TraceSpan span(trace_, "read back", "tile", tile);
  try {
    file().read(*e.slot, [&](std::size_t index, std::size_t at, std::span<const std::byte> bytes) {
      into.merge(index, at, bytes);
    });
  } catch (...) {  // a save that fails ends no run, but what was added cannot be taken away again
    e.spoilt = std::current_exception();
    throw;
  }
  e.apart = false;
  if (options_.checkpoints) return;
  const std::lock_guard lock(mutex_);
  retire(e.slot);
}

void TileStore::write(std::uint32_t tile, const TileSums& sums, bool apart) {
  Entry& e = entries_[tile];
  const SpillFile::Slot slot = file().write(sums.bytes());
  const std::lock_guard lock(mutex_);
  retire(e.slot);
  e.slot = slot, e.in_slot = e.folded;
  e.changed = false, e.apart = apart;
}

// Under the lock. A checkpoint that names the slot may be the last one for a while.
void TileStore::retire(std::optional<SpillFile::Slot>& slot) {
  if (!slot) return;
  if (slot->number < named_.size() && named_[slot->number])
    retired_.push_back(*slot);
  else
    file_->free(*slot);
  slot.reset();
}

void TileStore::name(const SpillFile::Slot& slot) {
  if (slot.number >= named_.size()) named_.resize(slot.number + 1);
  named_[slot.number] = true;
}

void TileStore::drop_state(Entry& entry) {
  backend_.recycle(std::move(entry.state));
  --states_;
}

void TileStore::drop_memory(Entry& entry) {
  if (entry.state) drop_state(entry);
  if (!entry.partial) return;
  host_.give_back(std::move(entry.partial));
  --partials_;
}

SpillFile::Options TileStore::file_options() const {
  const std::string temporary = std::filesystem::temp_directory_path().string();
  SpillFile::Options options{
      options_.folder.empty() ? temporary : options_.folder, options_.owner, {}, options_.limit};
  for (const AccumulatorKind kind : spec_.kinds)
    options.parts.push_back({tile_sums_bytes({kind}, spec_.tile_edge), bytes_per_run(kind)});
  return options;
}

SpillFile& TileStore::file() {
  const std::lock_guard lock(mutex_);
  if (!file_) file_ = std::make_unique<SpillFile>(file_options());
  return *file_;
}

// ---- checkpoints

RunState TileStore::save() {
  for (std::uint32_t t = 0; t < entries_.size(); ++t) {
    Entry& e = entries_[t];
    {
      std::unique_lock lock(mutex_);
      while (e.claimed) wait_for_release(lock, releases_);
      if (!e.changed) continue;
      e.claimed = true;
    }
    const Claim claim{*this, t};
    const TraceSpan span(trace_, "save", "tile", t);
    write(t, gather(t), false);
  }
  RunState state;
  {
    const std::lock_guard lock(mutex_);
    state.finished = finished_;
    state.values_beyond = values_beyond_;
    for (std::uint32_t t = 0; t < entries_.size(); ++t)
      if (const Entry& e = entries_[t]; e.slot) {
        state.sums.push_back({t, *e.slot, e.in_slot});
        name(*e.slot);
      }
    leaving_.insert(leaving_.end(), retired_.begin(), retired_.end());
    retired_.clear();
    if (!file_) return state;
  }
  file_->store();
  state.spill_path = file_->path();
  return state;
}

void TileStore::kept() {
  const std::lock_guard lock(mutex_);
  if (file_) file_->keep(true);
  for (const SpillFile::Slot& slot : leaving_) {
    named_[slot.number] = false;
    file_->free(slot);
  }
  leaving_.clear();
}

std::uint64_t TileStore::values_beyond() const {
  const std::lock_guard lock(mutex_);
  return values_beyond_;
}

void TileStore::forget_disk() {
  const std::lock_guard lock(mutex_);
  if (file_) file_->keep(false);
}

SumsByTier TileStore::tiers() const {
  const std::uint64_t bytes = tile_sums_bytes(spec_.kinds, spec_.tile_edge);
  const std::lock_guard lock(mutex_);
  return {states_ * bytes, partials_ * bytes, file_ ? file_->bytes_in_use() : 0};
}

SpillTally TileStore::tally() const {
  const std::lock_guard lock(mutex_);
  SpillTally tally{0, 0, 0, moved_to_host_};
  if (file_)
    tally.bytes_written = file_->bytes_written(), tally.bytes_read = file_->bytes_read(),
    tally.peak_bytes = file_->peak_bytes();
  return tally;
}

}  // namespace cubemill
