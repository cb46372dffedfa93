// ptxemu: functional PTX emulator behind a replacement libcudart.so (own code, C++17).
#pragma once
#include <cstdint>
#include <cstring>
#include <cstdio>
#include <cstdlib>
#include <cmath>
#include <string>
#include <vector>
#include <map>
#include <unordered_map>
#include <memory>
#include <functional>
#include <stdexcept>
namespace ptxemu {
using u8 = uint8_t;
using u16 = uint16_t;
using u32 = uint32_t;
using u64 = uint64_t;
using s8 = int8_t;
using s16 = int16_t;
using s32 = int32_t;
using s64 = int64_t;

enum Ty : u8 {
  T_NONE,
  T_PRED,
  T_B8,
  T_B16,
  T_B32,
  T_B64,
  T_B128,
  T_U8,
  T_U16,
  T_U32,
  T_U64,
  T_S8,
  T_S16,
  T_S32,
  T_S64,
  T_F16,
  T_F32,
  T_F64,
  T_BF16
};
inline int tysize(Ty t) {
  switch (t) {
    case T_B8:
    case T_U8:
    case T_S8:
    case T_PRED:
      return 1;
    case T_B16:
    case T_U16:
    case T_S16:
    case T_F16:
    case T_BF16:
      return 2;
    case T_B32:
    case T_U32:
    case T_S32:
    case T_F32:
      return 4;
    case T_B64:
    case T_U64:
    case T_S64:
    case T_F64:
      return 8;
    case T_B128:
      return 16;
    default:
      return 0;
  }
}
inline bool issigned(Ty t) { return t >= T_S8 && t <= T_S64; }
inline bool isfloat(Ty t) { return t >= T_F16; }

enum Op : u16 {
  O_UNSUP,
  O_NOP,
  O_ADD,
  O_SUB,
  O_MUL,
  O_MAD,
  O_FMA,
  O_DIV,
  O_REM,
  O_ABS,
  O_NEG,
  O_MIN,
  O_MAX,
  O_AND,
  O_OR,
  O_XOR,
  O_NOT,
  O_CNOT,
  O_SHL,
  O_SHR,
  O_SHF,
  O_BFE,
  O_BFI,
  O_BFIND,
  O_BREV,
  O_POPC,
  O_CLZ,
  O_LOP3,
  O_PRMT,
  O_SAD,
  O_MOV,
  O_SELP,
  O_SLCT,
  O_SETP,
  O_SET,
  O_CVT,
  O_CVTA,
  O_LD,
  O_ST,
  O_ATOM,
  O_RED,
  O_BRA,
  O_BRX,
  O_CALL,
  O_RET,
  O_EXIT,
  O_TRAP,
  O_BAR,
  O_BARRED,
  O_FENCE,
  O_VOTE,
  O_SHFL,
  O_MATCH,
  O_ACTIVEMASK,
  O_REDUX,
  O_WARPSYNC,
  O_BMSK,
  O_FNS,
  O_RCP,
  O_SQRT,
  O_RSQRT,
  O_EX2,
  O_LG2,
  O_SIN,
  O_COS,
  O_TANH,
  O_COPYSIGN,
  O_TESTP,
  O_ISSPACEP,
  O_ADDC,
  O_SUBC,
  O_MADC,
  O_CPASYNC,
  O_DP4A,
  O_ELECT,
  O_CLOCK
};
enum Sp : u8 { SP_GENERIC, SP_GLOBAL, SP_SHARED, SP_LOCAL, SP_PARAM, SP_CONST };
enum Rnd : u8 { R_NONE, R_RN, R_RZ, R_RM, R_RP, R_RNI, R_RZI, R_RMI, R_RPI };
enum Cmp : u8 {
  C_EQ,
  C_NE,
  C_LT,
  C_LE,
  C_GT,
  C_GE,
  C_LO,
  C_LS,
  C_HI,
  C_HS,
  C_EQU,
  C_NEU,
  C_LTU,
  C_LEU,
  C_GTU,
  C_GEU,
  C_NUM,
  C_NAN
};
enum BoolOp : u8 { B_NONE, B_AND, B_OR, B_XOR };
enum AOp : u8 { A_ADD, A_AND, A_OR, A_XOR, A_MIN, A_MAX, A_INC, A_DEC, A_EXCH, A_CAS };
constexpr u64 TAG_SHARED = 0xE5ull << 56, TAG_LOCAL = 0xD5ull << 56, TAG_PARAM = 0xC5ull << 56,
              TAG_MASK = 0xFFull << 56;

struct Opnd {
  enum K : u8 { NONE, R, I, V, A, F } k = NONE;
  u32 reg = 0;
  bool neg = false;
  bool hasreg = false;
  u64 imm = 0;
  std::vector<Opnd> v;
};
struct Func;
struct Ins {
  Op op = O_UNSUP;
  Ty ty = T_NONE, ty2 = T_NONE;
  Sp sp = SP_GENERIC, sp2 = SP_GENERIC;
  u8 vec = 1;
  Rnd rnd = R_NONE;
  Cmp cmp = C_EQ;
  BoolOp bop = B_NONE;
  AOp aop = A_ADD;
  u8 mode = 0;  // mul: 0 lo 1 hi 2 wide; shf: 0 l 1 r; shfl: 0 idx 1 up 2 down 3 bfly; vote: 0 all
                // 1 any 2 uni 3 ballot; bar.red: 0 popc 1 and 2 or
  bool ftz = false, sat = false, approx = false, strong = false, cc = false, wrap = false,
       uni = false, to = false, isarrive = false, full = false;
  s32 pred = -1;
  bool predneg = false;
  u32 target = 0;
  u32 line = 0;
  Opnd d, d2, a, b, c, e;
  std::vector<u32> targets;
  Func* callee = nullptr;
  std::string calleeName;
  std::vector<Opnd> cargs, crets;
  std::string text;
};
struct Param {
  std::string name;
  u32 off, size, align;
};
struct Var {
  std::string name;
  Sp sp;
  u64 addr = 0;
  u64 size = 0;
  u32 align = 1;
  bool ext = false;
  std::vector<u8> init;
  std::vector<std::pair<u32, std::string>> reloc;
};
struct Special {
  u32 reg;
  int which;
};
struct Func {
  std::string name;
  bool entry = false;
  bool defined = false;
  std::vector<Param> params, rets;
  u32 paramBytes = 0, retBytes = 0;
  u32 nregs = 0;
  u32 localBytes = 0;
  u32 sharedBytes = 0;
  u32 maxntid = 0;
  u32 pbufBytes = 0;
  std::vector<Ins> code;
  std::vector<Special> specials;
  std::map<std::string, u32> sharedOff;
  bool usesExternShared = false;
  u32 maxDyn = 48 * 1024;
  bool isThrust = false;
};
struct Module {
  int sm = 0;
  std::map<std::string, std::unique_ptr<Func>> funcs;
  std::map<std::string, Var> vars;
  std::string text;
};
std::unique_ptr<Module> parse(const std::string& text, const std::function<u64(Var&)>& allocGlobal);
enum {
  SPR_TIDX,
  SPR_TIDY,
  SPR_TIDZ,
  SPR_NTIDX,
  SPR_NTIDY,
  SPR_NTIDZ,
  SPR_CTAX,
  SPR_CTAY,
  SPR_CTAZ,
  SPR_NCTAX,
  SPR_NCTAY,
  SPR_NCTAZ,
  SPR_LANE,
  SPR_WARP,
  SPR_NWARP,
  SPR_SMID,
  SPR_NSMID,
  SPR_EQ,
  SPR_LT,
  SPR_LE,
  SPR_GT,
  SPR_GE,
  SPR_ZERO,
  SPR_GRIDID,
  SPR_DYNSMEM,
  SPR_TOTSMEM
};
}  // namespace ptxemu
