// The pass for x86-64 with AVX-512; compiled with -march=x86-64-v4, run only where the machine has
// it.
#define CUBEMILL_TARGET avx512
#include "backend/pass_kernels.hpp"

namespace cubemill {
PassKernels avx512_pass_kernels() { return avx512::kernels("avx512"); }
}  // namespace cubemill
