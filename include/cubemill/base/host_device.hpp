// The one macro that lets an element function be compiled for host and device. Nothing else lives
// here.
#pragma once

#if defined(__CUDACC__)
#define CUBEMILL_HD __host__ __device__ __forceinline__
#else
#define CUBEMILL_HD inline __attribute__((always_inline))
#endif
