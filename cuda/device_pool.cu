#include <cstdint>
#include <string>

#include "device_pool.hpp"

namespace cubemill::cuda {

DevicePool::DevicePool(const Device& device, std::size_t limit) : limit_(limit) {
  int supported = 0;
  CUBEMILL_CUDA(
      cudaDeviceGetAttribute(&supported, cudaDevAttrMemoryPoolsSupported, device.number()));
  if (!supported) return;
  cudaMemPoolProps properties{};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = device.number();
  CUBEMILL_CUDA(cudaMemPoolCreate(&pool_, &properties));
  std::uint64_t keep = limit;
  const cudaError_t error = cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &keep);
  if (error != cudaSuccess) (void)cudaMemPoolDestroy(pool_);
  check(error, "cudaMemPoolSetAttribute");
}

DevicePool::~DevicePool() {
  if (pool_) (void)cudaMemPoolDestroy(pool_);
}

void* DevicePool::take(std::size_t bytes, const Stream& stream) {
  if (bytes > left())
    throw OutOfMemory("--device-memory is too small: " + std::to_string(bytes) + " bytes asked, " +
                          std::to_string(used_) + " of " + std::to_string(limit_) + " in use",
                      used_ + bytes);
  void* memory = nullptr;
  if (pool_)
    CUBEMILL_CUDA(cudaMallocFromPoolAsync(&memory, bytes, pool_, stream.get()));
  else
    CUBEMILL_CUDA(cudaMalloc(&memory, bytes));
  used_ += bytes;
  return memory;
}

// What cannot be freed in its stream is freed by a call that waits for the whole device.
void DevicePool::give_back(void* memory, std::size_t bytes, const Stream& stream) noexcept {
  if (!pool_ || cudaFreeAsync(memory, stream.get()) != cudaSuccess) {
    (void)cudaFree(memory);
    (void)cudaGetLastError();
  }
  used_ -= bytes;
}

}  // namespace cubemill::cuda
