// What runs: threads with their frames, blocks with their shared memory. One launch at a time, in
// the calling thread. What an instruction does is in the sources named below.
#pragma once
#include <algorithm>

#include "exec.h"

namespace ptxemu {

struct Block;

struct Frame {
  const Function* function = nullptr;
  u32 pc = 0;  // of the call, while a function called runs
  std::vector<u64> registers;
  std::vector<u8> params, local;
  const Instruction* call = nullptr;
};

enum class State : u8 {
  runs,
  at_barrier,
  at_warp_sync,    // waits for the lanes of its mask
  at_active_mask,  // waits until no lane of its warp can run
  done
};

struct Thread {
  State state = State::runs;
  u32 index = 0, lane = 0, warp = 0;
  u32 in_grid = 0;
  Block* block = nullptr;
  std::vector<Frame> frames;
  // Of the last frame, where every instruction needs them.
  u64* registers = nullptr;
  const Function* function = nullptr;
  u32 pc = 0;
  bool carry = false;
  // What it waits for.
  u32 mask = 0;
  u32 barrier = 0;
  bool vote = false;
  // What it has waited for: accesses on either side are ordered.
  u32 barriers = 0, warp_syncs = 0;

  const Instruction& instruction() const { return function->code[pc]; }
};

/// Who has touched a byte of shared memory; one word, as Use.
class SharedUse {
 public:
  SharedUse() = default;
  SharedUse(const Thread& t, bool strong)
      : bits_(1ull << 63 | u64(strong) << 62 | u64(t.index & 0x3ff) << 48 |
              u64(t.barriers & 0xffffff) << 24 | (t.warp_syncs & 0xffffff)) {}

  bool is_known() const { return bits_ != 0; }
  bool is_strong() const { return bits_ >> 62 & 1; }
  u32 thread() const { return bits_ >> 48 & 0x3ff; }
  u32 barriers() const { return bits_ >> 24 & 0xffffff; }
  u32 warp_syncs() const { return bits_ & 0xffffff; }
  bool operator==(const SharedUse&) const = default;

 private:
  u64 bits_ = 0;
};

struct SharedByte {
  SharedUse write, read, read_by_other;
  bool operator==(const SharedByte&) const = default;
};

struct SharedMemory {
  std::vector<u8> bytes, written;
  std::vector<SharedByte> uses;

  explicit SharedMemory(u32 size) : bytes(size, 0xCD), written(size), uses(size) {}
};

struct Barrier {
  u32 waiting = 0;
  u32 wanted = 0;  // threads that open it, 0: all that have not ended
};

struct Block {
  u32 index;
  Dim place;
  std::vector<Thread> threads;
  u32 live, runnable;
  SharedMemory fixed, dynamic;
  Barrier barriers[16] = {};
};

inline const Launch* running = nullptr;

inline u32 lanes_of(const Block& block, u32 warp) {
  return std::min<u32>(32, static_cast<u32>(block.threads.size()) - warp * 32);
}

/// Gives the x, y and z of an index in which x is the fastest.
inline Dim place_of(u32 index, const Dim& size) {
  return {index % size.x, index / size.x % size.y, index / size.x / size.y};
}

inline u64 value(const Thread& t, const Operand& o) {
  return o.kind == Operand::Kind::reg ? t.registers[o.reg] : o.value;
}
inline bool truth(const Thread& t, const Operand& o) {
  return ((value(t, o) & 1) != 0) != o.negated;
}
inline u64 address(const Thread& t, const Operand& o) {
  return (o.has_register ? t.registers[o.reg] : 0) + o.value;
}
inline void set(Thread& t, const Operand& o, u64 v) {
  if (o.kind == Operand::Kind::reg) t.registers[o.reg] = v;
}

inline u64 truncated(u64 v, u32 bytes) { return bytes >= 8 ? v : v & ((1ull << 8 * bytes) - 1); }

// ---- errors (faults.cpp)

/// Reports what a thread's instruction does wrong; once for each instruction and kind.
void complain(const char* kind, const Thread& t, const Instruction& in, const std::string& what);
struct Killed {
  Fault fault;
};
/// Reports, and ends the launch.
[[noreturn]] void fault(Fault fault, const Thread& t, const Instruction& in,
                        const std::string& what);
[[noreturn]] void not_supported(const Thread& t, const Instruction& in,
                                const char* what = "instruction");

// ---- what instructions give

using Compute = u64(Thread&, const Instruction&);
Compute arithmetic, carrying_arithmetic, dot_product;                              // arithmetic.cpp
Compute bitwise, shifted, counted, reversed, field, inserted_field, mask_of_bits;  // bits.cpp
Compute funnel_shifted, any_logic, permuted_bytes;                                 // bits.cpp
Compute float_arithmetic, has_property;                                            // floats.cpp
Compute converted;                                // conversions.cpp
Compute selected, address_of_space, is_of_space;  // moves.cpp

/// Gives what an atomic instruction leaves in memory (atomics.cpp).
u64 combined(const Instruction& in, u64 old, u64 b, u64 c);

// ---- what instructions do (moves.cpp, memory_access.cpp)

void move(Thread& t, const Instruction& in);
void compare(Thread& t, const Instruction& in);
void load(Thread& t, const Instruction& in);
void store(Thread& t, const Instruction& in);
void copy_to_shared(Thread& t, const Instruction& in);
void update(Thread& t, const Instruction& in);

struct Access {
  u64 address;
  Space space;
  u32 bytes;
  bool reads, writes;
  bool strong;
};
/// Checks an access and gives where its bytes are.
u8* checked(Thread& t, const Instruction& in, const Access& access);
/// Checks that an access is ordered after all that it must not meet (races.cpp).
void check_shared_race(Thread& t, const Instruction& in, const Access& access, SharedByte* uses);
void check_global_race(Thread& t, const Instruction& in, const Access& access);
/// Gives a value of memory as a register holds it.
u64 loaded(const u8* from, Type type);

// ---- functions (calls.cpp, builtins.cpp)

void enter(Thread& t, const Function& function);
/// Calls a function; the next instruction is its first.
void call(Thread& t, const Instruction& in);
/// Returns from a function; false when it was the kernel.
bool return_from(Thread& t);
/// Does what the device's library does: printf and failing assertions.
void call_builtin(Thread& t, const Instruction& in);

// ---- threads together (barriers.cpp, warps.cpp)

void leave(Thread& t);
void wait_at_barrier(Thread& t, const Instruction& in);
/// Lets a thread wait for the lanes of a mask; they go on when the last of them comes.
void wait_for_lanes(Thread& t, u32 mask);
void meet_lanes(Thread& t);
/// Answers activemask in a block that can't go on otherwise; false when nobody waits for it.
bool answer_active_mask(Block& block);

// ---- (step.cpp)

/// Counts an execution (mix.cpp).
void count(const Instruction& in);

/// Runs a thread until it waits, ends, or has executed so many instructions.
void step(Thread& t, u64 instructions);
/// How many instructions the launch may still execute.
inline u64 budget;

}  // namespace ptxemu
