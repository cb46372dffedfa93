// The pass for any machine of this architecture (x86-64: SSE2; ARM: NEON).
#define CUBEMILL_TARGET baseline
#include "backend/pass_kernels.hpp"

namespace cubemill {
PassKernels baseline_pass_kernels() { return baseline::kernels("baseline"); }
}  // namespace cubemill
