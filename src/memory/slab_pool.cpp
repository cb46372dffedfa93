#include "cubemill/memory/slab_pool.hpp"

#include <cassert>
#include <new>
#include <utility>

#include "cubemill/base/error.hpp"
#include "cubemill/memory/large_memory.hpp"

namespace cubemill {
namespace {
constexpr std::size_t rounded(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

std::byte* take_or_none(StagingMemory& source, std::size_t bytes) try {
  return source.take(bytes);
} catch (const std::bad_alloc&) {
  return nullptr;
} catch (const OutOfMemory&) {
  return nullptr;
}

}  // namespace

Slab::Slab(Slab&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), data_(other.data_), used_(other.used_) {}

Slab& Slab::operator=(Slab&& other) noexcept {
  if (this != &other) {
    give_back();
    pool_ = std::exchange(other.pool_, nullptr);
    data_ = other.data_;
    used_ = other.used_;
  }
  return *this;
}

Slab::~Slab() { give_back(); }

std::byte* Slab::take(std::size_t bytes) {
  std::byte* const at = data_ + used_;
  used_ += rounded(bytes);
  assert(used_ <= pool_->slab_bytes());
  return at;
}

void Slab::give_back() noexcept {
  if (SlabPool* const pool = std::exchange(pool_, nullptr)) pool->take_back(data_);
}

StagingMemory& heap_memory() {
  class Heap final : public StagingMemory {
    std::byte* take(std::size_t bytes) override { return take_large(bytes).release(); }
    void give_back(std::byte* memory) noexcept override { FreeLarge()(memory); }
  };
  static Heap heap;
  return heap;
}

SlabPool::SlabPool(std::size_t slab_bytes, std::size_t count, std::function<void()> returned,
                   StagingMemory& source)
    : slab_bytes_((slab_bytes + 4095) / 4096 * 4096),
      source_(source),
      returned_(std::move(returned)) {
  slabs_.reserve(count);
  slabs_.push_back(source_.take(slab_bytes_));
  while (slabs_.size() < count)
    if (std::byte* const slab = take_or_none(source_, slab_bytes_))
      slabs_.push_back(slab);
    else
      break;
  free_.assign(slabs_.rbegin(), slabs_.rend());
}

SlabPool::~SlabPool() {
  for (std::byte* const slab : slabs_) source_.give_back(slab);
}

Slab SlabPool::try_acquire() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) return {};
  std::byte* const data = free_.back();
  free_.pop_back();
  return Slab(this, data);
}

void SlabPool::take_back(std::byte* data) noexcept {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(data);
  }
  returned_();
}

}  // namespace cubemill
