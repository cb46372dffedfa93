// What is done with the sums of whole tiles on the device: added, and made means and counts. Thrust
// and CUB behind it, in a source of their own, since they compile slowly. All is put into a stream;
// no memory is taken and nothing waits.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "cubemill/pixel/accumulator.hpp"

namespace cubemill::cuda {

/// What `finish_sums` writes, on the device; `pixels` each.
struct FinishedSums {
  float* means;           ///< NaN (0x7fc00000) where the count is 0
  std::uint16_t* counts;  ///< of at most WideSum::max_count values
  std::uint64_t* beyond;  ///< finite values beyond what sums can hold
};

/// Adds the sums of `pixels` pixels, whole runs, to others. Throws DeviceError.
void add_sums(AccumulatorKind kind, std::byte* ours, const std::byte* theirs, std::size_t pixels,
              cudaStream_t stream);

/// Bytes of device memory that `finish_sums` works in.
std::size_t finish_scratch_bytes(std::size_t pixels);

/// Makes means and counts of the sums of `pixels` pixels, whole runs, as the CPU does, to the bit;
/// the sums stay. Throws DeviceError.
void finish_sums(AccumulatorKind kind, const std::byte* sums, std::size_t pixels,
                 const FinishedSums& results, std::span<std::byte> scratch, cudaStream_t stream);

}  // namespace cubemill::cuda
