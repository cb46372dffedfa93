// What PTX text becomes: modules of functions and variables, functions of instructions with their
// operands. Plain values: the parser makes them, the interpreter only reads them.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ptxemu {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using s8 = std::int8_t;
using s16 = std::int16_t;
using s32 = std::int32_t;
using s64 = std::int64_t;
using u128 = unsigned __int128;
using s128 = __int128;

enum class Type : u8 {
  none,
  pred,
  b8,
  b16,
  b32,
  b64,
  b128,  // this and the 16-bit floats are known by name only: what uses them is not supported
  u8,
  u16,
  u32,
  u64,
  s8,
  s16,
  s32,
  s64,
  f16,
  bf16,
  f32,
  f64
};

/// Gives the bytes that a value of a type takes in memory; a predicate counts as one.
inline u32 size_of(Type type) {
  constexpr u8 sizes[] = {0, 1, 1, 2, 4, 8, 16, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8};
  return sizes[static_cast<u8>(type)];
}
inline bool is_signed(Type type) { return type >= Type::s8 && type <= Type::s64; }
inline bool is_float(Type type) { return type >= Type::f16; }

/// `.lo`, `.hi`, … are `Instruction::mode`; cvta, bar.sync and so on are kinds of their own.
enum class Op : u8 {
  unsupported,
  nothing,  // hints and fences: threads here see memory in order
  pause,
  add,
  sub,
  mul,
  mad,
  div,
  rem,
  abs,
  neg,
  min,
  max,
  carrying_add,  // add.cc, addc, addc.cc, and so on
  carrying_sub,
  carrying_mad,
  bit_and,
  bit_or,
  bit_xor,
  bit_not,
  shl,
  shr,
  shf,
  bfe,
  bfi,
  bfind,
  bmsk,
  brev,
  popc,
  clz,
  lop3,
  prmt,
  sad,
  dp4a,
  rcp,
  sqrt,
  rsqrt,
  ex2,
  lg2,
  sin,
  cos,
  copysign,
  testp,
  mov,
  selp,
  setp,
  set,
  cvt,
  cvta,
  isspacep,
  ld,
  st,
  cp_async,
  atom,
  bra,
  brx,
  call,
  ret,
  exit,
  trap,
  bar,
  bar_red,
  warp_sync,
  vote,
  shfl,
  match,
  redux,
  active_mask,
  count
};

// What `Instruction::mode` means, by instruction.
enum Half : u8 { half_low, half_high, half_both };             // mul, mad
enum Direction : u8 { to_left, to_right };                     // shf
enum Found : u8 { found_position, found_shift };               // bfind
enum Votes : u8 { vote_all, vote_any, vote_same, vote_mask };  // vote
enum Counts : u8 { count_true, all_true, some_true };          // bar.red
enum Lanes : u8 { by_index, from_below, from_above, across };  // shfl
enum Matches : u8 { match_some, match_all };                   // match
enum Property : u8 { is_finite, is_infinite, is_number, is_nan, is_normal, is_subnormal };  // testp

enum class Space : u8 { generic, global, shared, local, param, constant };
enum class Rounding : u8 {
  none,
  nearest,
  to_zero,
  down,
  up,
  int_nearest,
  int_zero,
  int_down,
  int_up
};
/// Comparisons; from `equ` on they also hold where an operand is no number.
enum class Comparison : u8 {
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
  lo,
  ls,
  hi,
  hs,
  equ,
  neu,
  ltu,
  leu,
  gtu,
  geu,
  num,
  nan
};
enum class Logic : u8 { none, both, either, one };
enum class Atomic : u8 { none, add, bit_and, bit_or, bit_xor, min, max, inc, dec, exch, cas };

// A generic address says by its first byte which memory it is in; global memory has no mark.
constexpr u64 in_shared = 0xE5ull << 56, in_local = 0xD5ull << 56, in_param = 0xC5ull << 56,
              space_mark = 0xFFull << 56;
