// What the runtime and the interpreter of kernels know of each other: a launch and how it ended,
// the memory of the devices with what is known of each byte, settings, reports.
#pragma once
#include <cstring>
#include <random>

#include "ptx.h"

namespace ptxemu {

struct Dim {
  u32 x, y, z;
  u32 count() const { return x * y * z; }
};

struct Launch {
  Function* function;
  Dim grid, block;
  u32 dynamic_shared;
  std::vector<u8> params;
  u32 op;  // its number among the operations of all streams
};

enum class Fault {
  none,
  illegal_address,
  misaligned,
  assertion,
  trap,
  illegal_instruction,
  timeout
};

/// Runs a launch to its end or its first fault.
Fault execute(const Launch& launch);

/// Who has read or written a byte last: an operation, and of a kernel which thread. One word with
/// shifts, as bit-fields are written in pieces and read in one, which is slow.
class Use {
 public:
  Use() = default;
  Use(u32 thread, u32 op, u32 barriers, bool strong)
      : bits_(1ull << 63 | u64(strong) << 62 | u64(barriers & 0x3ff) << 52 |
              u64(op & 0xfffff) << 32 | thread) {}
  /// By an operation that is no kernel, or not by one of its threads.
  static Use by(u32 op) { return {~0u, op, 0, false}; }

  bool is_known() const { return bits_ != 0; }
  bool is_strong() const { return bits_ >> 62 & 1; }
  u32 barriers() const { return bits_ >> 52 & 0x3ff; }  // that the thread's block had passed
  u32 op() const { return bits_ >> 32 & 0xfffff; }
  u32 thread() const { return static_cast<u32>(bits_); }
  bool operator==(const Use&) const = default;

 private:
  u64 bits_ = 0;
};

/// What `DevMem::shadow` says of a byte.
enum : u8 { is_allocated = 1, is_written = 2 };

/// Memory of all devices. The program has addresses from `base`; the bytes are at `store`.
struct DevMem {
  u64 base = 0, size = 0;
  u8* store = nullptr;
  u8* shadow = nullptr;
  Use* writes = nullptr;
  Use* reads = nullptr;
};
extern DevMem dm;

bool hostPinned(u64 address, u32 bytes);
/// Whether an operation is over before another begins, by streams and events.
bool hb(u32 before, u32 after);
std::string opname(u32 op);
std::string describe(u64 address);

struct Cfg {
  bool race = true, init = true;
  bool random = false;
  u64 seed = 1;
  u64 maxinstr = 20000000000ull;
  u32 resident = 4;  // blocks that run by turns when the order is random
  int verbose = 0;
  bool mix = false;
};
extern Cfg cfg;
extern u64 nerrors, ninstr;
extern std::mt19937_64 rng;

/// Says which instructions were executed how often (mix.cpp).
void print_counts();

/// Counts an error, and says it when it is the first of its key.
void report(const char* kind, const std::string& key, const std::string& text);

}  // namespace ptxemu
