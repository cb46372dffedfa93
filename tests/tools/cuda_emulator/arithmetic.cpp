// Arithmetic of integers. Registers hold values without sign, cut to their type.
#include <algorithm>
#include <limits>

#include "integers.h"

namespace ptxemu {

namespace {

// mul and mad: the low or the high half of the product, or all of it, plus `z`.
template <class T>
u64 product(const Instruction& in, T a, T b, u64 z) {
  const Wide<T> all = Wide<T>(a) * b;
  const u64 part = static_cast<u64>(in.mode == half_high ? all >> bits_of<T> : all) + z;
  return truncated(part, in.mode == half_both ? 2 * sizeof(T) : sizeof(T));
}

template <class T>
T sum(const Instruction& in, T a, T b) {
  using U = std::make_unsigned_t<T>;
  if (!in.saturates) return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
  using Limits = std::numeric_limits<s32>;  // add.sat is for s32 only
  return static_cast<T>(std::clamp<s64>(s64(a) + s64(b), Limits::min(), Limits::max()));
}

// What devices give for a division by zero, and for the one that overflows.
template <class T>
T quotient(T a, T b) {
  if (b == 0) return static_cast<T>(-1);
  if (std::is_signed_v<T> && b == static_cast<T>(-1))
    return static_cast<T>(0 - std::make_unsigned_t<T>(a));
  return static_cast<T>(a / b);
}

template <class T>
T remainder(T a, T b) {
  if (b == 0) return a;
  if (std::is_signed_v<T> && b == static_cast<T>(-1)) return 0;
  return static_cast<T>(a % b);
}

template <class T>
u64 compute(Thread& t, const Instruction& in) {
  using U = std::make_unsigned_t<T>;
  const T a = static_cast<T>(value(t, in.a)), b = static_cast<T>(value(t, in.b));
  const auto cut = [](auto v) { return static_cast<u64>(static_cast<U>(v)); };
  switch (in.op) {
    case Op::add:
      return cut(sum(in, a, b));
    case Op::sub:
      return cut(U(a) - U(b));
    case Op::mul:
      return product(in, a, b, 0);
    case Op::mad:
      return product(in, a, b, value(t, in.c));
    case Op::div:
      return cut(quotient(a, b));
    case Op::rem:
      return cut(remainder(a, b));
    case Op::abs:
      return cut(a < 0 ? 0 - U(a) : U(a));
    case Op::neg:
      return cut(0 - U(a));
    case Op::min:
      return cut(std::min(a, b));
    case Op::max:
      return cut(std::max(a, b));
    case Op::sad:
      return cut(U(value(t, in.c)) + (a > b ? U(a) - U(b) : U(b) - U(a)));
    default:
      not_supported(t, in);
  }
}

// The result with one bit more: the carry or, of a difference, the borrow.
template <class T>
u128 with_carry(const Thread& t, const Instruction& in) {
  using U = std::make_unsigned_t<T>;
  const T a = static_cast<T>(value(t, in.a)), b = static_cast<T>(value(t, in.b));
  const u32 carry = in.carry_in && t.carry;
  if (in.op == Op::carrying_add) return u128(U(a)) + U(b) + carry;
  if (in.op == Op::carrying_sub) return u128(U(a)) - U(b) - carry;
  return u128(product(in, a, b, 0)) + U(value(t, in.c)) + carry;
}

}  // namespace

u64 arithmetic(Thread& t, const Instruction& in) {
  if (is_float(in.type)) return float_arithmetic(t, in);
  return with_integer(t, in, [&](auto type) { return compute<decltype(type)>(t, in); });
}

u64 carrying_arithmetic(Thread& t, const Instruction& in) {
  const u32 size = size_of(in.type);
  const u128 result =
      with_integer(t, in, [&](auto type) { return with_carry<decltype(type)>(t, in); });
  if (in.carry_out) t.carry = result >> 8 * size & 1;
  return truncated(static_cast<u64>(result), size);
}

u64 dot_product(Thread& t, const Instruction& in) {
  const u64 a = value(t, in.a), b = value(t, in.b);
  s64 sum = static_cast<s64>(value(t, in.c));
  for (int shift = 0; shift < 32; shift += 8)
    sum += is_signed(in.type) ? s64(s8(a >> shift)) * s8(b >> shift)
                              : s64(u8(a >> shift)) * u8(b >> shift);
  return static_cast<u32>(sum);
}

}  // namespace ptxemu
