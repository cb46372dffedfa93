// Device memory up to a limit, taken and given back in the order of one stream. Not thread-safe.
#pragma once
#include <cstddef>
#include <utility>

#include "handles.hpp"

namespace cubemill::cuda {

/// Keeps what came back for what is taken next, where the device can do that (some virtual ones
/// cannot: there every piece is the driver's, and giving one back waits for the device).
class DevicePool {
 public:
  DevicePool(const Device& device, std::size_t limit);
  ~DevicePool();
  DevicePool(const DevicePool&) = delete;
  DevicePool& operator=(const DevicePool&) = delete;

  /// Throws OutOfMemory beyond the limit, or where the device has less.
  void* take(std::size_t bytes, const Stream& stream);
  void give_back(void* memory, std::size_t bytes, const Stream& stream) noexcept;
  std::size_t left() const { return limit_ - used_; }

 private:
  cudaMemPool_t pool_ = nullptr;  // none: the device has no pools
  std::size_t limit_, used_ = 0;
};

/// A piece of device memory; default: none. The stream is the one that it is last used in.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  DeviceBuffer(DevicePool& pool, std::size_t bytes, const Stream& stream)
      : pool_(&pool), stream_(&stream), bytes_(bytes), memory_(pool.take(bytes, stream)) {}
  DeviceBuffer(DeviceBuffer&& other) noexcept { swap(other); }
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    DeviceBuffer old(std::move(other));
    swap(old);
    return *this;
  }
  ~DeviceBuffer() {
    if (memory_) pool_->give_back(memory_, bytes_, *stream_);
  }
  explicit operator bool() const { return memory_ != nullptr; }
  std::byte* data() const { return static_cast<std::byte*>(memory_); }
  std::size_t bytes() const { return bytes_; }

 private:
  void swap(DeviceBuffer& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(stream_, other.stream_);
    std::swap(bytes_, other.bytes_);
    std::swap(memory_, other.memory_);
  }

  DevicePool* pool_ = nullptr;
  const Stream* stream_ = nullptr;
  std::size_t bytes_ = 0;
  void* memory_ = nullptr;
};

}  // namespace cubemill::cuda
