#include "cubemill/backend/cuda_backend.hpp"
#include "dealing_backend.hpp"

namespace cubemill {
bool cuda_is_built_in() { return true; }

std::vector<CudaDevice> cuda_devices(std::string& reason) {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count == 0) {
    (void)cudaGetLastError();
    reason = error == cudaSuccess ? "no CUDA device" : cudaGetErrorString(error);
    return {};
  }
  std::vector<CudaDevice> devices;
  for (int d = 0; d < count; ++d) {
    cudaDeviceProp properties{};
    CUBEMILL_CUDA(cudaGetDeviceProperties(&properties, d));
    devices.push_back({properties.name,
                       std::to_string(properties.major) + "." + std::to_string(properties.minor),
                       properties.totalGlobalMem});
  }
  return devices;
}

std::uint64_t cuda_free_bytes(int device) {
  const cuda::Device current(device);
  std::size_t free = 0, all = 0;
  CUBEMILL_CUDA(cudaMemGetInfo(&free, &all));
  return free;
}

std::unique_ptr<FoldBackend> make_cuda_backend(FoldSpec spec, const CudaOptions& options) {
  std::string reason;
  if (cuda_devices(reason).empty())
    throw DeviceError("--backend cuda: " + reason + "; use --backend cpu");
  const auto pinned = std::make_shared<cuda::PinnedMemory>();
  std::vector<std::unique_ptr<cuda::DeviceBackend>> devices;
  for (const int device : options.devices)
    devices.push_back(std::make_unique<cuda::DeviceBackend>(device, options.devices.size(), spec,
                                                            options, pinned));
  if (devices.size() == 1) return std::move(devices.front());
  return std::make_unique<cuda::DealingBackend>(std::move(devices));
}

}  // namespace cubemill
