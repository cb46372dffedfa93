// Moves, choices, comparisons, and addresses from one memory's to generic ones and back.
#include "floats.h"
#include "integers.h"

namespace ptxemu {

namespace {

template <class T>
bool holds(Comparison c, T a, T b) {
  switch (c) {
    case Comparison::eq:
      return a == b;
    case Comparison::ne:
      return a != b;
    case Comparison::lt:
      return a < b;
    case Comparison::le:
      return a <= b;
    case Comparison::gt:
      return a > b;
    default:
      return a >= b;
  }
}

Comparison before(Comparison c, Comparison same, Comparison as) {
  return static_cast<Comparison>(static_cast<int>(c) - static_cast<int>(same) +
                                 static_cast<int>(as));
}

// lo, ls, hi and hs are lt, le, gt and ge without signs.
template <class T>
bool integers_compare(Comparison c, T a, T b) {
  using U = std::make_unsigned_t<T>;
  if (c < Comparison::lo) return holds(c, a, b);
  return holds(before(c, Comparison::lo, Comparison::lt), static_cast<U>(a), static_cast<U>(b));
}

template <class F>
bool floats_compare(Comparison c, F a, F b) {
  const bool unordered = a != a || b != b;
  if (c >= Comparison::num) return unordered == (c == Comparison::nan);
  if (unordered) return c >= Comparison::equ;
  return holds(c >= Comparison::equ ? before(c, Comparison::equ, Comparison::eq) : c, a, b);
}

bool comparison(const Thread& t, const Instruction& in) {
  const u64 a = value(t, in.a), b = value(t, in.b);
  if (in.type == Type::f64)
    return floats_compare(in.comparison, float_of<double>(a), float_of<double>(b));
  if (in.type == Type::f32)
    return floats_compare(in.comparison, flushed(float_of<float>(a), in.flushes),
                          flushed(float_of<float>(b), in.flushes));
  return with_integer(t, in, [&](auto type) {
    return integers_compare(in.comparison, decltype(type)(a), decltype(type)(b));
  });
}

bool joined(Logic logic, bool one, bool other) {
  switch (logic) {
    case Logic::both:
      return one && other;
    case Logic::either:
      return one || other;
    case Logic::one:
      return one != other;
    default:
      return one;
  }
}

u64 mark_of(Space space) {
  switch (space) {
    case Space::shared:
      return in_shared;
    case Space::local:
      return in_local;
    case Space::param:
      return in_param;
    default:
      return 0;
  }
}

}  // namespace

// A register may be cut into parts, and put together.
void move(Thread& t, const Instruction& in) {
  const u32 size = size_of(in.type);
  if (in.d.kind == Operand::Kind::parts) {
    const u32 part = size / static_cast<u32>(in.d.parts.size());
    u64 a = value(t, in.a);
    for (const Operand& o : in.d.parts) {
      set(t, o, truncated(a, part));
      a >>= 8 * part;
    }
  } else if (in.a.kind == Operand::Kind::parts) {
    const u32 part = size / static_cast<u32>(in.a.parts.size());
    u64 whole = 0;
    for (std::size_t i = in.a.parts.size(); i-- > 0;)
      whole = whole << 8 * part | truncated(value(t, in.a.parts[i]), part);
    set(t, in.d, whole);
  } else {
    set(t, in.d, in.type == Type::pred ? truth(t, in.a) : truncated(value(t, in.a), size));
  }
}

void compare(Thread& t, const Instruction& in) {
  const bool holds = comparison(t, in), other = truth(t, in.c);
  const bool result = joined(in.logic, holds, other);
  if (in.op == Op::set) {
    const u32 yes = in.second_type == Type::f32 ? 0x3f800000u : 0xffffffffu;
    return set(t, in.d, result ? yes : 0);
  }
  set(t, in.d, result);
  set(t, in.d2, joined(in.logic, !holds, other));
}

u64 selected(Thread& t, const Instruction& in) {
  return truncated(value(t, truth(t, in.c) ? in.a : in.b), size_of(in.type));
}

u64 address_of_space(Thread& t, const Instruction& in) {
  const u64 a = value(t, in.a), mark = mark_of(in.space);
  if (!in.to_space) return a | mark;
  return mark != 0 ? a & ~space_mark : a;
}

u64 is_of_space(Thread& t, const Instruction& in) {
  const u64 mark = value(t, in.a) & space_mark;
  if (in.space == Space::global) return mark != in_shared && mark != in_local && mark != in_param;
  return in.space != Space::constant && mark == mark_of(in.space);
}

}  // namespace ptxemu
