// A program with a fault for the stand-in for the CUDA runtime to see, by its name; `none` has what
// is like the faults and right. Usage: faults_program NAME
#include <cuda_runtime_api.h>

#include <cstdio>
#include <map>
#include <string>

namespace {

constexpr int n = 256;
constexpr int block = 64;

__global__ void fill(int* to, int size, int value) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < size) to[i] = value + i;
}

__global__ void copy(const int* from, int* to) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  to[i] = from[i];
}

// All blocks write one place: atomically, or not.
__global__ void sum(const int* from, int* to, bool atomic) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (atomic) {
    atomicAdd(to, from[i]);
  } else {
    *to += from[i];
  }
}

__global__ void reverse(int* at, bool barrier) {
  __shared__ int values[block];
  values[threadIdx.x] = at[threadIdx.x];
  if (barrier) __syncthreads();
  at[threadIdx.x] = values[block - 1 - threadIdx.x];
}

// A barrier that half of the block goes by, to one that comes later.
__global__ void meet(int* at, bool divergent) {
  if (!divergent || threadIdx.x < block / 2) {
    __syncthreads();
    at[threadIdx.x] = 1;
  }
  if (divergent) __syncthreads();
}

struct Scene {
  int *one = nullptr, *other = nullptr, *pinned = nullptr;
  cudaStream_t work{}, copies{};
  cudaEvent_t filled{};

  Scene() {
    cudaMalloc(&one, n * sizeof(int));
    cudaMalloc(&other, n * sizeof(int));
    cudaMallocHost(&pinned, n * sizeof(int));
    cudaStreamCreateWithFlags(&work, cudaStreamNonBlocking);
    cudaStreamCreateWithFlags(&copies, cudaStreamNonBlocking);
    cudaEventCreateWithFlags(&filled, cudaEventDisableTiming);
    for (int i = 0; i < n; ++i) pinned[i] = i;
  }

  void fill_one(int size = n) const { fill<<<n / block + 1, block, 0, work>>>(one, size, 7); }
};

void out_of_bounds(const Scene& s, bool wrong) { s.fill_one(wrong ? n + 1 : n); }

void after_free(const Scene& s, bool wrong) {
  int* gone = s.one;
  if (wrong) cudaFree(gone);
  fill<<<1, block, 0, s.work>>>(gone, block, 7);
}

void uninitialised(const Scene& s, bool wrong) {
  s.fill_one(wrong ? n - 1 : n);
  copy<<<n / block, block, 0, s.work>>>(s.one, s.other);
}

void missing_wait(const Scene& s, bool wrong) {
  s.fill_one();
  cudaEventRecord(s.filled, s.work);
  if (!wrong) cudaStreamWaitEvent(s.copies, s.filled, 0);
  copy<<<n / block, block, 0, s.copies>>>(s.one, s.other);
}

void blocks_race(const Scene& s, bool wrong) {
  s.fill_one();
  cudaMemsetAsync(s.other, 0, sizeof(int), s.work);
  sum<<<n / 32, 32, 0, s.work>>>(s.one, s.other, !wrong);  // a warp each: lanes are in order
}

void missing_barrier(const Scene& s, bool wrong) {
  s.fill_one();
  reverse<<<1, block, 0, s.work>>>(s.one, !wrong);
}

void divergent_barrier(const Scene& s, bool wrong) { meet<<<1, block, 0, s.work>>>(s.one, wrong); }

void reused_pinned(const Scene& s, bool wrong) {
  cudaMemcpyAsync(s.one, s.pinned, n * sizeof(int), cudaMemcpyHostToDevice, s.copies);
  if (!wrong) cudaStreamSynchronize(s.copies);
  s.pinned[n - 1] = 0;
}

}  // namespace

int main(int count, char** words) {
  const std::map<std::string, void (*)(const Scene&, bool)> faults{
      {"out-of-bounds", out_of_bounds},
      {"after-free", after_free},
      {"uninitialised", uninitialised},
      {"missing-wait", missing_wait},
      {"blocks-race", blocks_race},
      {"missing-barrier", missing_barrier},
      {"divergent-barrier", divergent_barrier},
      {"reused-pinned", reused_pinned}};
  const std::string name = count > 1 ? words[1] : "";
  if (name != "none" && !faults.contains(name)) {
    std::fprintf(stderr, "faults_program: one of none");
    for (const auto& fault : faults) std::fprintf(stderr, ", %s", fault.first.c_str());
    std::fprintf(stderr, "\n");
    return 2;
  }
  const Scene scene;
  for (const auto& [fault, run] : faults)
    if (name == "none" || name == fault) {
      run(scene, name == fault);
      cudaDeviceSynchronize();
    }
  return 0;
}
