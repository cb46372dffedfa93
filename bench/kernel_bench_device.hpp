// The kernel benchmark's device: folds a case's bytes there with the program's own launcher, and
// times it by events. Knows nothing of tables and options.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "kernel_bench_case.hpp"

namespace cubemill::bench {

/// What the device is and what it can do at most; rates in bytes a second.
struct DeviceFacts {
  std::string name, capability;
  int driver = 0, runtime = 0;  ///< as CUDA numbers them: 13000
  int multiprocessors = 0;
  double l2_bytes = 0;
  double copy_rate = 0;       ///< within the device, bytes read and bytes written
  double to_device = 0;       ///< from pinned memory, large pieces
  double slab_to_device = 0;  ///< the same in pieces of a slab's size
  double from_device = 0;     ///< into pinned memory
  double launch_seconds = 0;  ///< from one launch of a single pixel to the next
};

/// Seconds a fold or a finish: its bytes in the device's memory, or in its caches from the one
/// before.
struct FoldTime {
  double from_memory = 0, from_cache = 0;
};

/// What sums become, a pixel each.
struct Finished {
  std::vector<float> means;
  std::vector<std::uint16_t> counts;
  std::uint64_t beyond = 0;
};

class KernelDevice {
 public:
  virtual ~KernelDevice() = default;
  /// Measures the device. Throws DeviceError.
  virtual DeviceFacts facts() = 0;
  /// The bytes of the sums after one fold into empty sums.
  virtual std::vector<std::byte> fold_once(const KernelData& data) = 0;
  /// Times the fold, the median of many.
  virtual FoldTime time(const KernelData& data) = 0;
  /// Means and counts of the sums of a case, made on the device.
  virtual Finished finish_once(const KernelData& data, const std::vector<std::byte>& sums) = 0;
  /// Times the same, the median of many: from sums in the device's memory or its caches.
  virtual FoldTime time_finish(const KernelData& data, const std::vector<std::byte>& sums) = 0;
};

/// The first device; none, with the reason, where none answers. `quick`: a few small turns, for
/// the answers only.
std::unique_ptr<KernelDevice> make_kernel_device(bool quick, std::string& reason);

}  // namespace cubemill::bench
