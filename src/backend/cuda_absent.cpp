#include "cubemill/backend/cuda_backend.hpp"
#include "cubemill/base/error.hpp"

// What stands for cuda/ in a program that is built without it.
namespace cubemill {

bool cuda_is_built_in() { return false; }

std::vector<CudaDevice> cuda_devices(std::string& reason) {
  reason = "this program was built without CUDA";
  return {};
}

std::uint64_t cuda_free_bytes(int) { throw DeviceError("this program was built without CUDA"); }

CopyRates measure_copy_rates(int) { throw DeviceError("this program was built without CUDA"); }

std::unique_ptr<FoldBackend> make_cuda_backend(FoldSpec, const CudaOptions&) {
  throw DeviceError("--backend cuda: this program was built without CUDA; use --backend cpu");
}

}  // namespace cubemill
