#pragma once
#include "ptx.h"
#include <random>
namespace ptxemu {
struct Dim {
  u32 x, y, z;
};
struct Launch {
  Func* f;
  Dim grid, block;
  u32 dyn;
  std::vector<u8> params;
  u32 opid;
};
enum Fault {
  F_DONE = 0,
  F_ILLEGAL = 700,
  F_MISALIGNED = 716,
  F_ASSERT = 710,
  F_TRAP = 719,
  F_INSTR = 715,
  F_TIMEOUT = 702
};
Fault execute(const Launch& l);
// device memory model (mem.cpp part of runtime)
struct DevMem {
  u64 base = 0, size = 0;
  u8* store = nullptr;
  u8* shadow = nullptr;
  u64* raceW = nullptr;
  u64* raceR = nullptr;
};
extern DevMem dm;
bool hostPinned(u64 a, u32 n);
bool hb(u32 prevop, u32 curop);  // did prevop happen before curop?
std::string opname(u32 op);
std::string describe(u64 addr);
struct Cfg {
  bool race = true, init = true, trace = false, random = false;
  u64 seed = 1;
  u64 maxinstr = 20000000000ull;
  u32 resident = 4;
  int verbose = 0;
};
extern Cfg cfg;
extern u64 nerrors, ninstr;
extern std::mt19937_64 rng;
void report(const char* kind, const std::string& key, const std::string& msg);
}  // namespace ptxemu
