// Threads execute: what each instruction is done by, and where the thread goes on.
#include "machine.h"

namespace ptxemu {

namespace {

enum class Next { after, here, rest };  // the next instruction, the one at pc, another thread
using Execute = Next(Thread&, const Instruction&);

template <Compute compute>
Next gives(Thread& t, const Instruction& in) {
  set(t, in.d, compute(t, in));
  return Next::after;
}

template <void act(Thread&, const Instruction&)>
Next does(Thread& t, const Instruction& in) {
  act(t, in);
  return Next::after;
}

Next refuse(Thread& t, const Instruction& in) { not_supported(t, in); }
Next pass(Thread&, const Instruction&) { return Next::after; }

Next pause(Thread& t, const Instruction&) {
  ++t.pc;
  return Next::rest;
}

Next branch(Thread& t, const Instruction& in) {
  t.pc = in.target;
  return Next::here;
}

Next branch_by_table(Thread& t, const Instruction& in) {
  const u32 index = static_cast<u32>(value(t, in.a));
  if (index >= in.targets.size()) fault(Fault::illegal_instruction, t, in, "brx index");
  t.pc = in.targets[index];
  return Next::here;
}

Next call_function(Thread& t, const Instruction& in) {
  if (!in.callee || !in.callee->defined) {
    call_builtin(t, in);
    return Next::after;
  }
  call(t, in);
  return Next::here;
}

Next leave_kernel(Thread& t, const Instruction&) {
  leave(t);
  return Next::rest;
}

Next return_to_caller(Thread& t, const Instruction& in) {
  return return_from(t) ? Next::here : leave_kernel(t, in);
}

Next trap(Thread& t, const Instruction& in) { fault(Fault::trap, t, in, "trap"); }

Next synchronise_block(Thread& t, const Instruction& in) {
  wait_at_barrier(t, in);
  return Next::rest;
}

// The mask is the operand `mask`; without one it is the whole warp.
template <Operand Instruction::*mask>
Next synchronise_lanes(Thread& t, const Instruction& in) {
  const Operand& o = in.*mask;
  wait_for_lanes(t, o.kind == Operand::Kind::none ? ~0u : static_cast<u32>(value(t, o)));
  return t.state == State::runs ? Next::here : Next::rest;
}

Next ask_active_mask(Thread& t, const Instruction&) {
  t.state = State::at_active_mask;
  --t.block->runnable;
  return Next::rest;
}

constexpr Execute* execute_of(Op op) {
  switch (op) {
    case Op::nothing:
      return pass;
    case Op::pause:
      return pause;
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::mad:
    case Op::div:
    case Op::rem:
    case Op::abs:
    case Op::neg:
    case Op::min:
    case Op::max:
    case Op::sad:
      return gives<arithmetic>;
    case Op::rcp:
    case Op::sqrt:
    case Op::rsqrt:
    case Op::ex2:
    case Op::lg2:
    case Op::sin:
    case Op::cos:
    case Op::copysign:
      return gives<float_arithmetic>;
    case Op::carrying_add:
    case Op::carrying_sub:
    case Op::carrying_mad:
      return gives<carrying_arithmetic>;
    case Op::dp4a:
      return gives<dot_product>;
    case Op::testp:
      return gives<has_property>;
    case Op::bit_and:
    case Op::bit_or:
    case Op::bit_xor:
    case Op::bit_not:
      return gives<bitwise>;
    case Op::shl:
    case Op::shr:
      return gives<shifted>;
    case Op::popc:
    case Op::clz:
    case Op::bfind:
      return gives<counted>;
    case Op::brev:
      return gives<reversed>;
    case Op::bfe:
      return gives<field>;
    case Op::bfi:
      return gives<inserted_field>;
    case Op::bmsk:
      return gives<mask_of_bits>;
    case Op::shf:
      return gives<funnel_shifted>;
    case Op::lop3:
      return gives<any_logic>;
    case Op::prmt:
      return gives<permuted_bytes>;
    case Op::mov:
      return does<move>;
    case Op::selp:
      return gives<selected>;
    case Op::setp:
    case Op::set:
      return does<compare>;
    case Op::cvt:
      return gives<converted>;
    case Op::cvta:
      return gives<address_of_space>;
    case Op::isspacep:
      return gives<is_of_space>;
    case Op::ld:
      return does<load>;
    case Op::st:
      return does<store>;
    case Op::cp_async:
      return does<copy_to_shared>;
    case Op::atom:
      return does<update>;
    case Op::bra:
      return branch;
    case Op::brx:
      return branch_by_table;
    case Op::call:
      return call_function;
    case Op::ret:
      return return_to_caller;
    case Op::exit:
      return leave_kernel;
    case Op::trap:
      return trap;
    case Op::bar:
    case Op::bar_red:
      return synchronise_block;
    case Op::warp_sync:
      return synchronise_lanes<&Instruction::a>;
    case Op::vote:
    case Op::match:
    case Op::redux:
      return synchronise_lanes<&Instruction::b>;
    case Op::shfl:
      return synchronise_lanes<&Instruction::e>;
    case Op::active_mask:
      return ask_active_mask;
    default:
      return refuse;
  }
}

struct Table {
  Execute* by_op[static_cast<std::size_t>(Op::count)];

  constexpr Table() : by_op() {
    for (std::size_t op = 0; op < std::size(by_op); ++op)
      by_op[op] = execute_of(static_cast<Op>(op));
  }
};
constexpr Table table;

}  // namespace

void step(Thread& t, u64 instructions) {
  while (instructions-- > 0) {
    const Instruction& in = t.instruction();
    ++ninstr;
    if (cfg.mix) count(in);
    if (budget-- == 0) fault(Fault::timeout, t, in, "instruction budget used up (endless loop?)");
    if (in.predicate >= 0 && ((t.registers[in.predicate] & 1) != 0) == in.unless) {
      ++t.pc;
      continue;
    }
    switch (table.by_op[static_cast<u8>(in.op)](t, in)) {
      case Next::after:
        ++t.pc;
        break;
      case Next::here:
        break;
      case Next::rest:
        return;
    }
  }
}

}  // namespace ptxemu
