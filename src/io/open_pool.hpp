// Bounds how many things (files, datasets) of one kind are open at a time: the one used longest ago
// is closed first. An owner asks for its slot at each use and opens what it needs when the slot is
// empty. A slot in use survives its eviction until its user lets go, so a few more than `limit` may
// be open for a moment. Thread-safe.
#pragma once
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace cubemill {

template <class Handle>
class OpenPool {
 public:
  struct Slot {
    std::mutex mutex;                ///< guards `handle` while it is being opened
    std::unique_ptr<Handle> handle;  ///< empty until its owner opens it
  };

  explicit OpenPool(std::size_t limit) : limit_(limit) {}

  /// Gives the slot of `owner`, as the most recently used one.
  std::shared_ptr<Slot> slot(const void* owner) {
    std::shared_ptr<Slot> evicted;  // closed after the lock is released
    const std::lock_guard lock(mutex_);
    if (const auto found = places_.find(owner); found != places_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second);
      return recent_.front().second;
    }
    if (recent_.size() >= limit_) {
      evicted = std::move(recent_.back().second);
      places_.erase(recent_.back().first);
      recent_.pop_back();
    }
    recent_.emplace_front(owner, std::make_shared<Slot>());
    places_[owner] = recent_.begin();
    return recent_.front().second;
  }

  /// Drops the slot of `owner`; owners call it when they end.
  void forget(const void* owner) {
    std::shared_ptr<Slot> dropped;
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(owner);
    if (found == places_.end()) return;
    dropped = std::move(found->second->second);
    recent_.erase(found->second);
    places_.erase(found);
  }

 private:
  using Recent = std::list<std::pair<const void*, std::shared_ptr<Slot>>>;

  std::size_t limit_;
  std::mutex mutex_;
  Recent recent_;  // most recently used first
  std::unordered_map<const void*, typename Recent::iterator> places_;
};

}  // namespace cubemill
