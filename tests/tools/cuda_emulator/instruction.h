// One instruction of PTX, from its predicate to its semicolon.
#pragma once
#include "cursor.h"
#include "names.h"

namespace ptxemu {

/// Places in the code that instructions name before they are known.
struct Jumps {
  std::map<std::string, u32> labels;
  std::map<std::string, std::vector<std::string>> tables;  // of brx
  std::vector<std::pair<std::size_t, std::string>> to_label, to_table;
};

/// Reads an instruction, the `index`-th of its function. What is not supported becomes
/// `Op::unsupported`, and its operands are left out.
Instruction read_instruction(Cursor& cursor, Names& names, Jumps& jumps, std::size_t index);

/// Reads an operand; immediate floats become of `type`. A name that nothing has, or a function's,
/// throws UnknownName.
Operand read_operand(Cursor& cursor, Names& names, Type type);

struct UnknownName {};

}  // namespace ptxemu
