// Decoded source blocks that a later chunk needs, within a budget. The cache knows the plan: every
// block comes with the number of the chunk that needs it next, and the one that is needed last goes
// first. It also makes sure that a block which two threads want at once is decoded by one of them.
// Thread-safe; owns its blocks.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>
#include <unordered_map>
#include <vector>

namespace cubemill {

class BlockCache {
 public:
  /// The chunk that needs a block next; `never` when none does.
  using NextUse = std::uint32_t;
  static constexpr NextUse never = 0xFFFFFFFFu;

  explicit BlockCache(std::size_t budget) : budget_(budget) {}
  ~BlockCache();
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  /// Looks a block up. Returns its bytes, pinned until `release`; or null: then this thread is to
  /// decode it and must call `reserve` and `publish`, or `abandon`. Waits while another thread
  /// decodes it.
  const std::byte* acquire(std::uint64_t block);
  /// Unpins a block that `acquire` or `publish` gave; `next` is its next use after this one.
  void release(std::uint64_t block, NextUse next);
  /// Room for a block that this thread decodes: write it, then `publish`. Or null when blocks
  /// needed earlier fill the budget: then `abandon` it once it is decoded.
  std::byte* reserve(std::uint64_t block, std::size_t bytes, NextUse next);
  /// Makes a reserved block visible to others.
  void publish(std::uint64_t block);
  /// Gives up a block that `acquire` left to this thread, reserved or not.
  void abandon(std::uint64_t block);
  /// Whether a block is there, or being decoded.
  bool holds(std::uint64_t block) const;
  /// Notes that a chunk passed without reading a block: its next use is now `next`.
  void skip(std::uint64_t block, NextUse next);
  /// Notes that all chunks before `oldest` are done with reading: what waited for one of them is
  /// dropped.
  void passed(NextUse oldest);

  std::size_t peak_bytes() const;
  std::uint64_t hits() const;

 private:
  struct Entry {
    enum class State : std::uint8_t { decoding, ready } state = State::decoding;
    std::uint32_t pins = 0;
    NextUse next = never;
    std::size_t bytes = 0;
    std::byte* data = nullptr;
  };
  using Entries = std::unordered_map<std::uint64_t, Entry>;

  bool make_room(std::size_t bytes, NextUse next);
  void set_next(std::uint64_t block, Entry& entry, NextUse next);
  void drop(Entries::iterator entry);
  std::byte* take(std::size_t bytes);

  const std::size_t budget_;
  mutable std::mutex mutex_;
  std::condition_variable decoded_;
  Entries entries_;
  std::set<std::pair<NextUse, std::uint64_t>> order_;  // ready blocks by next use
  std::unordered_map<std::size_t, std::vector<std::byte*>>
      free_;  // buffers by size, counted in bytes_
  std::size_t bytes_ = 0, peak_ = 0;
  std::uint64_t hits_ = 0;
};

}  // namespace cubemill
