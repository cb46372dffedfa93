// Stands for the CUDA runtime in builds with sanitizers: the sources of cuda/ compiled as plain
// C++. A stream is a thread of the host, device memory is the heap, and the threads of a kernel are
// spread over a few host threads. So an address beyond a buffer or used after it went back is
// AddressSanitizer's, and a missing wait between streams, a pinned buffer that is filled too early
// or two threads of a kernel at one address are data races, ThreadSanitizer's. Has only what cuda/
// calls, and nothing that threads of a block do together.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>

#define __host__
#define __device__
#define __global__
#define __launch_bounds__(...)

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorNotReady = 600
};
enum cudaMemcpyKind {
  cudaMemcpyHostToDevice = 1,
  cudaMemcpyDeviceToHost,
  cudaMemcpyDeviceToDevice
};
enum cudaMemAllocationType { cudaMemAllocationTypePinned = 1 };
enum cudaMemLocationType { cudaMemLocationTypeDevice = 1 };
enum cudaDeviceAttr { cudaDevAttrMemoryPoolsSupported = 115 };
enum cudaMemPoolAttr { cudaMemPoolAttrReleaseThreshold = 4 };
constexpr unsigned cudaHostAllocDefault = 0, cudaHostAllocPortable = 1;
constexpr unsigned cudaStreamNonBlocking = 1, cudaEventDisableTiming = 2;

struct cudaDeviceProp {
  char name[256];
  int major, minor;
  int pciDomainID, pciBusID, pciDeviceID;
  std::size_t totalGlobalMem;
};
struct cudaMemPoolProps {
  cudaMemAllocationType allocType;
  struct {
    cudaMemLocationType type;
    int id;
  } location;
};

namespace cudashim {

class Stream;
class Event;
class Pool;

/// What a thread of a kernel knows of its place.
struct Place {
  uint3 thread, block;
  dim3 block_size, grid_size;
};
inline thread_local Place place;

/// Puts work of the host at the end of a stream.
cudaError_t push(Stream* stream, std::function<void()> work);

/// Puts a call of `body` for every thread of the grid at the end of a stream.
void launch_threads(dim3 grid, dim3 block, Stream* stream, std::function<void()> body);

/// As a launch by nvcc; `name` and `shared`, bytes of shared memory, are there for its sake.
inline void launch(const char* name, dim3 grid, dim3 block, std::size_t shared, Stream* stream,
                   std::function<void()> body) {
  (void)name, (void)shared;
  launch_threads(grid, block, stream, std::move(body));
}

}  // namespace cudashim

#define threadIdx (cudashim::place.thread)
#define blockIdx (cudashim::place.block)
#define blockDim (cudashim::place.block_size)
#define gridDim (cudashim::place.grid_size)

using cudaStream_t = cudashim::Stream*;
using cudaEvent_t = cudashim::Event*;
using cudaMemPool_t = cudashim::Pool*;

cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* all);
cudaError_t cudaGetLastError();
const char* cudaGetErrorName(cudaError_t error);
const char* cudaGetErrorString(cudaError_t error);

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventQuery(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to);

cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned flags);
cudaError_t cudaFreeHost(void* memory);
cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties);
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value);
cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool);
cudaError_t cudaMallocFromPoolAsync(void** memory, std::size_t bytes, cudaMemPool_t pool,
                                    cudaStream_t stream);
cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream);
cudaError_t cudaMalloc(void** memory, std::size_t bytes);
cudaError_t cudaFree(void* memory);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream);
