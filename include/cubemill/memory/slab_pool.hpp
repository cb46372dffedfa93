// Staging memory for chunks: equal slabs, allocated once; where memory is short, fewer than asked
// for, and at least one. A slab is a lease: whoever holds it may fill it, and destroying it gives
// it back. Readers must hold one to read, so that they never run ahead of the fold by more than the
// pool holds. Thread-safe.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "cubemill/memory/staging_memory.hpp"

namespace cubemill {

class SlabPool;

/// A lease of one slab, handed out from front to back. Move-only.
class Slab {
 public:
  Slab() = default;
  Slab(Slab&& other) noexcept;
  Slab& operator=(Slab&& other) noexcept;
  ~Slab();

  explicit operator bool() const { return pool_ != nullptr; }
  /// Takes the next `bytes` (rounded up to 64) of the slab; the plan made sure that they are there.
  std::byte* take(std::size_t bytes);
  void give_back() noexcept;
  /// The part that was taken.
  const std::byte* data() const { return data_; }
  std::size_t used() const { return used_; }

 private:
  friend class SlabPool;
  Slab(SlabPool* pool, std::byte* data) : pool_(pool), data_(data) {}

  SlabPool* pool_ = nullptr;
  std::byte* data_ = nullptr;
  std::size_t used_ = 0;
};

class SlabPool {
 public:
  /// `returned` is called after a slab came back, outside the lock. Throws what `source` throws
  /// when it has not even one.
  SlabPool(std::size_t slab_bytes, std::size_t count, std::function<void()> returned,
           StagingMemory& source = heap_memory());
  ~SlabPool();
  SlabPool(const SlabPool&) = delete;
  SlabPool& operator=(const SlabPool&) = delete;

  /// A free slab, or none.
  Slab try_acquire();
  std::size_t slab_bytes() const { return slab_bytes_; }
  /// How many there are.
  std::size_t count() const { return slabs_.size(); }

 private:
  friend class Slab;
  void take_back(std::byte* data) noexcept;

  const std::size_t slab_bytes_;
  StagingMemory& source_;
  std::vector<std::byte*> slabs_;
  std::mutex mutex_;
  std::vector<std::byte*> free_;
  std::function<void()> returned_;
};

}  // namespace cubemill
