// Arithmetic of floats. The approximate functions are as good as the host's: nothing may depend on
// how bad a device's are.
#include "floats.h"

namespace ptxemu {

namespace {

// A number before NaN, -0 before 0.
template <class F>
F smaller(F a, F b) {
  if (a != a) return b;
  if (b != b) return a;
  return a < b || (a == b && std::signbit(a)) ? a : b;
}

template <class F>
F larger(F a, F b) {
  if (a != a) return b;
  if (b != b) return a;
  return a > b || (a == b && !std::signbit(a)) ? a : b;
}

// By way of double, also for floats.
double function(Op op, double x) {
  switch (op) {
    case Op::rsqrt:
      return 1.0 / std::sqrt(x);
    case Op::ex2:
      return std::exp2(x);
    case Op::lg2:
      return std::log2(x);
    case Op::sin:
      return std::sin(x);
    default:
      return std::cos(x);
  }
}

template <class F>
F compute(Thread& t, const Instruction& in) {
  const auto operand = [&](const Operand& o) {
    return flushed(float_of<F>(value(t, o)), in.flushes);
  };
  volatile F a = operand(in.a), b = operand(in.b), c = operand(in.c);
  volatile F result;
  switch (in.op) {
    case Op::add:
      result = a + b;
      break;
    case Op::sub:
      result = a - b;
      break;
    case Op::mul:
      result = a * b;
      break;
    case Op::mad:
      result = std::fma(F(a), F(b), F(c));
      break;
    case Op::div:
      result = a / b;
      break;
    case Op::rcp:
      result = F(1) / a;
      break;
    case Op::sqrt:
      result = std::sqrt(F(a));
      break;
    case Op::min:
      result = smaller<F>(a, b);
      break;
    case Op::max:
      result = larger<F>(a, b);
      break;
    case Op::rsqrt:
    case Op::ex2:
    case Op::lg2:
    case Op::sin:
    case Op::cos:
      result = static_cast<F>(function(in.op, a));
      break;
    default:
      not_supported(t, in);
  }
  return result;
}

// abs, neg and copysign: they keep the bits of a NaN.
template <class F>
u64 with_sign(Thread& t, const Instruction& in) {
  const u64 sign = 1ull << (sizeof(F) * 8 - 1);
  if (in.op == Op::copysign)
    return truncated((value(t, in.a) & sign) | (value(t, in.b) & ~sign), sizeof(F));
  const u64 a = bits_of_float(flushed(float_of<F>(value(t, in.a)), in.flushes));
  return in.op == Op::abs ? a & ~sign : a ^ sign;
}

template <class F>
u64 arithmetic_of(Thread& t, const Instruction& in) {
  if (in.op == Op::abs || in.op == Op::neg || in.op == Op::copysign) return with_sign<F>(t, in);
  const RoundingScope scope(in.rounding);
  return finished(compute<F>(t, in), in);
}

}  // namespace

u64 float_arithmetic(Thread& t, const Instruction& in) {
  if (in.type == Type::f64) return arithmetic_of<double>(t, in);
  if (in.type == Type::f32) return arithmetic_of<float>(t, in);
  not_supported(t, in);
}

u64 has_property(Thread& t, const Instruction& in) {
  const u64 a = value(t, in.a);
  const int kind = in.type == Type::f32 ? std::fpclassify(float_of<float>(a))
                                        : std::fpclassify(float_of<double>(a));
  switch (in.mode) {
    case is_finite:
      return kind != FP_NAN && kind != FP_INFINITE;
    case is_infinite:
      return kind == FP_INFINITE;
    case is_number:
      return kind != FP_NAN;
    case is_nan:
      return kind == FP_NAN;
    case is_normal:
      return kind == FP_NORMAL;
    default:
      return kind == FP_SUBNORMAL;
  }
}

}  // namespace ptxemu
