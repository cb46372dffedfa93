// One lane of a run of wide sums, while other threads have the other lanes. Compiled as plain C++
// too.
#pragma once
#include "cubemill/pixel/accumulator.hpp"

namespace cubemill::cuda {

CUBEMILL_HD void mark_rare(WideRun& run) {
#if defined(__CUDA_ARCH__)
  atomicOr(reinterpret_cast<unsigned long long*>(&run.rare), 1ull);  // by several lanes at once
#else
  __atomic_or_fetch(&run.rare, 1, __ATOMIC_RELAXED);
#endif
}

/// Writes what `sum`, until now `old`, has become; what few values change only where it changed.
CUBEMILL_HD void put_lane(WideRun& run, int lane, const WideSum& old, const WideSum& sum) {
  run.low[lane] = sum.low, run.count[lane] = sum.count_;
  if ((sum.high != old.high) | (sum.beyond_ != old.beyond_)) {
    run.high[lane] = sum.high, run.beyond[lane] = sum.beyond_;
    mark_rare(run);
  }
}

}  // namespace cubemill::cuda
