// What a later process needs of the sums, and how it takes them over.
#include <algorithm>
#include <utility>

#include "cubemill/base/error.hpp"
#include "exec/tile_store.hpp"

namespace cubemill {

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

std::vector<std::uint32_t> TileStore::unfinished_complete_tiles() const {
  std::vector<std::uint32_t> tiles;
  for (std::uint32_t t = 0; t < entries_.size(); ++t)
    if (entries_[t].slot && complete(t)) tiles.push_back(t);
  return tiles;
}

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
