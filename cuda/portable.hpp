// What lets the kernels be compiled as plain C++ too, over a header that stands for the CUDA
// runtime (tests/tools/cuda_shim): a launch is a macro.
#pragma once
#include <cuda_runtime.h>

#if defined(__CUDACC__)
#define CUBEMILL_LAUNCH(kernel, grid, block, stream, ...) \
  (kernel)<<<(grid), (block), 0, (stream)>>>(__VA_ARGS__)
#define CUBEMILL_GRID_CONSTANT __grid_constant__
#else
#define CUBEMILL_LAUNCH(kernel, grid, block, stream, ...) \
  cudashim::launch(#kernel, (grid), (block), 0, (stream), [=] { kernel(__VA_ARGS__); })
#define CUBEMILL_GRID_CONSTANT
#endif

// An array that is indexed by a loop left rolled up lies in memory instead of registers. Only the
// device's compiler knows the pragma.
#if defined(__CUDA_ARCH__)
#define CUBEMILL_UNROLL _Pragma("unroll")
#else
#define CUBEMILL_UNROLL
#endif
