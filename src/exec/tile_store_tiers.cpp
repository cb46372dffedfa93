// How sums go from tier to tier. The tile is claimed by the caller.
#include <algorithm>
#include <filesystem>
#include <utility>

#include "cubemill/base/error.hpp"
#include "exec/tile_store.hpp"

namespace cubemill {

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

}  // namespace cubemill
