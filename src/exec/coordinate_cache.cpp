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
    if (found != recent_.end()) {
      recent_.splice(recent_.begin(), recent_, found);
    } else {
      recent_.push_front(
          {key, std::make_shared<std::once_flag>(), std::make_shared<TileCoordinates>()});
      if (recent_.size() > capacity_) recent_.pop_back();
    }
    entry = recent_.front();
  }
  // Outside the lock: others go on with their windows, and a second thread that wants this one
  // waits for it.
  std::call_once(*entry.made,
                 [&] { *entry.tables = plan_.lattices[lattice]->tables(window, boxes_); });
  return entry.tables;
}

}  // namespace cubemill
