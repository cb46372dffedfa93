#include "exec/coordinate_cache.hpp"

#include <algorithm>

namespace cubemill {

std::shared_ptr<const TileCoordinates> CoordinateCache::tables(std::size_t lattice,
                                                               const PixelWindow& window) {
  const Key key{lattice, window.x, window.y};
  Entry entry;
  {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::find_if(recent_.begin(), recent_.end(), [&](const Entry& e) { return e.key == key; });
    if (found != recent_.end())
      recent_.splice(recent_.begin(), recent_, found);
    else
      remember(key);
    entry = recent_.front();
  }
  // Outside the lock: others go on with their windows, and a second thread that wants this one
  // waits for it.
  std::call_once(*entry.made,
                 [&] { plan_.lattices[lattice]->fill(window, boxes_, *entry.tables); });
  return entry.tables;
}

void CoordinateCache::remember(const Key& key) {
  if (recent_.size() >= capacity_ && !recent_.empty()) recent_.pop_back();
  recent_.push_front({key, std::make_shared<std::once_flag>(), empty_tables()});
}

// Memory that comes from the system page by page costs as much as what is written there: that of
// tables that nobody needs any more is used again.
std::shared_ptr<TileCoordinates> CoordinateCache::empty_tables() {
  std::unique_ptr<TileCoordinates> tables = spare_->exchange({});
  if (!tables) tables = std::make_unique<TileCoordinates>();
  return {tables.release(), [spare = spare_](TileCoordinates* unused) {
            spare->exchange(std::unique_ptr<TileCoordinates>(unused));
          }};
}

}  // namespace cubemill
