// Functions begin and return. Arguments and results lie in frames, as parameters do in PTX.
#include "machine.h"

namespace ptxemu {

namespace {

constexpr std::size_t deepest = 200;  // frames

// In the order of Special.
void set_special_registers(Thread& t, const Function& f) {
  const Dim &block = running->block, &grid = running->grid, &place = t.block->place;
  const Dim thread = place_of(t.index, block);
  const u32 lane = 1u << t.lane, below = lane - 1;
  const u32 processors = 4;
  const u32 values[] = {thread.x,
                        thread.y,
                        thread.z,
                        block.x,
                        block.y,
                        block.z,
                        place.x,
                        place.y,
                        place.z,
                        grid.x,
                        grid.y,
                        grid.z,
                        t.lane,
                        t.warp,
                        (block.count() + 31) / 32,
                        t.block->index % processors,
                        processors,
                        lane,
                        below,
                        lane | below,
                        ~(lane | below),
                        ~below,
                        running->dynamic_shared,
                        running->dynamic_shared + running->function->shared_bytes,
                        0};
  static_assert(std::size(values) == static_cast<std::size_t>(Special::count));
  for (const auto& [reg, special] : f.specials) t.registers[reg] = values[static_cast<u8>(special)];
}

void go_on_in(Thread& t, Frame& frame, u32 pc) {
  t.registers = frame.registers.data();
  t.function = frame.function;
  t.pc = pc;
}

}  // namespace

void enter(Thread& t, const Function& f) {
  Frame& frame = t.frames.emplace_back();
  frame.function = &f;
  frame.registers.assign(f.registers + 1, 0xCDCDCDCDCDCDCDCDull);
  frame.params.resize(f.frame_bytes);
  frame.local.assign(f.local_bytes, 0xCD);
  go_on_in(t, frame, 0);
  set_special_registers(t, f);
}

void call(Thread& t, const Instruction& in) {
  if (t.frames.size() > deepest) fault(Fault::illegal_address, t, in, "call stack overflow");
  const Function& f = *in.callee;
  std::vector<u8> params(f.frame_bytes);
  for (std::size_t i = 0; i < in.arguments.size() && i < f.params.size(); ++i) {
    const Operand& argument = in.arguments[i];
    const u64 in_register = value(t, argument);
    const void* from = argument.kind == Operand::Kind::reg
                           ? static_cast<const void*>(&in_register)
                           : t.frames.back().params.data() + argument.value;
    std::memcpy(&params[f.params[i].offset], from, f.params[i].size);
  }
  t.frames.back().pc = t.pc;
  enter(t, f);
  t.frames.back().params = std::move(params);
  t.frames.back().call = &in;
}

bool return_from(Thread& t) {
  if (t.frames.size() == 1) return false;
  const Frame ended = std::move(t.frames.back());
  t.frames.pop_back();
  Frame& caller = t.frames.back();
  go_on_in(t, caller, caller.pc + 1);
  const Function& f = *ended.function;
  for (std::size_t i = 0; i < ended.call->results.size() && i < f.results.size(); ++i)
    std::memcpy(&caller.params[ended.call->results[i].value],
                &ended.params[results_offset(f) + f.results[i].offset], f.results[i].size);
  return true;
}

}  // namespace ptxemu
