// Reports of what a kernel's thread does wrong, with where it is.
#include "machine.h"

namespace ptxemu {

namespace {

std::string where(const Thread& t, const Instruction& in) {
  const Dim thread = place_of(t.index, running->block), block = t.block->place;
  char text[128];
  std::snprintf(text, sizeof text, "block (%u,%u,%u) thread (%u,%u,%u)", block.x, block.y, block.z,
                thread.x, thread.y, thread.z);
  return "kernel " + running->function->name.substr(0, 120) + " " + text + " PTX line " +
         std::to_string(in.line) + ": " + in.text;
}

}  // namespace

void complain(const char* kind, const Thread& t, const Instruction& in, const std::string& what) {
  report(kind, kind + running->function->name + std::to_string(in.line),
         what + "; " + where(t, in));
}

void fault(Fault fault, const Thread& t, const Instruction& in, const std::string& what) {
  complain("FAULT", t, in, what);
  throw Killed{fault};
}

void not_supported(const Thread& t, const Instruction& in, const char* what) {
  fault(Fault::illegal_instruction, t, in, std::string("ptxemu: ") + what + " not supported");
}

}  // namespace ptxemu
