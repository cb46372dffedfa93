#include "exec/backend_choice.hpp"

#include "cubemill/backend/cuda_backend.hpp"
#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

std::string names_of(const std::vector<int>& wanted, const std::vector<CudaDevice>& devices) {
  std::string names;
  for (const int d : wanted) {
    if (d < 0 || std::size_t(d) >= devices.size())
      throw InvalidInput("--devices " + std::to_string(d) + ": there are " +
                         std::to_string(devices.size()) +
                         ", counted from 0; 'cubemill info' lists them");
    names += (names.empty() ? "" : ", ") + devices[std::size_t(d)].name;
  }
  return names;
}

}  // namespace

BackendDecision choose_backend(BackendChoice choice, const std::vector<int>& wanted) {
  const BackendDecision cpu{false, pass_kernels().name, "as asked"};
  if (choice == BackendChoice::cpu) return cpu;
  std::string reason;
  const std::vector<CudaDevice> devices = cuda_devices(reason);
  if (!devices.empty())
    return {true, names_of(wanted, devices),
            choice == BackendChoice::cuda ? "as asked" : "a device answers"};
  if (choice == BackendChoice::cuda)
    throw DeviceError("--backend cuda: " + reason + "; use --backend cpu");
  return {false, cpu.device, reason};
}

}  // namespace cubemill
