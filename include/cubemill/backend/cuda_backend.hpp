// The CUDA backend, where it was built in. Chunks go to the device by one stream and are folded in
// another; the results are those of the CPU, to the bit.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cubemill/backend/fold_backend.hpp"

namespace cubemill {

struct CudaDevice {
  std::string name;
  std::string capability;  ///< `9.0`
  std::uint64_t memory_bytes = 0;
};

/// How fast bytes move, per second.
struct CopyRates {
  double to_device = 0, to_host = 0;  ///< from and to pinned memory
  double on_device = 0;               ///< read and written, both counted
  std::string link;                   ///< `16.0 GT/s PCIe x16`; empty: not known
};

/// Takes a span of work of a device, from any thread, some time after it ended.
using DeviceSpan = std::function<void(const std::string& stream, const char* what,
                                      std::chrono::steady_clock::time_point begin,
                                      std::chrono::steady_clock::time_point end)>;

/// Whether this program was built with CUDA.
bool cuda_is_built_in();

/// The devices that answer. `reason`: why there is none.
std::vector<CudaDevice> cuda_devices(std::string& reason);

/// Memory of a device that nobody uses. Throws DeviceError.
std::uint64_t cuda_free_bytes(int device);

/// Measures on a device, for a fraction of a second. Throws DeviceError, OutOfMemory.
CopyRates measure_copy_rates(int device);

struct CudaOptions {
  std::uint64_t memory = 0;       ///< of every device, bytes; 0: what is free, less a reserve
  std::uint64_t slab_bytes = 0;   ///< the largest chunk
  std::uint64_t table_bytes = 0;  ///< segment tables of one chunk: room that sums leave
  std::vector<int> devices = {0};
  DeviceSpan span = {};  ///< empty: nobody traces
};

/// Throws DeviceError (not built in, no such device, a call failed) and OutOfMemory.
std::unique_ptr<FoldBackend> make_cuda_backend(FoldSpec spec, const CudaOptions& options);

}  // namespace cubemill
