// cvt: between integers and floats of all sizes.
#include <algorithm>

#include "floats.h"

namespace ptxemu {

namespace {

template <class F>
F to_whole(F x, Rounding rounding) {
  switch (rounding) {
    case Rounding::int_nearest:
      return std::nearbyint(x);
    case Rounding::int_zero:
      return std::trunc(x);
    case Rounding::int_down:
      return std::floor(x);
    case Rounding::int_up:
      return std::ceil(x);
    default:
      return x;
  }
}

float source_float(u64 a, const Instruction& in) { return flushed(float_of<float>(a), in.flushes); }

u64 float_to_float(const Instruction& in, u64 a) {
  if (in.second_type == Type::f32) {
    if (in.type == Type::f64) return bits_of_float<double>(source_float(a, in));
    return finished(to_whole(source_float(a, in), in.rounding), in);
  }
  const double x = float_of<double>(a);
  if (in.type == Type::f64) return bits_of_float(to_whole(x, in.rounding));
  const RoundingScope scope(in.rounding);
  volatile double wide = x;
  volatile float narrow = static_cast<float>(wide);
  return finished(float(narrow), in);
}

// Beyond the type's range its limits, for NaN 0.
u64 float_to_integer(const Instruction& in, u64 a) {
  double x = in.second_type == Type::f64 ? float_of<double>(a) : source_float(a, in);
  if (x != x) return 0;
  x = to_whole(x, in.rounding == Rounding::none ? Rounding::int_zero : in.rounding);
  const bool sign = is_signed(in.type);
  const u32 size = size_of(in.type), bits = 8 * size - sign;
  if (x >= std::ldexp(1.0, static_cast<int>(bits))) return ~0ull >> (64 - bits);
  if (x <= (sign ? -std::ldexp(1.0, static_cast<int>(bits)) : 0.0)) return sign ? 1ull << bits : 0;
  return truncated(sign ? static_cast<u64>(static_cast<s64>(x)) : static_cast<u64>(x), size);
}

// A register's value as 64 bits with the type's sign.
s64 extended(u64 a, Type type) {
  const u32 shift = 64 - 8 * size_of(type);
  return is_signed(type) ? static_cast<s64>(a << shift) >> shift
                         : static_cast<s64>(a << shift >> shift);
}

template <class F>
u64 integer_to_float(const Instruction& in, s64 v) {
  const RoundingScope scope(in.rounding);
  volatile s64 whole = v;
  volatile F x =
      is_signed(in.second_type) ? static_cast<F>(s64(whole)) : static_cast<F>(u64(whole));
  return bits_of_float(F(x));
}

s64 saturated(s64 v, const Instruction& in) {
  const bool sign = is_signed(in.type);
  const s128 above = s128(1) << (8 * size_of(in.type) - sign);
  const s128 exact = is_signed(in.second_type) ? s128(v) : s128(u64(v));
  return static_cast<s64>(std::clamp(exact, sign ? -above : 0, above - 1));
}

u64 integer_to_integer(const Instruction& in, s64 v) {
  if (in.saturates) v = saturated(v, in);
  // The smallest register has 16 bits: they have the sign of a byte.
  if (in.type == Type::s8) return static_cast<u16>(static_cast<s8>(v));
  return truncated(static_cast<u64>(v), size_of(in.type));
}

bool is_half(Type type) { return type == Type::f16 || type == Type::bf16; }

}  // namespace

u64 converted(Thread& t, const Instruction& in) {
  if (is_half(in.type) || is_half(in.second_type)) not_supported(t, in, "cvt");
  const u64 a = value(t, in.a);
  if (is_float(in.second_type))
    return is_float(in.type) ? float_to_float(in, a) : float_to_integer(in, a);
  const s64 v = extended(a, in.second_type);
  if (in.type == Type::f32) return integer_to_float<float>(in, v);
  if (in.type == Type::f64) return integer_to_float<double>(in, v);
  return integer_to_integer(in, v);
}

}  // namespace ptxemu
