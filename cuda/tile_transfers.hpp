// Ways of a tile's sums out of a device and back: downloaded, uploaded and added, or as means and
// counts. All in the stream that owns the sums. Thread-safe: one at a time.
#pragma once
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "bounce.hpp"
#include "cubemill/pixel/accumulator.hpp"

namespace cubemill::cuda {

/// The sums of one index of a tile on a device.
struct DeviceSumsView {
  AccumulatorKind kind;
  std::byte* data;
  std::size_t bytes;
};

class TileTransfers {
 public:
  /// Takes all the memory that it needs, for tiles of `pixels` pixels.
  TileTransfers(DevicePool& pool, std::size_t pixels, const Stream& compute);

  /// Calls `take(at, piece)` with all bytes of the sums, whole runs at a time; they stay.
  void download(const DeviceSumsView& sums,
                const std::function<void(std::size_t, std::span<const std::byte>)>& take);
  /// Adds the bytes of sums as large.
  void merge(const DeviceSumsView& sums, std::span<const std::byte> more);
  /// Means and counts of all pixels; the sums are empty afterwards. Returns how many values were
  /// beyond what sums can hold.
  std::uint64_t finish(const DeviceSumsView& sums, std::vector<float>& means,
                       std::vector<std::uint32_t>& counts);

 private:
  const std::size_t pixels_;
  const Stream& compute_;
  std::mutex mutex_;
  DeviceBuffer scratch_;
  Bounce bounce_;
};

}  // namespace cubemill::cuda
