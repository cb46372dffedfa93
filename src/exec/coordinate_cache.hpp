// Segment tables of the windows that are being worked on, shared by the threads that read and fold
// them. Thread-safe.
#pragma once
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <utility>

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

  /// Tables that nobody needs any more.
  class Spare {
   public:
    std::unique_ptr<TileCoordinates> exchange(std::unique_ptr<TileCoordinates> tables) {
      const std::lock_guard lock(mutex_);
      return std::exchange(tables_, std::move(tables));
    }

   private:
    std::mutex mutex_;
    std::unique_ptr<TileCoordinates> tables_;
  };

  void remember(const Key& key);
  std::shared_ptr<TileCoordinates> empty_tables();

  const Plan& plan_;
  const bool boxes_;
  const std::size_t capacity_;
  const std::shared_ptr<Spare> spare_ = std::make_shared<Spare>();
  std::mutex mutex_;
  std::list<Entry> recent_;  // the latest first
};

}  // namespace cubemill
