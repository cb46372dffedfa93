#include "exec/backend_choice.hpp"

#include "cubemill/backend/cuda_backend.hpp"
#include "cubemill/base/error.hpp"

namespace cubemill {

BackendDecision choose_backend(BackendChoice choice) {
  const BackendDecision cpu{false, pass_kernels().name, "as asked"};
  if (choice == BackendChoice::cpu) return cpu;
  std::string reason;
  const std::vector<CudaDevice> devices = cuda_devices(reason);
  if (!devices.empty())
    return {true, devices.front().name,
            choice == BackendChoice::cuda ? "as asked" : "a device answers"};
  if (choice == BackendChoice::cuda)
    throw DeviceError("--backend cuda: " + reason + "; use --backend cpu");
  return {false, cpu.device, reason};
}

}  // namespace cubemill
