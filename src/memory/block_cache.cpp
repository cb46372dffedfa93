#include "cubemill/memory/block_cache.hpp"

#include <algorithm>
#include <new>

namespace cubemill {
namespace {
constexpr std::align_val_t alignment{64};
}

BlockCache::~BlockCache() {
  for (auto& [block, entry] : entries_) ::operator delete(entry.data, alignment);
  for (auto& [bytes, buffers] : free_)
    for (std::byte* buffer : buffers) ::operator delete(buffer, alignment);
}

const std::byte* BlockCache::acquire(std::uint64_t block) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto [found, fresh] = entries_.try_emplace(block);
    if (fresh) return nullptr;
    if (found->second.state == Entry::State::ready) {
      ++found->second.pins;
      ++hits_;
      return found->second.data;
    }
    decoded_.wait(lock);
  }
}

void BlockCache::release(std::uint64_t block, NextUse next) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(block);
  --found->second.pins;
  set_next(block, found->second, next);
  if (found->second.next == never && found->second.pins == 0) drop(found);
}

std::byte* BlockCache::reserve(std::uint64_t block, std::size_t bytes, NextUse next) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(block);
  if (next == never || !make_room(bytes, next)) return nullptr;
  Entry& entry = found->second;
  entry.bytes = bytes;
  entry.data = take(bytes);
  entry.next = next;
  return entry.data;
}

void BlockCache::publish(std::uint64_t block) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_.find(block)->second;
  entry.state = Entry::State::ready;
  entry.pins = 1;
  order_.insert({entry.next, block});
  decoded_.notify_all();
}

void BlockCache::abandon(std::uint64_t block) {
  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(block); found != entries_.end()) {
    if (found->second.data) free_[found->second.bytes].push_back(found->second.data);
    entries_.erase(found);
  }
  decoded_.notify_all();
}

bool BlockCache::holds(std::uint64_t block) const {
  const std::lock_guard lock(mutex_);
  return entries_.contains(block);
}

void BlockCache::skip(std::uint64_t block, NextUse next) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(block);
  if (found == entries_.end() || found->second.state != Entry::State::ready) return;
  set_next(block, found->second, next);
  if (found->second.next == never && found->second.pins == 0) drop(found);
}

void BlockCache::passed(NextUse oldest) {
  const std::lock_guard lock(mutex_);
  for (auto first = order_.begin(); first != order_.end() && first->first < oldest;) {
    const auto entry = entries_.find(first->second);
    ++first;
    if (entry->second.pins == 0) drop(entry);
  }
}

std::size_t BlockCache::peak_bytes() const {
  const std::lock_guard lock(mutex_);
  return peak_;
}
std::uint64_t BlockCache::hits() const {
  const std::lock_guard lock(mutex_);
  return hits_;
}

// Drops blocks that are needed later than `next`, the last one first, until `bytes` fit.
bool BlockCache::make_room(std::size_t bytes, NextUse next) {
  if (bytes > budget_) return false;
  const auto reusable = free_.find(bytes);
  if (reusable != free_.end() && !reusable->second.empty()) return true;
  while (bytes_ + bytes > budget_) {
    bool freed = false;
    // Buffers of another size that lie idle go before any block does.
    for (auto& [size, buffers] : free_)
      if (size != bytes && !buffers.empty()) {
        ::operator delete(buffers.back(), alignment);
        buffers.pop_back();
        bytes_ -= size;
        freed = true;
        break;
      }
    if (freed) continue;
    auto last = order_.rbegin();
    while (last != order_.rend() && entries_.find(last->second)->second.pins > 0) ++last;
    if (last == order_.rend() || last->first <= next) return false;
    const auto entry = entries_.find(last->second);
    const bool same_size = entry->second.bytes == bytes;
    drop(entry);
    if (same_size) return true;
  }
  return true;
}

// Chunks may finish out of order: the latest next use is the true one, an earlier one has passed.
void BlockCache::set_next(std::uint64_t block, Entry& entry, NextUse next) {
  order_.erase({entry.next, block});
  entry.next = std::max(entry.next, next);
  order_.insert({entry.next, block});
}

void BlockCache::drop(Entries::iterator entry) {
  order_.erase({entry->second.next, entry->first});
  free_[entry->second.bytes].push_back(entry->second.data);
  entries_.erase(entry);
}

std::byte* BlockCache::take(std::size_t bytes) {
  std::vector<std::byte*>& buffers = free_[bytes];
  if (!buffers.empty()) {
    std::byte* const buffer = buffers.back();
    buffers.pop_back();
    return buffer;
  }
  bytes_ += bytes;
  peak_ = std::max(peak_, bytes_);
  return static_cast<std::byte*>(::operator new(bytes, alignment));
}

}  // namespace cubemill
