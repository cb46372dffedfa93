// The CUDA backend, where it was built in. Chunks go to the device by one stream and are folded in
// another; the results are those of the CPU, to the bit.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cubemill/backend/fold_backend.hpp"

namespace cubemill {

struct CudaDevice {
  std::string name;
  std::string capability;  ///< `9.0`
  std::uint64_t memory_bytes = 0, free_bytes = 0;
};

/// Whether this program was built with CUDA.
bool cuda_is_built_in();

/// The devices that answer. `reason`: why there is none.
std::vector<CudaDevice> cuda_devices(std::string& reason);

struct CudaOptions {
  std::uint64_t memory = 0;       ///< of every device, bytes; 0: what is free, less a reserve
  std::uint64_t slab_bytes = 0;   ///< the largest chunk
  std::uint64_t table_bytes = 0;  ///< segment tables of one chunk: room that sums leave
};

/// Throws DeviceError (not built in, no device, a call failed) and OutOfMemory.
std::unique_ptr<FoldBackend> make_cuda_backend(FoldSpec spec, const CudaOptions& options);

}  // namespace cubemill