/// Where shared memory begins whose size the launch gives.
constexpr u64 dynamic_shared = 0x40000000;

struct Operand {
  enum class Kind : u8 { none, reg, value, parts, address } kind = Kind::none;
  bool negated = false;       // a predicate behind '!'
  bool has_register = false;  // of an address
  u32 reg = 0;
  u64 value = 0;  // an immediate, or what is added to an address's register
  std::vector<Operand> parts;
};

struct Function;

struct Instruction {
  Op op = Op::unsupported;
  Type type = Type::none,
       second_type = Type::none;  // as written: `cvt.to.from`; set is `from`, `to`
  Space space = Space::generic;
  u8 width = 1;  // of a vector
  u8 mode = 0;
  Rounding rounding = Rounding::none;
  Comparison comparison = Comparison::eq;
  Logic logic = Logic::none;
  Atomic atomic = Atomic::none;
  bool flushes = false, saturates = false, wraps = false;
  bool strong = false;  // volatile, relaxed, … : no race with others of its kind
  bool carry_in = false, carry_out = false;
  bool to_space = false;  // cvta.to
  bool arrives = false;   // bar.arrive
  bool unless = false;    // @!p
  s32 predicate = -1;     // a register, none below 0
  u32 target = 0;
  u32 line = 0;
  Operand d, d2, a, b, c, e;
  std::vector<u32> targets;  // of brx
  Function* callee = nullptr;
  std::string callee_name;
  std::vector<Operand> arguments, results;
  std::string text;
};

struct Param {
  std::string name;
  u32 offset, size;
};

struct Relocation {
  u32 offset;  // of a pointer in the initial value
  std::string name;
  u64 addend;
};

struct Variable {
  std::string name;
  Space space = Space::global;
  u64 address = 0, size = 0;
  u32 align = 1;
  bool is_extern = false;
  std::vector<u8> init;
  std::vector<Relocation> relocations;
};

/// Registers that are set before a function begins, in the order of `enter` (calls.cpp).
enum class Special : u8 {
  tid_x,
  tid_y,
  tid_z,
  ntid_x,
  ntid_y,
  ntid_z,
  ctaid_x,
  ctaid_y,
  ctaid_z,
  nctaid_x,
  nctaid_y,
  nctaid_z,
  laneid,
  warpid,
  nwarpid,
  smid,
  nsmid,
  lanemask_eq,
  lanemask_lt,
  lanemask_le,
  lanemask_gt,
  lanemask_ge,
  dynamic_smem_size,
  total_smem_size,
  zero,  // clocks
  count
};

struct Function {
  std::string name;
  bool defined = false;
  bool is_library = false;  // of CUB or Thrust, whose kernels synchronise as no check here knows
  std::vector<Param> params, results;
  u32 param_bytes = 0;  // of `params` alone: where results begin, rounded up
  u32 frame_bytes = 0;  // params, results, and what calls put together, one after the other
  u32 registers = 0;
  u32 local_bytes = 0, shared_bytes = 0;
  u32 max_threads = 0;  // 0: not said
  std::vector<Instruction> code;
  std::vector<std::pair<u32, Special>> specials;  // by register
};

struct Module {
  int target = 0;  // compute capability
  std::map<std::string, std::unique_ptr<Function>> functions;
  std::map<std::string, Variable> variables;
  std::map<std::string, Variable> shared;  // declared outside of functions; each has its own copy
};

/// Where results lie in a frame.
inline u32 results_offset(const Function& f) { return (f.param_bytes + 15) & ~15u; }

/// Parses a module; `place` gives variables of global and constant memory their addresses. Throws
/// `std::runtime_error` with the line. What is not supported only fails when it is executed.
std::unique_ptr<Module> parse(const std::string& text, const std::function<u64(Variable&)>& place);

}  // namespace ptxemu
