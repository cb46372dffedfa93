#include "kernel_bench_device.hpp"

namespace cubemill::bench {

std::unique_ptr<KernelDevice> make_kernel_device(bool, std::string& reason) {
  reason = "built without CUDA";
  return nullptr;
}

}  // namespace cubemill::bench
