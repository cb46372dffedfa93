// Owners of what the CUDA runtime gives: streams, events, pinned and device memory. Every call is
// checked once, here or where it stands; destructors swallow errors, since the first one was thrown.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "cubemill/base/error.hpp"

namespace cubemill::cuda {

/// Throws DeviceError, or OutOfMemory where memory is what is missing.
inline void check(cudaError_t error, const char* call) {
  if (error == cudaSuccess) return;
  (void)cudaGetLastError();  // else the next launch would be blamed for it
  const std::string text = "CUDA: " + std::string(cudaGetErrorName(error)) + " (" +
                           cudaGetErrorString(error) + ") from " + call;
  if (error == cudaErrorMemoryAllocation) throw OutOfMemory(text, 0);
  throw DeviceError(text);
}
#define CUBEMILL_CUDA(call) ::cubemill::cuda::check((call), #call)

class Stream {
 public:
  Stream() { CUBEMILL_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  ~Stream() { (void)cudaStreamDestroy(stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  cudaStream_t get() const { return stream_; }
  void synchronize() const { CUBEMILL_CUDA(cudaStreamSynchronize(stream_)); }

 private:
  cudaStream_t stream_ = nullptr;
};

/// A point in a stream that others wait for.
class Event {
 public:
  Event() { CUBEMILL_CUDA(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming)); }
  ~Event() { (void)cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record(const Stream& stream) {
    CUBEMILL_CUDA(cudaEventRecord(event_, stream.get()));
    recorded_ = true;
  }
  /// Lets a stream wait; nothing where nothing was recorded.
  void hold(const Stream& stream) const {
    if (recorded_) CUBEMILL_CUDA(cudaStreamWaitEvent(stream.get(), event_, 0));
  }
  void synchronize() const {
    if (recorded_) CUBEMILL_CUDA(cudaEventSynchronize(event_));
  }

 private:
  cudaEvent_t event_ = nullptr;
  bool recorded_ = false;
};

/// Host memory that the device copies from by itself.
class Pinned {
 public:
  explicit Pinned(std::size_t bytes) : bytes_(bytes) {
    void* memory = nullptr;
    CUBEMILL_CUDA(cudaHostAlloc(&memory, bytes, cudaHostAllocDefault));
    memory_ = static_cast<std::byte*>(memory);
  }
  ~Pinned() { (void)cudaFreeHost(memory_); }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;
  std::byte* data() const { return memory_; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::byte* memory_ = nullptr;
  std::size_t bytes_;
};

/// Device memory up to a limit. Takes and gives in the order of one stream; keeps what came back.
class DevicePool {
 public:
  explicit DevicePool(std::size_t limit) : limit_(limit) {
    cudaMemPoolProps properties{};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.location.type = cudaMemLocationTypeDevice;
    CUBEMILL_CUDA(cudaMemPoolCreate(&pool_, &properties));
    std::uint64_t keep = limit;
    const cudaError_t error =
        cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &keep);
    if (error != cudaSuccess) (void)cudaMemPoolDestroy(pool_);
    check(error, "cudaMemPoolSetAttribute");
  }
  ~DevicePool() { (void)cudaMemPoolDestroy(pool_); }
  DevicePool(const DevicePool&) = delete;
  DevicePool& operator=(const DevicePool&) = delete;

  void* take(std::size_t bytes, const Stream& stream) {
    if (bytes > limit_ - used_)
      throw OutOfMemory("--device-memory is too small: " + std::to_string(bytes) +
                            " bytes asked, " + std::to_string(used_) + " of " +
                            std::to_string(limit_) + " in use",
                        used_ + bytes);
    void* memory = nullptr;
    CUBEMILL_CUDA(cudaMallocFromPoolAsync(&memory, bytes, pool_, stream.get()));
    used_ += bytes;
    return memory;
  }
  void give_back(void* memory, std::size_t bytes, const Stream& stream) noexcept {
    if (cudaFreeAsync(memory, stream.get()) != cudaSuccess) {
      (void)cudaFree(memory);
      (void)cudaGetLastError();
    }
    used_ -= bytes;
  }
  std::size_t used() const { return used_; }

 private:
  cudaMemPool_t pool_ = nullptr;
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
