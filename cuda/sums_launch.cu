#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <thrust/system_error.h>
#include <thrust/transform.h>

#include <cub/device/device_reduce.cuh>

#include "handles.hpp"
#include "sums_launch.hpp"
#include "wide_lane.cuh"

namespace cubemill::cuda {
namespace {

struct AddPacked {
  CUBEMILL_HD PackedSum operator()(PackedSum a, PackedSum b) const {
    a.merge(b);
    return a;
  }
};

struct AddWide {
  WideRun* ours;
  const WideRun* theirs;
  __device__ void operator()(std::size_t pixel) const {
    WideRun& run = ours[pixel / run_length];
    const int lane = int(pixel % run_length);
    const WideSum old = run.get(lane);
    WideSum sum = old;
    sum.merge(theirs[pixel / run_length].get(lane));
    put_lane(run, lane, old, sum);
  }
};

CUBEMILL_HD PackedSum sum_of(const PackedSum* sums, std::size_t pixel) { return sums[pixel]; }
CUBEMILL_HD WideSum sum_of(const WideRun* runs, std::size_t pixel) {
  return runs[pixel / run_length].get(int(pixel % run_length));
}

template <class Sums>
struct Finish {
  const Sums* sums;
  float* means;
  std::uint16_t* counts;
  __device__ void operator()(std::size_t pixel) const {
    const auto sum = sum_of(sums, pixel);
    const std::uint32_t n = sum.count();
    means[pixel] = n ? float(sum.mean()) : __builtin_bit_cast(float, 0x7fc00000u);
    counts[pixel] = std::uint16_t(n);
  }
};

struct Beyond {
  const WideRun* runs;
  CUBEMILL_HD std::uint64_t operator()(std::size_t run) const {
    std::uint64_t sum = 0;
    if (runs[run].rare)
      for (const std::uint32_t b : runs[run].beyond) sum += b;
    return sum;
  }
};

using Counting = thrust::counting_iterator<std::size_t>;

// Without scratch: says how much it wants, in `bytes`.
void sum_beyond(const WideRun* runs, std::size_t count, std::uint64_t* beyond, std::byte* scratch,
                std::size_t& bytes, cudaStream_t stream) {
  CUBEMILL_CUDA(cub::DeviceReduce::Sum(scratch, bytes,
                                       thrust::make_transform_iterator(Counting(0), Beyond{runs}),
                                       beyond, int(count), stream));
}

// Puts work on every pixel into the stream; Thrust throws errors of its own.
template <class Work>
void on_every_pixel(std::size_t pixels, cudaStream_t stream, const Work& work) {
  try {
    thrust::for_each_n(thrust::cuda::par_nosync.on(stream), Counting(0), pixels, work);
  } catch (const thrust::system_error& error) {
    check(cudaError_t(error.code().value()), "thrust::for_each_n");
  }
}

}  // namespace

void add_sums(AccumulatorKind kind, std::byte* ours, const std::byte* theirs, std::size_t pixels,
              cudaStream_t stream) {
  if (kind == AccumulatorKind::wide)
    return on_every_pixel(
        pixels, stream,
        AddWide{reinterpret_cast<WideRun*>(ours), reinterpret_cast<const WideRun*>(theirs)});
  auto* const to = reinterpret_cast<PackedSum*>(ours);
  try {
    thrust::transform(thrust::cuda::par_nosync.on(stream), to, to + pixels,
                      reinterpret_cast<const PackedSum*>(theirs), to, AddPacked{});
  } catch (const thrust::system_error& error) {
    check(cudaError_t(error.code().value()), "thrust::transform");
  }
}

std::size_t finish_scratch_bytes(std::size_t pixels) {
  std::size_t bytes = 0;
  sum_beyond(nullptr, pixels / run_length, nullptr, nullptr, bytes, nullptr);
  return bytes;
}

void finish_sums(AccumulatorKind kind, const std::byte* sums, std::size_t pixels,
                 const FinishedSums& results, std::span<std::byte> scratch, cudaStream_t stream) {
  if (kind == AccumulatorKind::packed) {
    const auto* const packed = reinterpret_cast<const PackedSum*>(sums);
    CUBEMILL_CUDA(cudaMemsetAsync(results.beyond, 0, sizeof *results.beyond, stream));
    return on_every_pixel(pixels, stream, Finish<PackedSum>{packed, results.means, results.counts});
  }
  const auto* const runs = reinterpret_cast<const WideRun*>(sums);
  on_every_pixel(pixels, stream, Finish<WideRun>{runs, results.means, results.counts});
  std::size_t bytes = scratch.size();
  sum_beyond(runs, pixels / run_length, results.beyond, scratch.data(), bytes, stream);
}

}  // namespace cubemill::cuda
