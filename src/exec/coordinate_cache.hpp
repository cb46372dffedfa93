// Segment tables of the windows that are being worked on, shared by the threads that read and fold
// them. Thread-safe.
#pragma once
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include "cubemill/plan/plan.hpp"

namespace cubemill {

class CoordinateCache {
 public:
  /// Keeps the tables used last, `capacity` of them; those in use live on with their users.
  CoordinateCache(const Plan& plan, bool boxes, std::size_t capacity)
      : plan_(plan), boxes_(boxes), capacity_(capacity) {}

  std::shared_ptr<const TileCoordinates> tables(std::size_t lattice, const PixelWindow& window);

 private:
  using Key = std::tuple<std::size_t, std::int64_t, std::int64_t>;
  struct Entry {
    Key key;
    std::shared_ptr<std::once_flag> made;
    std::shared_ptr<TileCoordinates> tables;
  };

  const Plan& plan_;
  const bool boxes_;
  const std::size_t capacity_;
  std::mutex mutex_;
  std::list<Entry> recent_;  // the latest first
};

}  // namespace cubemill
