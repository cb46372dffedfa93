// Floats as devices make them: their rounding, their NaN, and what the suffixes ftz and sat say.
#pragma once
#include <bit>
#include <cfenv>
#include <cmath>

#include "machine.h"

namespace ptxemu {

/// Rounds as an instruction says while it lives. What is computed meanwhile must be volatile: the
/// compiler does not know that results depend on it.
class RoundingScope {
 public:
  explicit RoundingScope(Rounding rounding) {
    const int wanted = rounding == Rounding::to_zero ? FE_TOWARDZERO
                       : rounding == Rounding::down  ? FE_DOWNWARD
                       : rounding == Rounding::up    ? FE_UPWARD
                                                     : -1;
    if (wanted < 0) return;
    before_ = std::fegetround();
    std::fesetround(wanted);
  }
  ~RoundingScope() {
    if (before_ >= 0) std::fesetround(before_);
  }
  RoundingScope(const RoundingScope&) = delete;
  RoundingScope& operator=(const RoundingScope&) = delete;

 private:
  int before_ = -1;
};

template <class F>
using BitsOf = std::conditional_t<sizeof(F) == 4, u32, u64>;

template <class F>
F float_of(u64 v) {
  return std::bit_cast<F>(static_cast<BitsOf<F>>(v));
}
template <class F>
u64 bits_of_float(F x) {
  return std::bit_cast<BitsOf<F>>(x);
}

template <class F>
F flushed(F x, bool flushes) {
  return flushes && std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(F(0), x) : x;
}

/// Gives a result's bits.
inline u64 finished(float x, const Instruction& in) {
  if (x != x) return 0x7fffffffu;
  x = flushed(x, in.flushes);
  if (in.saturates) x = x < 0 ? 0.f : x > 1 ? 1.f : x;
  return bits_of_float(x);
}
inline u64 finished(double x, const Instruction&) {
  return x != x ? 0xfff8000000000000ull : bits_of_float(x);
}

}  // namespace ptxemu
