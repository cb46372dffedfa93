// The functions of the runtime. Whatever a stream does is done by its thread, also making and
// freeing memory: memory that another stream uses without waiting for that is a race.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "cuda_runtime.h"
#include "stream.hpp"

namespace cudashim {

/// What a pool gave and did not get back.
class Pool {
 public:
  std::atomic<std::size_t> pieces{0};
};

namespace {

constexpr int devices = 2;
constexpr std::size_t device_memory = std::size_t(1) << 30;
constexpr unsigned kernel_threads = 3;  // odd: neighbours in a row and in a column are apart
constexpr int never_written = 0xA5;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "cuda_shim: %s\n", what);
  std::abort();
}

/// Which pool gave which device memory, and which memory of the host is pinned.
class Memory {
 public:
  void add_device(void* memory, Pool* pool) {
    const Unseen unseen;
    const std::lock_guard lock(mutex_);
    if (pool) ++pool->pieces;
    pools_[memory] = pool;
  }
  void remove_device(void* memory) {
    const Unseen unseen;
    const std::lock_guard lock(mutex_);
    const auto found = pools_.find(memory);
    if (found == pools_.end()) fail("what is freed is no device memory, or was freed before");
    if (found->second) --found->second->pieces;
    pools_.erase(found);
  }
  void add_pinned(std::byte* memory, std::size_t bytes) {
    const Unseen unseen;
    const std::lock_guard lock(mutex_);
    pinned_[memory] = bytes;
  }
  void remove_pinned(std::byte* memory) {
    const Unseen unseen;
    const std::lock_guard lock(mutex_);
    pinned_.erase(memory);
  }
  bool is_pinned(const void* address) {
    const Unseen unseen;
    const std::lock_guard lock(mutex_);
    const auto* const at = static_cast<const std::byte*>(address);
    auto next = pinned_.upper_bound(at);
    return next != pinned_.begin() && at < (--next)->first + next->second;
  }

 private:
  std::mutex mutex_;
  std::map<void*, Pool*> pools_;
  std::map<const std::byte*, std::size_t> pinned_;
};

Memory& memory_of_all() {
  static Memory memory;
  return memory;
}

/// Runs every kernel_threads-th thread of the grid from the `first` one on.
void run_share(unsigned first, dim3 grid, dim3 block, const std::function<void()>& body) {
  const unsigned in_block = block.x * block.y * block.z;
  for (unsigned b = 0; b < grid.x * grid.y * grid.z; ++b)
    for (unsigned t = (first + b) % kernel_threads; t < in_block; t += kernel_threads) {
      place = {{t % block.x, t / block.x % block.y, t / block.x / block.y},
               {b % grid.x, b / grid.x % grid.y, b / grid.x / grid.y},
               block,
               grid};
      body();
    }
}

}  // namespace

cudaError_t push(Stream* stream, std::function<void()> work) {
  stream->push(std::move(work));
  return cudaSuccess;
}

void launch_threads(dim3 grid, dim3 block, Stream* stream, std::function<void()> body) {
  stream->push([=] {
    std::vector<std::jthread> threads;
    for (unsigned first = 0; first < kernel_threads; ++first)
      threads.emplace_back([=, &body] { run_share(first, grid, block, body); });
  });
}

}  // namespace cudashim

using namespace cudashim;

cudaError_t cudaGetDeviceCount(int* count) {
  *count = devices;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {"threads of the host", 0, 0, 0, 0, 0, device_memory};
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
  *value = 1;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int) { return cudaSuccess; }

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* all) {
  *free = *all = device_memory;
  return cudaSuccess;
}

cudaError_t cudaGetLastError() { return cudaSuccess; }
const char* cudaGetErrorName(cudaError_t) { return "cudaError"; }
const char* cudaGetErrorString(cudaError_t) { return "an error"; }

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new Stream;
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  stream->mark()->wait();
  return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  event->hold(*stream);
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new Event;
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  event->record(*stream);
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  event->wait();
  return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  return event->is_reached() ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t, cudaEvent_t) {
  *milliseconds = 0;
  return cudaSuccess;
}

cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned) {
  *memory = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  memory_of_all().add_pinned(static_cast<std::byte*>(*memory), bytes);
  return cudaSuccess;
}

cudaError_t cudaFreeHost(void* memory) {
  memory_of_all().remove_pinned(static_cast<std::byte*>(memory));
  std::free(memory);
  return cudaSuccess;
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps*) {
  *pool = new Pool;
  return cudaSuccess;
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) { return cudaSuccess; }

cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
  if (pool->pieces > 0) fail("a pool is destroyed before all its memory came back");
  delete pool;
  return cudaSuccess;
}

cudaError_t cudaMallocFromPoolAsync(void** memory, std::size_t bytes, cudaMemPool_t pool,
                                    cudaStream_t stream) {
  void* const made = *memory = std::malloc(bytes);
  memory_of_all().add_device(made, pool);
  stream->push([=] { std::memset(made, never_written, bytes); });
  return cudaSuccess;
}

cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream) {
  memory_of_all().remove_device(memory);
  stream->push([=] { std::free(memory); });
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  *memory = std::memset(std::malloc(bytes), never_written, bytes);
  memory_of_all().add_device(*memory, nullptr);
  return cudaSuccess;
}

cudaError_t cudaFree(void* memory) {
  memory_of_all().remove_device(memory);
  std::free(memory);
  return cudaSuccess;
}

// From memory that is not pinned the runtime copies at once; into such it waits.
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  if (kind == cudaMemcpyHostToDevice && !memory_of_all().is_pinned(from)) {
    const auto* const first = static_cast<const std::byte*>(from);
    stream->push([to, staged = std::vector(first, first + bytes)] {
      std::memcpy(to, staged.data(), staged.size());
    });
    return cudaSuccess;
  }
  stream->push([=] { std::memcpy(to, from, bytes); });
  if (kind == cudaMemcpyDeviceToHost && !memory_of_all().is_pinned(to)) stream->mark()->wait();
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  stream->push([=] { std::memset(memory, value, bytes); });
  return cudaSuccess;
}
