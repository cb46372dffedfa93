// Owners of what the CUDA runtime gives: the current device, streams, events, pinned memory. Every
// call is checked once, here or where it stands; destructors swallow errors, since the first one
// was thrown.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <string>

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

/// A device by its number, current from its construction on in the thread that made it.
class Device {
 public:
  explicit Device(int number) : number_(number) { use(); }
  /// Makes it current in this thread: before calls that make or launch something.
  void use() const { CUBEMILL_CUDA(cudaSetDevice(number_)); }
  int number() const { return number_; }

 private:
  int number_;
};

class Stream {
 public:
  Stream() { CUBEMILL_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  ~Stream() { (void)cudaStreamDestroy(stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

/// A point in a stream that others wait for.
class Event {
 public:
  /// `timed`: for `milliseconds_since`.
  explicit Event(bool timed = false) {
    CUBEMILL_CUDA(cudaEventCreateWithFlags(&event_, timed ? 0 : cudaEventDisableTiming));
  }
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
  /// Whether all before it is done.
  bool is_done() const {
    const cudaError_t error = cudaEventQuery(event_);
    if (error == cudaErrorNotReady) return (void)cudaGetLastError(), false;
    CUBEMILL_CUDA(error);
    return true;
  }
  /// Both timed, recorded and done.
  float milliseconds_since(const Event& earlier) const {
    float milliseconds = 0;
    CUBEMILL_CUDA(cudaEventElapsedTime(&milliseconds, earlier.event_, event_));
    return milliseconds;
  }

 private:
  cudaEvent_t event_ = nullptr;
  bool recorded_ = false;
};

/// Host memory that every device copies from and to by itself.
class Pinned {
 public:
  explicit Pinned(std::size_t bytes) : bytes_(bytes) {
    void* memory = nullptr;
    CUBEMILL_CUDA(cudaHostAlloc(&memory, bytes, cudaHostAllocPortable));
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

}  // namespace cubemill::cuda
