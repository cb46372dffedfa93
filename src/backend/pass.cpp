#include "cubemill/backend/pass.hpp"

#include <cstdlib>
#include <string_view>

namespace cubemill {

PassKernels baseline_pass_kernels();
#ifdef CUBEMILL_X86
PassKernels avx2_pass_kernels();
PassKernels avx512_pass_kernels();
#endif

namespace {

PassKernels choose() {
  const char* const asked = std::getenv("CUBEMILL_SIMD");
  const std::string_view name = asked ? asked : "";
#ifdef CUBEMILL_X86
  const bool wide = __builtin_cpu_supports("x86-64-v4");
  if (wide && (name.empty() || name == "avx512")) return avx512_pass_kernels();
  if (name != "baseline" && __builtin_cpu_supports("x86-64-v3")) return avx2_pass_kernels();
#endif
  return baseline_pass_kernels();
}

}  // namespace

const PassKernels& pass_kernels() {
  static const PassKernels kernels = choose();
  return kernels;
}

}  // namespace cubemill
