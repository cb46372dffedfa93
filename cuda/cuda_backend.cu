#include "cubemill/backend/cuda_backend.hpp"
#include "device_backend.hpp"

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
    std::size_t free = 0, all = properties.totalGlobalMem;
    if (d == 0) CUBEMILL_CUDA(cudaMemGetInfo(&free, &all));
    devices.push_back({properties.name,
                       std::to_string(properties.major) + "." + std::to_string(properties.minor),
                       all, free});
  }
  return devices;
}

std::unique_ptr<FoldBackend> make_cuda_backend(FoldSpec spec, const CudaOptions& options) {
  std::string reason;
  if (cuda_devices(reason).empty())
    throw DeviceError("--backend cuda: " + reason + "; use --backend cpu");
  return std::make_unique<cuda::DeviceBackend>(0, 1, std::move(spec), options,
                                               std::make_shared<cuda::PinnedMemory>());
}

}  // namespace cubemill
