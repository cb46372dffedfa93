// Which backend a run takes, and why.
#pragma once
#include <string>

#include "cubemill/exec/composite.hpp"

namespace cubemill {

struct BackendDecision {
  bool cuda = false;
  std::string device;  ///< name of the GPU, or the CPU's instruction set
  std::string reason;
};

/// Asks for devices unless the CPU is wanted. Throws DeviceError when CUDA is wanted and none
/// answers.
BackendDecision choose_backend(BackendChoice choice);

}  // namespace cubemill
