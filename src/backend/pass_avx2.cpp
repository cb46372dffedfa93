// The pass for x86-64 with AVX2; compiled with -march=x86-64-v3, run only where the machine has it.
#define CUBEMILL_TARGET avx2
#include "backend/pass_kernels.hpp"

namespace cubemill {
PassKernels avx2_pass_kernels() { return avx2::kernels("avx2"); }
}  // namespace cubemill
