// What atomic instructions and reductions of a warp make of two values.
#include <algorithm>

#include "floats.h"

namespace ptxemu {

namespace {

u64 added(Type type, u64 a, u64 b) {
  if (type == Type::f32) return bits_of_float(float_of<float>(a) + float_of<float>(b));
  if (type == Type::f64) return bits_of_float(float_of<double>(a) + float_of<double>(b));
  return truncated(a + b, size_of(type));
}

bool is_less(Type type, u64 a, u64 b) {
  switch (type) {
    case Type::s32:
      return static_cast<s32>(a) < static_cast<s32>(b);
    case Type::s64:
      return static_cast<s64>(a) < static_cast<s64>(b);
    case Type::u32:
      return static_cast<u32>(a) < static_cast<u32>(b);
    default:
      return a < b;
  }
}

}  // namespace

u64 combined(const Instruction& in, u64 old, u64 b, u64 c) {
  const u32 count = static_cast<u32>(old), last = static_cast<u32>(b);
  switch (in.atomic) {
    case Atomic::add:
      return added(in.type, old, b);
    case Atomic::bit_and:
      return old & b;
    case Atomic::bit_or:
      return old | b;
    case Atomic::bit_xor:
      return old ^ b;
    case Atomic::min:
      return is_less(in.type, old, b) ? old : b;
    case Atomic::max:
      return is_less(in.type, old, b) ? b : old;
    case Atomic::inc:
      return count >= last ? 0 : count + 1;
    case Atomic::dec:
      return count == 0 || count > last ? last : count - 1;
    case Atomic::exch:
      return b;
    case Atomic::cas:
      return old == b ? c : old;
    default:
      return old;
  }
}

}  // namespace ptxemu
