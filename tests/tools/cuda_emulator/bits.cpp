// Logic, shifts, fields of bits.
#include <algorithm>
#include <bit>

#include "integers.h"

namespace ptxemu {

namespace {

u64 ones(u32 n) { return n >= 64 ? ~0ull : (1ull << n) - 1; }

u64 logic(Op op, u64 a, u64 b) {
  switch (op) {
    case Op::bit_and:
      return a & b;
    case Op::bit_or:
      return a | b;
    case Op::bit_xor:
      return a ^ b;
    default:
      return ~a;
  }
}

// Shifts by the type's size or more give zeros, or the sign.
template <class T>
u64 shift(Op op, T a, u32 n) {
  using U = std::make_unsigned_t<T>;
  const bool right = op == Op::shr;
  if (n < bits_of<T>) return static_cast<U>(right ? a >> n : static_cast<U>(a) << n);
  return right && a < 0 ? static_cast<U>(-1) : 0;
}

template <class T>
u64 count(const Instruction& in, std::make_unsigned_t<T> a) {
  if (in.op == Op::popc) return static_cast<u64>(std::popcount(a));
  if (in.op == Op::clz) return static_cast<u64>(std::countl_zero(a));
  // bfind: the highest bit that differs from the sign
  if (std::is_signed_v<T> && static_cast<T>(a) < 0) a = static_cast<decltype(a)>(~a);
  const u32 zeros = static_cast<u32>(std::countl_zero(a));
  if (zeros == bits_of<T>) return 0xffffffffu;
  return in.mode == found_shift ? zeros : bits_of<T> - 1 - zeros;
}

// `length` bits from `begin`; above them, and where there are none, zeros or the field's sign.
template <class T>
u64 field_of(T a, u32 begin, u32 length) {
  using U = std::make_unsigned_t<T>;
  if (length == 0) return 0;
  const u32 there = begin < bits_of<T> ? std::min(length, bits_of<T> - begin) : 0;
  const u32 top = std::min(begin + length - 1, bits_of<T> - 1);
  const U bits = there > 0 ? static_cast<U>(U(a) >> begin & ones(there)) : 0;
  const bool fill = std::is_signed_v<T> && (U(a) >> top & 1);
  return static_cast<U>(bits | (fill ? ~ones(there) : 0));
}

}  // namespace

u64 bitwise(Thread& t, const Instruction& in) {
  if (in.type == Type::pred) return logic(in.op, truth(t, in.a), truth(t, in.b)) & 1;
  return truncated(logic(in.op, value(t, in.a), value(t, in.b)), size_of(in.type));
}

u64 shifted(Thread& t, const Instruction& in) {
  const u64 a = value(t, in.a);
  const u32 n = static_cast<u32>(value(t, in.b));
  return with_integer(
      t, in, [&](auto type) { return shift<decltype(type)>(in.op, decltype(type)(a), n); });
}

u64 counted(Thread& t, const Instruction& in) {
  const u64 a = value(t, in.a);
  return with_integer(t, in, [&](auto type) { return count<decltype(type)>(in, a); });
}

u64 reversed(Thread& t, const Instruction& in) {
  const u32 size = size_of(in.type) * 8;
  const u64 a = value(t, in.a);
  u64 result = 0;
  for (u32 i = 0; i < size; ++i) result |= (a >> i & 1) << (size - 1 - i);
  return result;
}

u64 field(Thread& t, const Instruction& in) {
  const u64 a = value(t, in.a);
  const u32 begin = value(t, in.b) & 255, length = value(t, in.c) & 255;
  return with_integer(t, in, [&](auto type) { return field_of(decltype(type)(a), begin, length); });
}

u64 inserted_field(Thread& t, const Instruction& in) {
  const u32 begin = value(t, in.c) & 255, length = value(t, in.e) & 255, size = size_of(in.type);
  if (begin >= 64) return value(t, in.b);
  const u64 mask = truncated(ones(length) << begin, size);
  return (value(t, in.b) & ~mask) | (value(t, in.a) << begin & mask);
}

u64 mask_of_bits(Thread& t, const Instruction& in) {
  u32 begin = static_cast<u32>(value(t, in.a)), length = static_cast<u32>(value(t, in.b));
  if (in.wraps) begin &= 31, length &= 31;
  return begin >= 32 ? 0 : static_cast<u32>(ones(std::min(length, 32u)) << begin);
}

u64 funnel_shifted(Thread& t, const Instruction& in) {
  const u64 both = value(t, in.b) << 32 | static_cast<u32>(value(t, in.a));
  const u32 by = static_cast<u32>(value(t, in.c)), n = in.wraps ? by & 31 : std::min(by, 32u);
  return static_cast<u32>(in.mode == to_right ? both >> n : both >> (32 - n));
}

// lop3: the third of its operands counts one in the number of a case, the first four.
u64 any_logic(Thread& t, const Instruction& in) {
  const u64 a = value(t, in.a), b = value(t, in.b), c = value(t, in.c), table = value(t, in.e);
  u64 result = 0;
  for (u32 i = 0; i < 8; ++i)
    if (table >> i & 1) result |= (i & 4 ? a : ~a) & (i & 2 ? b : ~b) & (i & 1 ? c : ~c);
  return static_cast<u32>(result);
}

u64 permuted_bytes(Thread& t, const Instruction& in) {
  const u64 bytes = value(t, in.b) << 32 | static_cast<u32>(value(t, in.a));
  const u64 choices = value(t, in.c);
  u64 result = 0;
  for (u32 i = 0; i < 4; ++i) {
    const u64 choice = choices >> 4 * i & 15;
    u8 byte = static_cast<u8>(bytes >> 8 * (choice & 7));
    if (choice & 8) byte = byte & 128 ? 255 : 0;  // its sign, everywhere
    result |= u64(byte) << 8 * i;
  }
  return result;
}

}  // namespace ptxemu
