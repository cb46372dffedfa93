// Which backend a run takes, and why.
#pragma once
#include <string>
#include <vector>

#include "cubemill/exec/composite.hpp"

namespace cubemill {

struct BackendDecision {
  bool cuda = false;
  std::string device;  ///< names of the GPUs, or the CPU's instruction set
  std::string reason;
};

/// Asks for devices unless the CPU is wanted. Throws DeviceError when CUDA is wanted and none
/// answers, InvalidInput when one of `wanted` is not there.
BackendDecision choose_backend(BackendChoice choice, const std::vector<int>& wanted);

}  // namespace cubemill
