// The C++ type of an instruction's integer type.
#pragma once
#include <type_traits>

#include "machine.h"

namespace ptxemu {

/// Calls `f` with a value of the type, and gives what it gives.
template <class F>
auto with_integer(const Thread& t, const Instruction& in, F f) {
  switch (in.type) {
    case Type::s16:
      return f(s16{});
    case Type::s32:
      return f(s32{});
    case Type::s64:
      return f(s64{});
    case Type::u16:
    case Type::b16:
      return f(u16{});
    case Type::u32:
    case Type::b32:
      return f(u32{});
    case Type::u64:
    case Type::b64:
      return f(u64{});
    default:
      not_supported(t, in, "type");
  }
}

/// Wide enough for any product; of a type's own sign.
template <class T>
using Wide = std::conditional_t<std::is_signed_v<T>, s128, u128>;

template <class T>
constexpr u32 bits_of = sizeof(T) * 8;

}  // namespace ptxemu
