// Operands: registers, immediates, names of variables, `{a, b}` and `[address + offset]`.
#include <bit>

#include "instruction.h"

namespace ptxemu {

namespace {

Operand immediate(u64 value) {
  Operand o;
  o.kind = Operand::Kind::value;
  o.value = value;
  return o;
}

Operand read_parts(Cursor& cursor, Names& names, Type type) {
  Operand o;
  o.kind = Operand::Kind::parts;
  do o.parts.push_back(read_operand(cursor, names, type));
  while (cursor.eat(","));
  cursor.need("}");
  return o;
}

Operand read_address(Cursor& cursor, Names& names) {
  Operand o;
  o.kind = Operand::Kind::address;
  const Operand base = read_operand(cursor, names, Type::b64);
  o.has_register = base.kind == Operand::Kind::reg;
  o.reg = base.reg;
  o.value = base.value;
  if (cursor.eat("+") || cursor.is("-")) o.value += cursor.number();
  cursor.need("]");
  return o;
}

// 0f… may stand for a double and a decimal for a float.
Operand read_number(Cursor& cursor, Type type) {
  const bool negative = cursor.eat("-");
  const Token token = cursor.now();
  u64 value = cursor.number();
  if (token.is_f64 && type == Type::f32)
    value = std::bit_cast<u32>(static_cast<float>(std::bit_cast<double>(value)));
  if (token.is_f32 && type == Type::f64)
    value = std::bit_cast<u64>(static_cast<double>(std::bit_cast<float>(static_cast<u32>(value))));
  if (!negative) return immediate(value);
  if (!token.is_f32 && !token.is_f64) return immediate(0 - value);
  return immediate(
      value ^ (type == Type::f64 || (token.is_f64 && type != Type::f32) ? 1ull << 63 : 1ull << 31));
}

Operand read_name(Cursor& cursor, Names& names) {
  const std::string name = cursor.word();
  if (name == "_") return {};
  if (name == "WARP_SZ") return immediate(32);
  if (const auto reg = names.register_named(name)) {
    Operand o;
    o.kind = Operand::Kind::reg;
    o.reg = *reg;
    return o;
  }
  if (const auto symbol = names.symbol_named(name))
    return immediate(symbol->address + (cursor.eat("+") ? cursor.number() : 0));
  throw UnknownName{};
}

}  // namespace

Operand read_operand(Cursor& cursor, Names& names, Type type) {
  if (cursor.eat("{")) return read_parts(cursor, names, type);
  if (cursor.eat("[")) return read_address(cursor, names);
  if (cursor.is("-") || cursor.at_number()) return read_number(cursor, type);
  const bool negated = cursor.eat("!");
  Operand o = read_name(cursor, names);
  o.negated = negated;
  return o;
}

}  // namespace ptxemu
