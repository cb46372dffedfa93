// What stands behind the dots of an instruction's name: types, rounding, memory, …
#pragma once
#include "ptx.h"

namespace ptxemu {

/// A name cut at its dots; the first is the instruction's.
using Words = std::vector<std::string>;

bool has(const Words& words, const char* suffix);

/// Sets all that suffixes say of an instruction whose `op` is known.
void read_suffixes(Instruction& in, const Words& words);

}  // namespace ptxemu
