#include "exec.h"
#include <deque>
#include <algorithm>
#include <cfenv>
#include <set>
namespace ptxemu {
namespace {
template <class T>
T bits(u64 v) {
  T t;
  memcpy(&t, &v, sizeof(T));
  return t;
}
template <class T>
u64 unbits(T t) {
  u64 v = 0;
  memcpy(&v, &t, sizeof(T));
  return v;
}
struct Frame {
  Func* f;
  u32 pc;
  std::vector<u64> regs;
  std::vector<u8> pbuf, local;
  const Ins* call = nullptr;
};
enum St : u8 { RUN, WBAR, WWARP, WSOFT, DONE };
struct Block;
struct Thr {
  St st = RUN;
  u32 tid = 0, lane = 0, warp = 0;
  u32 be = 0, we = 0;
  Block* b = nullptr;
  std::vector<Frame> fr;
  u64* R = nullptr;
  Func* f = nullptr;
  u32 pc = 0;
  u32 wmask = 0;
  u32 barid = 0;
  u32 gtid = 0;
  bool cf = false;
  bool redin = false;
};
struct ShRace {
  u64 w = 0, r1 = 0, r2 = 0;
};
struct Block {
  Dim id;
  std::vector<Thr> t;
  std::vector<u8> sh, dyn, shinit, dyninit;
  std::vector<ShRace> rs, rd;
  u32 live;
  u32 linear;
  u32 runnable;
};
struct Kill {
  Fault f;
};
const Launch* L;
u64 budget;
inline u64 val(const Thr& t, const Opnd& o) { return o.k == Opnd::R ? t.R[o.reg] : o.imm; }
inline bool pv(const Thr& t, const Opnd& o) {
  bool v = (o.k == Opnd::R ? t.R[o.reg] : o.imm) & 1;
  return v != o.neg;
}
inline void setr(Thr& t, const Opnd& o, u64 v) {
  if (o.k == Opnd::R) t.R[o.reg] = v;
}
std::string where(const Thr& t, const Ins& in) {
  const Dim& B = L->block;
  char b[256];
  snprintf(b, sizeof b, "block (%u,%u,%u) thread (%u,%u,%u)", t.b->id.x, t.b->id.y, t.b->id.z,
           t.tid % B.x, t.tid / B.x % B.y, t.tid / B.x / B.y);
  return std::string("kernel ") + L->f->name.substr(0, 120) + " " + b + " PTX line " +
         std::to_string(in.line) + ": " + in.text;
}
void rep(const char* kind, const Thr& t, const Ins& in, const std::string& m) {
  report(kind, std::string(kind) + L->f->name + std::to_string(in.line), m + "; " + where(t, in));
}
[[noreturn]] void fault(Fault f, const Thr& t, const Ins& in, const std::string& m) {
  rep("FAULT", t, in, m);
  throw Kill{f};
}
inline u64 pk(const Thr& t, bool strong) {
  return (1ull << 63) | (u64(strong) << 62) | (u64(t.tid & 0x3ff) << 48) |
         (u64(t.be & 0xffffff) << 24) | (t.we & 0xffffff);
}
bool ordered(u64 p, const Thr& t) {
  u32 tid = (p >> 48) & 0x3ff;
  if (tid == t.tid) return true;
  if (((p >> 24) & 0xffffff) != (t.be & 0xffffff)) return true;
  return (tid >> 5) == t.warp && (p & 0xffffff) != (t.we & 0xffffff);
}
void shrace(Thr& t, const Ins& in, ShRace* s, u32 n, bool w, bool strong) {
  u64 me = pk(t, strong);
  for (u32 i = 0; i < n; ++i) {
    ShRace& q = s[i];
    auto bad = [&](u64 p) { return p && !ordered(p, t) && !(strong && (p >> 62 & 1)); };
    if (bad(q.w)) {
      rep("RACE(shared)", t, in,
          std::string(w ? "write after write" : "read after write") + " by thread " +
              std::to_string((q.w >> 48) & 0x3ff) + " without a barrier between");
    }
    if (w && (bad(q.r1) || bad(q.r2)))
      rep("RACE(shared)", t, in,
          "write after read by thread " +
              std::to_string(((bad(q.r1) ? q.r1 : q.r2) >> 48) & 0x3ff) +
              " without a barrier between");
    if (w)
      q.w = me;
    else {
      if (q.r1 && ((q.r1 ^ me) >> 48 & 0x3ff)) q.r2 = q.r1;
      q.r1 = me;
    }
  }
}
// global race word: valid(1) strong(1) epoch(10) op(20) gtid(32)
void glrace(Thr& t, const Ins& in, u64 off, u32 n, bool w, bool strong, u64 addr) {
  u64 me = (1ull << 63) | (u64(strong) << 62) | (u64(t.be & 0x3ff) << 52) |
           (u64(L->opid & 0xfffff) << 32) | t.gtid;
  u32 bs = L->block.x * L->block.y * L->block.z;
  auto bad = [&](u64 p) -> int {
    if (!p) return 0;
    u32 op = (p >> 32) & 0xfffff;
    if (op != (L->opid & 0xfffff)) return hb(op, L->opid) ? 0 : 2;
    if (L->f->isThrust) return 0;
    u32 g = (u32)p;
    if (g == t.gtid || (strong && (p >> 62 & 1))) return 0;
    if (g / bs == t.gtid / bs) {
      if (((p >> 52) & 0x3ff) != (t.be & 0x3ff)) return 0;
      if (g % bs / 32 == t.tid / 32) return 0;
    }
    return 1;
  };
  for (u32 i = 0; i < n; ++i) {
    u64 W = dm.raceW[off + i], R = dm.raceR[off + i];
    int k;
    if ((k = bad(W)))
      rep(k == 2 ? "RACE(stream)" : "RACE(global)", t, in,
          std::string(w ? "write" : "read") + " of " + describe(addr) +
              " conflicts with a write by " +
              (k == 2 ? opname((W >> 32) & 0xfffff) + ", not ordered by stream/event"
                      : "thread " + std::to_string((u32)W % bs) + " of block " +
                            std::to_string((u32)W / bs) + " in the same launch"));
    else if (w && (k = bad(R)))
      rep(k == 2 ? "RACE(stream)" : "RACE(global)", t, in,
          "write of " + describe(addr) + " conflicts with a read by " +
              (k == 2 ? opname((R >> 32) & 0xfffff) + ", not ordered by stream/event"
                      : "thread " + std::to_string((u32)R % bs) + " of block " +
                            std::to_string((u32)R / bs) + " in the same launch"));
    if (w)
      dm.raceW[off + i] = me;
    else
      dm.raceR[off + i] = me;
  }
}
u8* mem(Thr& t, const Ins& in, u64 a, Sp sp, u32 n, bool wr, bool strong, bool rd = false) {
  if (sp == SP_GENERIC) {
    u64 tag = a & TAG_MASK;
    if (tag == TAG_SHARED) {
      sp = SP_SHARED;
      a &= ~TAG_MASK;
    } else if (tag == TAG_LOCAL) {
      sp = SP_LOCAL;
      a &= ~TAG_MASK;
    } else if (tag == TAG_PARAM) {
      sp = SP_PARAM;
      a &= ~TAG_MASK;
    } else
      sp = SP_GLOBAL;
  }
  bool reads = !wr || rd;
  if (a % n) fault(F_MISALIGNED, t, in, "misaligned " + std::to_string(n) + "-byte access");
  switch (sp) {
    case SP_SHARED: {
      Block& b = *t.b;
      a &= 0xffffffffu;
      bool dy = a >= 0x40000000u;
      u64 o = dy ? a - 0x40000000u : a;
      auto& v = dy ? b.dyn : b.sh;
      auto& si = dy ? b.dyninit : b.shinit;
      if (o + n > v.size())
        fault(F_ILLEGAL, t, in,
              std::string("out-of-bounds ") + (dy ? "dynamic" : "static") +
                  " shared access at offset " + std::to_string(o) + " of " +
                  std::to_string(v.size()));
      if (cfg.init) {
        if (reads)
          for (u32 i = 0; i < n; ++i)
            if (!si[o + i]) {
              if (!L->f->isThrust)
                rep("UNINIT(shared)", t, in, "read of uninitialised shared memory");
              break;
            }
        if (wr) memset(&si[o], 1, n);
      }
      if (cfg.race) shrace(t, in, (dy ? b.rd.data() : b.rs.data()) + o, n, wr, strong);
      return v.data() + o;
    }
    case SP_LOCAL: {
      auto& v = t.fr.back().local;
      if (a + n > v.size()) fault(F_ILLEGAL, t, in, "out-of-bounds local access");
      return v.data() + a;
    }
    case SP_PARAM: {
      auto& v = t.fr.back().pbuf;
      if (a + n > v.size()) fault(F_ILLEGAL, t, in, "out-of-bounds param access");
      return v.data() + a;
    }
    default:
      break;
  }
  if (a >= dm.base && a + n <= dm.base + dm.size) {
    u64 o = a - dm.base;
    u8 m = 1, iv = 3;
    for (u32 i = 0; i < n; ++i) {
      m &= dm.shadow[o + i];
      iv &= dm.shadow[o + i];
    }
    if (!(m & 1))
      fault(F_ILLEGAL, t, in,
            std::string("invalid ") + std::to_string(n) + "-byte global " +
                (wr ? "write" : "read") + " at " + describe(a));
    if (reads && cfg.init && !(iv & 2))
      rep("UNINIT(global)", t, in, "read of uninitialised device memory at " + describe(a));
    if (wr)
      for (u32 i = 0; i < n; ++i) dm.shadow[o + i] |= 2;
    if (cfg.race && sp != SP_CONST) glrace(t, in, o, n, wr, strong, a);
    return dm.store + o;
  }
  if (hostPinned(a, n)) return (u8*)a;
  char b[64];
  snprintf(b, sizeof b, "0x%llx", (unsigned long long)a);
  fault(F_ILLEGAL, t, in, std::string("illegal address ") + b + (a < 4096 ? " (null)" : ""));
}
u64 ldv(const u8* p, Ty y) {
  switch (y) {
    case T_U8:
    case T_B8:
    case T_PRED:
      return *p;
    case T_S8:
      return (u64)(s64) * (const s8*)p;
    case T_U16:
    case T_B16:
    case T_F16:
    case T_BF16: {
      u16 v;
      memcpy(&v, p, 2);
      return v;
    }
    case T_S16: {
      s16 v;
      memcpy(&v, p, 2);
      return (u64)(s64)v;
    }
    case T_U32:
    case T_B32:
    case T_F32: {
      u32 v;
      memcpy(&v, p, 4);
      return v;
    }
    case T_S32: {
      s32 v;
      memcpy(&v, p, 4);
      return (u64)(s64)v;
    }
    default: {
      u64 v;
      memcpy(&v, p, 8);
      return v;
    }
  }
}
float fz(float x, bool z) {
  return z && std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0f, x) : x;
}
u64 cf32(float x, const Ins& in) {
  if (x != x) return 0x7fffffffu;
  x = fz(x, in.ftz);
  if (in.sat) x = x < 0 ? 0.f : x > 1 ? 1.f : x;
  return unbits(x);
}
struct RndG {
  int o;
  explicit RndG(Rnd r) : o(-1) {
    int w = r == R_RZ ? FE_TOWARDZERO : r == R_RM ? FE_DOWNWARD : r == R_RP ? FE_UPWARD : -1;
    if (w >= 0) {
      o = fegetround();
      fesetround(w);
    }
  }
  ~RndG() {
    if (o >= 0) fesetround(o);
  }
};
template <class T>
u64 ialu(Op op, const Ins& in, u64 A, u64 B, u64 C) {
  using U = std::make_unsigned_t<T>;
  T a = (T)A, b = (T)B, c = (T)C;
  constexpr int W = sizeof(T) * 8;
  auto out = [](T v) -> u64 { return (u64)(U)v; };
  switch (op) {
    case O_ADD:
      if (in.sat) {
        s64 r = (s64)a + (s64)b;
        r = std::max<s64>(INT32_MIN, std::min<s64>(INT32_MAX, r));
        return (u32)r;
      }
      return out((T)((U)a + (U)b));
    case O_SUB:
      return out((T)((U)a - (U)b));
    case O_MUL:
    case O_MAD: {
      u64 r;
      if (in.mode == 2) {
        if constexpr (sizeof(T) <= 4)
          r = (u64)((s64)a * (s64)b);
        else
          r = 0;
        if (std::is_unsigned<T>::value) r = (u64)a * (u64)b;
        if (op == O_MAD) r += C;
        return sizeof(T) == 2 ? (u32)r : r;
      }
      if (in.mode == 1) {
        if (std::is_signed<T>::value)
          r = (u64)(((__int128)a * (__int128)b) >> W);
        else
          r = (u64)(((unsigned __int128)(U)a * (U)b) >> W);
      } else
        r = (u64)(U)a * (u64)(U)b;
      if (op == O_MAD) r += (u64)(U)c;
      return out((T)r);
    }
    case O_DIV:
      if (b == 0) return out((T)-1);
      if (std::is_signed<T>::value && b == (T)-1) return out((T)(0 - (U)a));
      return out(a / b);
    case O_REM:
      if (b == 0) return out(a);
      if (std::is_signed<T>::value && b == (T)-1) return 0;
      return out(a % b);
    case O_ABS:
      return out(a < 0 ? (T)(0 - (U)a) : a);
    case O_NEG:
      return out((T)(0 - (U)a));
    case O_MIN:
      return out(a < b ? a : b);
    case O_MAX:
      return out(a > b ? a : b);
    case O_SAD:
      return out((T)((U)c + (a > b ? (U)a - (U)b : (U)b - (U)a)));
    case O_AND:
      return out(a & b);
    case O_OR:
      return out(a | b);
    case O_XOR:
      return out(a ^ b);
    case O_NOT:
      return out(~a);
    case O_CNOT:
      return a == 0;
    case O_SHL: {
      u32 s = (u32)B;
      return s >= W ? 0 : out((T)((U)a << s));
    }
    case O_SHR: {
      u32 s = (u32)B;
      if (std::is_signed<T>::value) return out(s >= W ? (a < 0 ? (T)-1 : 0) : a >> s);
      return s >= W ? 0 : out((T)((U)a >> s));
    }
    case O_BFE: {
      u32 p = B & 255, l = C & 255;
      U r = 0;
      for (u32 i = 0; i < W; ++i) {
        u32 q = i < l ? p + i : (l ? p + l - 1 : 0);
        bool bit =
            i < l ? (q < W ? ((U)a >> q) & 1 : (std::is_signed<T>::value && a < 0))
                  : (std::is_signed<T>::value && l ? ((U)a >> std::min<u32>(q, W - 1)) & 1 : 0);
        r |= (U)bit << i;
      }
      return out((T)r);
    }
    case O_POPC:
      return __builtin_popcountll((u64)(U)a);
    case O_CLZ: {
      for (int i = W - 1; i >= 0; --i)
        if (((U)a >> i) & 1) return W - 1 - i;
      return W;
    }
    case O_BREV: {
      U r = 0;
      for (int i = 0; i < W; ++i) r |= (U)(((U)a >> i) & 1) << (W - 1 - i);
      return out((T)r);
    }
    case O_BFIND: {
      U v = (U)a;
      if (std::is_signed<T>::value && a < 0) v = ~v;
      for (int i = W - 1; i >= 0; --i)
        if ((v >> i) & 1) return (u32)(in.mode ? W - 1 - i : i);
      return 0xffffffffu;
    }
    case O_DP4A: {
      s64 r = C;
      for (int i = 0; i < 4; ++i)
        r += std::is_signed<T>::value ? (s64)(s8)(A >> 8 * i) * (s8)(B >> 8 * i)
                                      : (s64)(u8)(A >> 8 * i) * (u8)(B >> 8 * i);
      return (u32)r;
    }
    default:
      return 0;
  }
}
template <class F>
bool fcmp(Cmp c, F a, F b) {
  bool un = a != a || b != b;
  switch (c) {
    case C_EQ:
      return a == b;
    case C_NE:
      return !un && a != b;
    case C_LT:
      return a < b;
    case C_LE:
      return a <= b;
    case C_GT:
      return a > b;
    case C_GE:
      return a >= b;
    case C_EQU:
      return un || a == b;
    case C_NEU:
      return un || a != b;
    case C_LTU:
      return un || a < b;
    case C_LEU:
      return un || a <= b;
    case C_GTU:
      return un || a > b;
    case C_GEU:
      return un || a >= b;
    case C_NUM:
      return !un;
    case C_NAN:
      return un;
    default:
      return false;
  }
}
template <class T>
bool icmp(Cmp c, T a, T b) {
  using U = std::make_unsigned_t<T>;
  switch (c) {
    case C_EQ:
      return a == b;
    case C_NE:
      return a != b;
    case C_LT:
      return a < b;
    case C_LE:
      return a <= b;
    case C_GT:
      return a > b;
    case C_GE:
      return a >= b;
    case C_LO:
      return (U)a < (U)b;
    case C_LS:
      return (U)a <= (U)b;
    case C_HI:
      return (U)a > (U)b;
    case C_HS:
      return (U)a >= (U)b;
    default:
      return false;
  }
}
bool compare(const Ins& in, u64 a, u64 b) {
  switch (in.ty) {
    case T_F32:
      return fcmp(in.cmp, fz(bits<float>(a), in.ftz), fz(bits<float>(b), in.ftz));
    case T_F64:
      return fcmp(in.cmp, bits<double>(a), bits<double>(b));
    case T_S16:
      return icmp<s16>(in.cmp, a, b);
    case T_S32:
      return icmp<s32>(in.cmp, a, b);
    case T_S64:
      return icmp<s64>(in.cmp, a, b);
    case T_U16:
    case T_B16:
      return icmp<u16>(in.cmp, a, b);
    case T_U32:
    case T_B32:
      return icmp<u32>(in.cmp, a, b);
    default:
      return icmp<u64>(in.cmp, a, b);
  }
}
float h2f(u16 h) {
  u32 s = (h >> 15) << 31, e = (h >> 10) & 31, m = h & 1023;
  u32 r;
  if (e == 31)
    r = s | 0x7f800000 | m << 13;
  else if (e == 0) {
    float f = std::ldexp((float)m, -24);
    r = unbits(f) | s;
  } else
    r = s | (e + 112) << 23 | m << 13;
  return bits<float>(r);
}
template <class F>
F rint_mode(F x, Rnd r) {
  switch (r) {
    case R_RNI:
      return std::nearbyint(x);
    case R_RZI:
      return std::trunc(x);
    case R_RMI:
      return std::floor(x);
    case R_RPI:
      return std::ceil(x);
    default:
      return x;
  }
}
template <class T>
u64 f2i(double x) {
  if (x != x) return 0;
  double lo = (double)std::numeric_limits<T>::min(), hi = (double)std::numeric_limits<T>::max();
  if (x <= lo) return (u64)(std::make_unsigned_t<T>)std::numeric_limits<T>::min();
  if (x >= hi) return (u64)(std::make_unsigned_t<T>)std::numeric_limits<T>::max();
  return (u64)(std::make_unsigned_t<T>)(T)x;
}
u64 cvt(const Ins& in, u64 a, bool& ok) {  // ty = dest, ty2 = source
  Ty d = in.ty, s = in.ty2;
  ok = true;
  if (isfloat(s)) {
    if (s == T_BF16 || d == T_BF16 || d == T_F16) {
      ok = false;
      return 0;
    }
    if (isfloat(d)) {
      if (d == T_F64)
        return s == T_F32   ? unbits((double)fz(bits<float>(a), in.ftz))
               : s == T_F16 ? unbits((double)h2f(a))
                            : unbits(rint_mode(bits<double>(a), in.rnd));
      if (s == T_F16) return unbits(h2f(a));
      if (s == T_F32) {
        float x = bits<float>(a);
        if (x != x) return 0x7fffffffu;
        return cf32(rint_mode(fz(x, in.ftz), in.rnd), in);
      }
      RndG g(in.rnd);
      volatile double x = bits<double>(a);
      volatile float y = (float)x;
      return cf32(y, in);
    }
    double x = s == T_F64 ? bits<double>(a) : s == T_F16 ? h2f(a) : fz(bits<float>(a), in.ftz);
    x = rint_mode(x, in.rnd == R_NONE ? R_RZI : in.rnd);
    switch (d) {
      case T_S8:
        return f2i<s8>(x);
      case T_S16:
        return f2i<s16>(x);
      case T_S32:
        return f2i<s32>(x);
      case T_S64:
        return f2i<s64>(x);
      case T_U8:
        return f2i<u8>(x);
      case T_U16:
        return f2i<u16>(x);
      case T_U32:
        return f2i<u32>(x);
      default:
        return f2i<u64>(x);
    }
  }
  s64 v;
  switch (s) {
    case T_S8:
      v = (s8)a;
      break;
    case T_S16:
      v = (s16)a;
      break;
    case T_S32:
      v = (s32)a;
      break;
    case T_U8:
    case T_B8:
      v = (u8)a;
      break;
    case T_U16:
    case T_B16:
      v = (u16)a;
      break;
    case T_U32:
    case T_B32:
      v = (u32)a;
      break;
    default:
      v = (s64)a;
  }
  if (isfloat(d)) {
    bool un = !issigned(s);
    if (d == T_F16 || d == T_BF16) {
      ok = false;
      return 0;
    }
    RndG g(in.rnd);
    if (d == T_F32) {
      volatile float f = un ? (float)(u64)v : (float)v;
      return unbits((float)f);
    }
    volatile double f = un ? (double)(u64)v : (double)v;
    return unbits((double)f);
  }
  if (in.sat) {
    __int128 x = issigned(s) ? (__int128)v : (__int128)(u64)v, lo = 0, hi = 0;
    int n = tysize(d) * 8;
    if (issigned(d)) {
      hi = ((__int128)1 << (n - 1)) - 1;
      lo = -hi - 1;
    } else
      hi = ((__int128)1 << n) - 1;
    x = x < lo ? lo : x > hi ? hi : x;
    v = (s64)x;
  }
  switch (tysize(d)) {
    case 1:
      return issigned(d) ? (u64)(u16)(s16)(s8)v : (u8)v;
    case 2:
      return (u16)v;
    case 4:
      return (u32)v;
    default:
      return (u64)v;
  }
}
u64 falu(const Ins& in, u64 A, u64 B, u64 C, bool& ok) {
  ok = true;
  RndG g(in.rnd);
  if (in.ty == T_F32) {
    volatile float a = fz(bits<float>(A), in.ftz), b = fz(bits<float>(B), in.ftz),
                   c = fz(bits<float>(C), in.ftz);
    volatile float r = 0;
    switch (in.op) {
      case O_ADD:
        r = a + b;
        break;
      case O_SUB:
        r = a - b;
        break;
      case O_MUL:
        r = a * b;
        break;
      case O_FMA:
      case O_MAD:
        r = std::fma((float)a, (float)b, (float)c);
        break;
      case O_DIV:
        r = a / b;
        break;
      case O_ABS:
        return unbits(std::fabs((float)a));
      case O_NEG:
        return unbits(-(float)a);
      case O_MIN:
        if (a != a)
          r = b;
        else if (b != b)
          r = a;
        else
          r = (a < b || (a == b && std::signbit((float)a))) ? a : b;
        break;
      case O_MAX:
        if (a != a)
          r = b;
        else if (b != b)
          r = a;
        else
          r = (a > b || (a == b && !std::signbit((float)a))) ? a : b;
        break;
      case O_RCP:
        r = 1.0f / a;
        break;
      case O_SQRT:
        r = std::sqrt((float)a);
        break;
      case O_RSQRT:
        r = (float)(1.0 / std::sqrt((double)a));
        break;
      case O_EX2:
        r = (float)std::exp2((double)a);
        break;
      case O_LG2:
        r = (float)std::log2((double)a);
        break;
      case O_SIN:
        r = (float)std::sin((double)a);
        break;
      case O_COS:
        r = (float)std::cos((double)a);
        break;
      case O_TANH:
        r = (float)std::tanh((double)a);
        break;
      case O_COPYSIGN:
        return (A & 0x80000000u) | (B & 0x7fffffffu);
      default:
        ok = false;
    }
    return cf32(r, in);
  }
  if (in.ty == T_F64) {
    volatile double a = bits<double>(A), b = bits<double>(B), c = bits<double>(C);
    volatile double r = 0;
    switch (in.op) {
      case O_ADD:
        r = a + b;
        break;
      case O_SUB:
        r = a - b;
        break;
      case O_MUL:
        r = a * b;
        break;
      case O_FMA:
      case O_MAD:
        r = std::fma((double)a, (double)b, (double)c);
        break;
      case O_DIV:
        r = a / b;
        break;
      case O_ABS:
        return A & ~(1ull << 63);
      case O_NEG:
        return A ^ (1ull << 63);
      case O_MIN:
        r = a != a ? b : b != b ? a : (a < b || (a == b && std::signbit((double)a))) ? a : b;
        break;
      case O_MAX:
        r = a != a ? b : b != b ? a : (a > b || (a == b && !std::signbit((double)a))) ? a : b;
        break;
      case O_RCP:
        r = 1.0 / a;
        break;
      case O_SQRT:
        r = std::sqrt((double)a);
        break;
      case O_RSQRT:
        r = 1.0 / std::sqrt((double)a);
        break;
      case O_COPYSIGN:
        return (A & (1ull << 63)) | (B & ~(1ull << 63));
      default:
        ok = false;
    }
    if (r != r) return 0xfff8000000000000ull;
    return unbits((double)r);
  }
  ok = false;
  return 0;
}
u64 atomop(const Ins& in, u64 o, u64 b, u64 c) {
  switch (in.aop) {
    case A_AND:
      return o & b;
    case A_OR:
      return o | b;
    case A_XOR:
      return o ^ b;
    case A_EXCH:
      return b;
    case A_CAS:
      return o == b ? c : o;
    case A_INC:
      return (u32)o >= (u32)b ? 0 : (u32)o + 1;
    case A_DEC:
      return (u32)o == 0 || (u32)o > (u32)b ? b : (u32)o - 1;
    case A_ADD:
      if (in.ty == T_F32) return unbits(bits<float>(o) + bits<float>(b));
      if (in.ty == T_F64) return unbits(bits<double>(o) + bits<double>(b));
      return tysize(in.ty) == 4 ? (u32)(o + b) : o + b;
    case A_MIN:
    case A_MAX: {
      bool mn = in.aop == A_MIN, lt;
      switch (in.ty) {
        case T_S32:
          lt = (s32)o < (s32)b;
          break;
        case T_S64:
          lt = (s64)o < (s64)b;
          break;
        case T_U32:
          lt = (u32)o < (u32)b;
          break;
        default:
          lt = o < b;
      }
      return lt == mn ? o : b;
    }
  }
  return o;
}
u32 prmt(u32 a, u32 b, u32 s) {
  u64 x = ((u64)b << 32) | a;
  u32 r = 0;
  for (int i = 0; i < 4; ++i) {
    u32 n = (s >> (4 * i)) & 15;
    u8 v = x >> (8 * (n & 7));
    if (n & 8) v = (v & 128) ? 255 : 0;
    r |= (u32)v << (8 * i);
  }
  return r;
}
void enter(Thr& t, Func* f) {
  t.fr.emplace_back();
  Frame& fr = t.fr.back();
  fr.f = f;
  fr.pc = 0;
  fr.regs.assign(f->nregs + 1, 0xCDCDCDCDCDCDCDCDull);
  fr.pbuf.resize(f->pbufBytes);
  fr.local.assign(f->localBytes, 0xCD);
  t.R = fr.regs.data();
  t.f = f;
  t.pc = 0;
  const Dim &B = L->block, &G = L->grid;
  u32 lm = 1u << t.lane, nt = B.x * B.y * B.z;
  for (auto& s : f->specials) {
    u64 v = 0;
    switch (s.which) {
      case SPR_TIDX:
        v = t.tid % B.x;
        break;
      case SPR_TIDY:
        v = t.tid / B.x % B.y;
        break;
      case SPR_TIDZ:
        v = t.tid / B.x / B.y;
        break;
      case SPR_NTIDX:
        v = B.x;
        break;
      case SPR_NTIDY:
        v = B.y;
        break;
      case SPR_NTIDZ:
        v = B.z;
        break;
      case SPR_CTAX:
        v = t.b->id.x;
        break;
      case SPR_CTAY:
        v = t.b->id.y;
        break;
      case SPR_CTAZ:
        v = t.b->id.z;
        break;
      case SPR_NCTAX:
        v = G.x;
        break;
      case SPR_NCTAY:
        v = G.y;
        break;
      case SPR_NCTAZ:
        v = G.z;
        break;
      case SPR_LANE:
        v = t.lane;
        break;
      case SPR_WARP:
        v = t.warp;
        break;
      case SPR_NWARP:
        v = (nt + 31) / 32;
        break;
      case SPR_SMID:
        v = t.b->linear % 4;
        break;
      case SPR_NSMID:
        v = 4;
        break;
      case SPR_EQ:
        v = lm;
        break;
      case SPR_LT:
        v = lm - 1;
        break;
      case SPR_LE:
        v = lm | (lm - 1);
        break;
      case SPR_GT:
        v = ~(lm | (lm - 1));
        break;
      case SPR_GE:
        v = ~(lm - 1);
        break;
      case SPR_DYNSMEM:
        v = L->dyn;
        break;
      case SPR_TOTSMEM:
        v = L->dyn + L->f->sharedBytes;
        break;
      default:
        break;
    }
    t.R[s.reg] = v;
  }
}
void checkbars(Block& b) {
  u32 cnt[16] = {};
  for (auto& t : b.t)
    if (t.st == WBAR) ++cnt[t.barid & 15];
  for (u32 id = 0; id < 16; ++id) {
    if (!cnt[id]) continue;
    u32 want = b.live;
    Thr* any = nullptr;
    for (auto& t : b.t)
      if (t.st == WBAR && t.barid == id) {
        any = &t;
        const Ins& in = t.f->code[t.pc];
        if (in.op == O_BAR && in.b.k != Opnd::NONE) want = (u32)val(t, in.b);
        break;
      }
    if (cnt[id] < want) continue;
    u32 n = 0;
    bool all = true, some = false;
    u32 pc0 = any->pc;
    for (auto& t : b.t)
      if (t.st == WBAR && t.barid == id) {
        if (t.pc != pc0) {
          rep("DIVERGENT-BARRIER", t, t.f->code[t.pc],
              "threads of the block meet in different bar.sync instructions");
        }
        n += t.redin;
        all &= t.redin;
        some |= t.redin;
      }
    for (auto& t : b.t)
      if (t.st == WBAR && t.barid == id) {
        const Ins& in = t.f->code[t.pc];
        if (in.op == O_BARRED) setr(t, in.d, in.mode == 0 ? n : in.mode == 1 ? all : some);
        if (want == b.live) {
          ++t.be;
        }
        t.st = RUN;
        ++t.pc;
        ++b.runnable;
      }
  }
}
void resolve_group(Block& b, u32 w, u32 mask) {  // all present lanes of mask wait at a warp-sync op
  u32 base = w * 32, present = 0;
  u32 nt = b.t.size();
  for (u32 l = 0; l < 32; ++l)
    if (mask >> l & 1 && base + l < nt && (b.t[base + l].st == WWARP || b.t[base + l].st == WSOFT))
      present |= 1u << l;
  u64 va[32] = {};
  bool pr[32] = {};
  for (u32 l = 0; l < 32; ++l)
    if (present >> l & 1) {
      Thr& t = b.t[base + l];
      const Ins& in = t.f->code[t.pc];
      if (in.op == O_VOTE)
        pr[l] = pv(t, in.a);
      else
        va[l] = val(t, in.a);
    }
  for (u32 l = 0; l < 32; ++l)
    if (present >> l & 1) {
      Thr& t = b.t[base + l];
      const Ins& in = t.f->code[t.pc];
      switch (in.op) {
        case O_WARPSYNC:
          break;
        case O_ACTIVEMASK:
          setr(t, in.d, present);
          break;
        case O_ELECT:
          setr(t, in.d, __builtin_ctz(present));
          setr(t, in.d2, l == (u32)__builtin_ctz(present));
          break;
        case O_VOTE: {
          u32 bal = 0;
          for (u32 k = 0; k < 32; ++k)
            if ((present >> k & 1) && pr[k]) bal |= 1u << k;
          setr(t, in.d,
               in.mode == 3   ? bal
               : in.mode == 0 ? bal == present
               : in.mode == 1 ? bal != 0
                              : bal == present || bal == 0);
          break;
        }
        case O_MATCH: {
          u32 m = 0;
          for (u32 k = 0; k < 32; ++k)
            if ((present >> k & 1) &&
                (tysize(in.ty) == 4 ? (u32)va[k] == (u32)va[l] : va[k] == va[l]))
              m |= 1u << k;
          if (in.mode) {
            bool al = m == present;
            setr(t, in.d, al ? m : 0);
            setr(t, in.d2, al);
          } else
            setr(t, in.d, m);
          break;
        }
        case O_REDUX: {
          Ins q = in;
          u64 r = 0;
          bool first = true;
          for (u32 k = 0; k < 32; ++k)
            if (present >> k & 1) {
              r = first ? va[k] : atomop(q, r, va[k], 0);
              first = false;
            }
          setr(t, in.d, (u32)r);
          break;
        }
        case O_SHFL: {
          s32 bv = (s32)(val(t, in.b) & 31);
          u32 c = (u32)val(t, in.c);
          s32 cv = c & 31, sm = (c >> 8) & 31, ln = l;
          s32 maxl = (ln & sm) | (cv & ~sm), minl = ln & sm, j;
          bool p;
          switch (in.mode) {
            case 1:
              j = ln - bv;
              p = j >= maxl;
              break;
            case 2:
              j = ln + bv;
              p = j <= maxl;
              break;
            case 3:
              j = ln ^ bv;
              p = j <= maxl;
              break;
            default:
              j = minl | (bv & ~sm);
              p = j <= maxl;
          }
          if (!p) j = ln;
          if (!(present >> j & 1)) {
            rep("SHFL-INACTIVE", t, in,
                "shfl.sync reads lane " + std::to_string(j) +
                    " which does not take part (exited or not in the mask)");
            setr(t, in.d, 0xDEADBEEF);
          } else
            setr(t, in.d, (u32)va[j]);
          setr(t, in.d2, p);
          break;
        }
        default:
          break;
      }
      ++t.we;
      ++t.pc;
      t.st = RUN;
      ++b.runnable;
    }
}
void trywarp(Thr& t) {
  Block& b = *t.b;
  u32 base = t.warp * 32, nt = b.t.size();
  const Ins& in = t.f->code[t.pc];
  if (!(t.wmask >> t.lane & 1)) fault(F_INSTR, t, in, "calling lane is not in its own member mask");
  for (u32 l = 0; l < 32; ++l)
    if (t.wmask >> l & 1) {
      if (base + l >= nt) continue;
      Thr& o = b.t[base + l];
      if (o.st == DONE) continue;
      if (o.st != WWARP) return;
      const Ins& oi = o.f->code[o.pc];
      if (oi.op != in.op || oi.mode != in.mode || o.wmask != t.wmask) {
        return;
      }
    }
  resolve_group(b, t.warp, t.wmask);
}
void thread_exit(Thr& t) {
  t.st = DONE;
  --t.b->runnable;
  --t.b->live;
  t.fr.clear();
  Block& b = *t.b;
  checkbars(b);
  u32 base = t.warp * 32;
  for (u32 l = 0; l < 32 && base + l < b.t.size(); ++l)
    if (b.t[base + l].st == WWARP) {
      trywarp(b.t[base + l]);
    }
}
void builtin(Thr& t, const Ins& in) {
  auto& pb = t.fr.back().pbuf;
  auto arg = [&](size_t i) -> u64 {
    u64 v = 0;
    if (i < in.cargs.size())
      memcpy(&v, &pb[in.cargs[i].imm], std::min<size_t>(8, pb.size() - in.cargs[i].imm));
    return v;
  };
  auto str = [&](u64 a) {
    std::string s;
    for (;;) {
      u8* p = mem(t, in, a++, SP_GENERIC, 1, false, true);
      if (!*p) break;
      s += (char)*p;
    }
    return s;
  };
  if (in.calleeName == "__assertfail") {
    fault(
        F_ASSERT, t, in,
        "device assert: " + str(arg(0)) + " at " + str(arg(1)) + ":" + std::to_string((u32)arg(2)));
  }
  if (in.calleeName == "vprintf") {
    std::string f = str(arg(0)), o;
    u64 a = arg(1);
    u32 off = 0;
    for (size_t i = 0; i < f.size(); ++i) {
      if (f[i] != '%') {
        o += f[i];
        continue;
      }
      if (f[i + 1] == '%') {
        o += '%';
        ++i;
        continue;
      }
      size_t j = i + 1;
      while (j < f.size() && !strchr("diouxXcsfFeEgGaAp", f[j])) ++j;
      std::string sp = f.substr(i, j - i + 1);
      char c = f[j];
      bool w = sp.find('l') != std::string::npos || strchr("sfFeEgGaAp", c);
      u32 n = w ? 8 : 4;
      off = (off + n - 1) / n * n;
      u64 v = ldv(mem(t, in, a + off, SP_GENERIC, n, false, true), w ? T_U64 : T_U32);
      off += n;
      char b[512];
      if (c == 's')
        snprintf(b, sizeof b, sp.c_str(), str(v).c_str());
      else if (strchr("fFeEgGaA", c))
        snprintf(b, sizeof b, sp.c_str(), bits<double>(v));
      else if (w)
        snprintf(b, sizeof b, sp.c_str(), v);
      else
        snprintf(b, sizeof b, sp.c_str(), (u32)v);
      o += b;
      i = j;
    }
    fputs(o.c_str(), stdout);
    if (!in.crets.empty()) {
      u32 n = 1;
      memcpy(&pb[in.crets[0].imm], &n, 4);
    }
    return;
  }
  fault(F_INSTR, t, in, "call of unknown function " + in.calleeName);
}
// mad{c}.{lo,hi}{.cc}: the chosen half of a*b, plus c, plus the carry that comes in; .cc keeps the
// carry out
void madcc(Thr& t, const Ins& in, u32 carry) {
  u64 a = val(t, in.a), b = val(t, in.b), c = val(t, in.c);
  if (tysize(in.ty) == 4) {
    u64 m = in.ty == T_S32 ? (u64)((s64)(s32)a * (s32)b) : (u64)(u32)a * (u32)b;
    u64 r = (u64)(u32)(in.mode ? m >> 32 : m) + (u32)c + carry;
    if (in.cc) t.cf = r >> 32 & 1;
    setr(t, in.d, (u32)r);
    return;
  }
  unsigned __int128 m =
      in.ty == T_S64 ? (unsigned __int128)((__int128)(s64)a * (s64)b) : (unsigned __int128)a * b;
  unsigned __int128 r = (unsigned __int128)(u64)(in.mode ? m >> 64 : m) + c + carry;
  if (in.cc) t.cf = (u64)(r >> 64) & 1;
  setr(t, in.d, (u64)r);
}
void step(Thr& t, u64 quantum) {
  while (quantum--) {
    const Ins& in = t.f->code[t.pc];
    ++ninstr;
    if (!budget--) fault(F_TIMEOUT, t, in, "instruction budget used up (endless loop?)");
    if (in.pred >= 0 && ((t.R[in.pred] & 1) != 0) == in.predneg) {
      ++t.pc;
      continue;
    }
    switch (in.op) {
      case O_NOP:
      case O_FENCE:
        ++t.pc;
        if (in.text.compare(0, 5, "nanos") == 0) return;
        break;
      case O_ADD:
      case O_SUB:
      case O_MUL:
      case O_MAD:
      case O_FMA:
      case O_DIV:
      case O_ABS:
      case O_NEG:
      case O_MIN:
      case O_MAX:
      case O_RCP:
      case O_SQRT:
      case O_RSQRT:
      case O_EX2:
      case O_LG2:
      case O_SIN:
      case O_COS:
      case O_TANH:
      case O_COPYSIGN:
        if (isfloat(in.ty)) {
          bool ok;
          u64 r = falu(in, val(t, in.a), val(t, in.b), val(t, in.c), ok);
          if (!ok) fault(F_INSTR, t, in, "ptxemu: instruction not supported");
          setr(t, in.d, r);
          ++t.pc;
          break;
        }
        if (in.cc) {
          u64 a = val(t, in.a), b = val(t, in.b);
          if (in.op == O_MAD) {
            madcc(t, in, 0);
            ++t.pc;
            break;
          }
          if (tysize(in.ty) == 4) {
            u64 r = in.op == O_ADD ? (u64)(u32)a + (u32)b : (u64)(u32)a - (u32)b;
            t.cf = r >> 32 & 1;
            setr(t, in.d, (u32)r);
          } else {
            unsigned __int128 r =
                in.op == O_ADD ? (unsigned __int128)a + b : (unsigned __int128)a - b;
            t.cf = (u64)(r >> 64) & 1;
            setr(t, in.d, (u64)r);
          }
          ++t.pc;
          break;
        }
        [[fallthrough]];
      case O_REM:
      case O_AND:
      case O_OR:
      case O_XOR:
      case O_NOT:
      case O_CNOT:
      case O_SHL:
      case O_SHR:
      case O_BFE:
      case O_POPC:
      case O_CLZ:
      case O_BREV:
      case O_BFIND:
      case O_SAD:
      case O_DP4A: {
        if (in.ty == T_PRED) {
          bool a = pv(t, in.a), b = in.b.k != Opnd::NONE ? pv(t, in.b) : false;
          bool r = in.op == O_AND   ? (a && b)
                   : in.op == O_OR  ? (a || b)
                   : in.op == O_XOR ? a != b
                                    : !a;
          setr(t, in.d, r);
          ++t.pc;
          break;
        }
        u64 a = val(t, in.a), b = val(t, in.b), c = val(t, in.c), r = 0;
        switch (in.ty) {
          case T_S16:
            r = ialu<s16>(in.op, in, a, b, c);
            break;
          case T_S32:
            r = ialu<s32>(in.op, in, a, b, c);
            break;
          case T_S64:
            r = ialu<s64>(in.op, in, a, b, c);
            break;
          case T_U16:
          case T_B16:
            r = ialu<u16>(in.op, in, a, b, c);
            break;
          case T_U32:
          case T_B32:
            r = ialu<u32>(in.op, in, a, b, c);
            break;
          case T_U64:
          case T_B64:
            r = ialu<u64>(in.op, in, a, b, c);
            break;
          default:
            fault(F_INSTR, t, in, "ptxemu: type not supported");
        }
        setr(t, in.d, r);
        ++t.pc;
        break;
      }
      case O_MADC: {
        madcc(t, in, t.cf);
        ++t.pc;
        break;
      }
      case O_ADDC:
      case O_SUBC: {
        u64 a = val(t, in.a), b = val(t, in.b);
        if (tysize(in.ty) == 4) {
          u64 r = in.op == O_ADDC ? (u64)(u32)a + (u32)b + t.cf : (u64)(u32)a - (u32)b - t.cf;
          if (in.cc) t.cf = r >> 32 & 1;
          setr(t, in.d, (u32)r);
        } else {
          unsigned __int128 r =
              in.op == O_ADDC ? (unsigned __int128)a + b + t.cf : (unsigned __int128)a - b - t.cf;
          if (in.cc) t.cf = (u64)(r >> 64) & 1;
          setr(t, in.d, (u64)r);
        }
        ++t.pc;
        break;
      }
      case O_SHF: {
        u32 a = val(t, in.a), b = val(t, in.b), c = val(t, in.c);
        u32 n = in.wrap ? c & 31 : std::min<u32>(c, 32);
        u64 x = ((u64)b << 32) | a;
        u32 r = in.mode ? (u32)(n == 32 ? b : x >> n) : (u32)(n == 32 ? a : (x << n) >> 32);
        setr(t, in.d, r);
        ++t.pc;
        break;
      }
      case O_BFI: {
        u64 a = val(t, in.a), b = val(t, in.b);
        u32 p = val(t, in.c) & 255, l = val(t, in.e) & 255, W = tysize(in.ty) * 8;
        for (u32 i = 0; i < l && p + i < W; ++i) {
          b &= ~(1ull << (p + i));
          b |= ((a >> i) & 1) << (p + i);
        }
        setr(t, in.d, b);
        ++t.pc;
        break;
      }
      case O_BMSK: {
        u32 a = val(t, in.a), b = val(t, in.b);
        if (in.wrap) {
          a &= 31;
          b &= 31;
        }
        u32 r = a >= 32 || b == 0 ? 0 : (u32)(((b >= 32 ? 0xffffffffull : (1ull << b) - 1) << a));
        setr(t, in.d, r);
        ++t.pc;
        break;
      }
      case O_LOP3: {
        u64 a = val(t, in.a), b = val(t, in.b), c = val(t, in.c), m = val(t, in.e);
        u32 r = 0;
        for (int i = 0; i < 8; ++i)
          if (m >> i & 1) r |= (u32)((i & 4 ? a : ~a) & (i & 2 ? b : ~b) & (i & 1 ? c : ~c));
        setr(t, in.d, r);
        ++t.pc;
        break;
      }
      case O_PRMT:
        setr(t, in.d, prmt(val(t, in.a), val(t, in.b), val(t, in.c)));
        ++t.pc;
        break;
      case O_MOV: {
        int n = tysize(in.ty);
        if (in.d.k == Opnd::V) {
          int e = n * 8 / in.d.v.size();
          u64 a = val(t, in.a), m = e == 64 ? ~0ull : (1ull << e) - 1;
          for (size_t i = 0; i < in.d.v.size(); ++i) setr(t, in.d.v[i], a >> (e * i) & m);
        } else if (in.a.k == Opnd::V) {
          int e = n * 8 / in.a.v.size();
          u64 r = 0, m = e == 64 ? ~0ull : (1ull << e) - 1;
          for (size_t i = 0; i < in.a.v.size(); ++i) r |= (val(t, in.a.v[i]) & m) << (e * i);
          setr(t, in.d, r);
        } else {
          u64 a = val(t, in.a);
          setr(t, in.d, in.ty == T_PRED ? pv(t, in.a) : n == 8 ? a : n == 4 ? (u32)a : (u16)a);
        }
        ++t.pc;
        break;
      }
      case O_SELP:
        setr(t, in.d, pv(t, in.c) ? val(t, in.a) : val(t, in.b));
        if (tysize(in.ty) == 4 && in.d.k == Opnd::R) t.R[in.d.reg] &= 0xffffffffu;
        if (tysize(in.ty) == 2 && in.d.k == Opnd::R) t.R[in.d.reg] &= 0xffffu;
        ++t.pc;
        break;
      case O_SLCT: {
        bool ge = in.ty2 == T_F32 ? bits<float>(val(t, in.c)) >= 0 : (s32)val(t, in.c) >= 0;
        setr(t, in.d, ge ? val(t, in.a) : val(t, in.b));
        ++t.pc;
        break;
      }
      case O_SETP:
      case O_SET: {
        bool r = compare(in, val(t, in.a), val(t, in.b)), q = !r;
        if (in.bop != B_NONE) {
          bool c = pv(t, in.c);
          r = in.bop == B_AND ? r && c : in.bop == B_OR ? r || c : r != c;
          q = in.bop == B_AND ? q && c : in.bop == B_OR ? q || c : q != c;
        }
        if (in.op == O_SET)
          setr(t, in.d, in.ty2 == T_F32 ? (r ? 0x3f800000u : 0) : (r ? 0xffffffffu : 0));
        else {
          setr(t, in.d, r);
          setr(t, in.d2, q);
        }
        ++t.pc;
        break;
      }
      case O_CVT: {
        bool ok;
        u64 r = cvt(in, val(t, in.a), ok);
        if (!ok) fault(F_INSTR, t, in, "ptxemu: cvt not supported");
        setr(t, in.d, r);
        ++t.pc;
        break;
      }
      case O_CVTA: {
        u64 a = val(t, in.a), tag = in.sp == SP_SHARED  ? TAG_SHARED
                                    : in.sp == SP_LOCAL ? TAG_LOCAL
                                    : in.sp == SP_PARAM ? TAG_PARAM
                                                        : 0;
        if (in.to) {
          if (tag) a &= ~TAG_MASK;
        } else
          a |= tag;
        setr(t, in.d, a);
        ++t.pc;
        break;
      }
      case O_ISSPACEP: {
        u64 tag = val(t, in.a) & TAG_MASK;
        setr(t, in.d,
             in.sp == SP_SHARED   ? tag == TAG_SHARED
             : in.sp == SP_LOCAL  ? tag == TAG_LOCAL
             : in.sp == SP_GLOBAL ? tag != TAG_SHARED && tag != TAG_LOCAL && tag != TAG_PARAM
                                  : false);
        ++t.pc;
        break;
      }
      case O_TESTP: {
        double x = in.ty == T_F32 ? bits<float>(val(t, in.a)) : bits<double>(val(t, in.a));
        bool r = in.mode == 0   ? std::isfinite(x)
                 : in.mode == 1 ? std::isinf(x)
                 : in.mode == 2 ? !std::isnan(x)
                 : in.mode == 3 ? std::isnan(x)
                 : in.mode == 4 ? std::isnormal(x)
                                : std::fpclassify(x) == FP_SUBNORMAL;
        setr(t, in.d, r);
        ++t.pc;
        break;
      }
      case O_LD: {
        u64 a = (in.a.hasreg ? t.R[in.a.reg] : 0) + in.a.imm;
        u32 n = tysize(in.ty);
        if (n == 16) fault(F_INSTR, t, in, "ptxemu: b128 not supported");
        Sp sp = in.sp;
        u8* p = mem(t, in, a, sp, n * in.vec, false, in.strong);
        if (in.vec == 1)
          setr(t, in.d, ldv(p, in.ty));
        else
          for (u32 i = 0; i < in.vec; ++i) setr(t, in.d.v[i], ldv(p + i * n, in.ty));
        ++t.pc;
        break;
      }
      case O_ST: {
        u64 a = (in.a.hasreg ? t.R[in.a.reg] : 0) + in.a.imm;
        u32 n = tysize(in.ty);
        if (n == 16) fault(F_INSTR, t, in, "ptxemu: b128 not supported");
        u8* p = mem(t, in, a, in.sp, n * in.vec, true, in.strong);
        if (in.vec == 1) {
          u64 v = val(t, in.b);
          memcpy(p, &v, n);
        } else
          for (u32 i = 0; i < in.vec; ++i) {
            u64 v = val(t, in.b.v[i]);
            memcpy(p + i * n, &v, n);
          }
        ++t.pc;
        break;
      }
      case O_CPASYNC: {
        u64 d = (in.d.hasreg ? t.R[in.d.reg] : 0) + in.d.imm,
            s = (in.a.hasreg ? t.R[in.a.reg] : 0) + in.a.imm;
        u32 n = val(t, in.b), m = in.c.k == Opnd::NONE ? n : (u32)val(t, in.c);
        u8 tmp[16] = {};
        if (m) memcpy(tmp, mem(t, in, s, SP_GLOBAL, n, false, false), m);
        memcpy(mem(t, in, d, SP_SHARED, n, true, false), tmp, n);
        ++t.pc;
        break;
      }
      case O_ATOM:
      case O_RED: {
        u64 a = (in.a.hasreg ? t.R[in.a.reg] : 0) + in.a.imm;
        u32 n = tysize(in.ty);
        u8* p = mem(t, in, a, in.sp, n, true, true, true);
        u64 o = 0;
        memcpy(&o, p, n);
        u64 b = val(t, in.b), c = val(t, in.c);
        if (n == 4) {
          b = (u32)b;
          c = (u32)c;
        }
        if (n == 2) {
          b = (u16)b;
          c = (u16)c;
        }
        u64 r = atomop(in, o, b, c);
        memcpy(p, &r, n);
        if (in.op == O_ATOM) setr(t, in.d, o);
        ++t.pc;
        break;
      }
      case O_BRA:
        t.pc = in.target;
        break;
      case O_BRX: {
        u32 i = val(t, in.a);
        if (i >= in.targets.size()) fault(F_INSTR, t, in, "brx index");
        t.pc = in.targets[i];
        break;
      }
      case O_CALL: {
        if (!in.callee || !in.callee->defined) {
          if (in.a.k == Opnd::R) fault(F_INSTR, t, in, "ptxemu: indirect call not supported");
          builtin(t, in);
          ++t.pc;
          break;
        }
        std::vector<u8> args(in.callee->pbufBytes);
        auto& pb = t.fr.back().pbuf;
        for (size_t i = 0; i < in.cargs.size() && i < in.callee->params.size(); ++i) {
          auto& q = in.callee->params[i];
          if (in.cargs[i].k == Opnd::R) {
            u64 v = val(t, in.cargs[i]);
            memcpy(&args[q.off], &v, q.size);
          } else
            memcpy(&args[q.off], &pb[in.cargs[i].imm], q.size);
        }
        if (t.fr.size() > 200) fault(F_ILLEGAL, t, in, "call stack overflow");
        t.fr.back().pc = t.pc;
        const Ins* ci = &in;
        enter(t, in.callee);
        t.fr.back().pbuf = std::move(args);
        t.fr.back().call = ci;
        break;
      }
      case O_RET:
        if (t.fr.size() > 1) {
          Frame q = std::move(t.fr.back());
          t.fr.pop_back();
          Frame& o = t.fr.back();
          t.R = o.regs.data();
          t.f = o.f;
          t.pc = o.pc + 1;
          u32 base = (q.f->paramBytes + 15) & ~15u;
          for (size_t i = 0; i < q.call->crets.size() && i < q.f->rets.size(); ++i)
            memcpy(&o.pbuf[q.call->crets[i].imm], &q.pbuf[base + q.f->rets[i].off],
                   q.f->rets[i].size);
          break;
        }
        [[fallthrough]];
      case O_EXIT:
        thread_exit(t);
        return;
      case O_TRAP:
        fault(F_TRAP, t, in, "trap");
      case O_BAR:
        if (in.isarrive) fault(F_INSTR, t, in, "ptxemu: bar.arrive not supported");
        [[fallthrough]];
      case O_BARRED:
        t.barid = in.a.k == Opnd::NONE ? 0 : (u32)val(t, in.a);
        t.redin = in.op == O_BARRED ? pv(t, in.b) : false;
        t.st = WBAR;
        --t.b->runnable;
        checkbars(*t.b);
        return;
      case O_WARPSYNC:
        t.wmask = (u32)val(t, in.a);
        goto warp;
      case O_VOTE:
      case O_MATCH:
      case O_REDUX:
      case O_ELECT:
        t.wmask = in.b.k == Opnd::NONE ? ~0u : (u32)val(t, in.b);
        goto warp;
      case O_SHFL:
        t.wmask = in.e.k == Opnd::NONE ? ~0u : (u32)val(t, in.e);
      warp:
        t.st = WWARP;
        --t.b->runnable;
        trywarp(t);
        if (t.st != RUN) return;
        break;
      case O_ACTIVEMASK:
        t.st = WSOFT;
        --t.b->runnable;
        return;
      default:
        fault(F_INSTR, t, in, "ptxemu: instruction not supported");
    }
  }
}
bool samestack(const Thr& a, const Thr& b) {
  if (a.f != b.f || a.fr.size() != b.fr.size()) return false;
  for (size_t i = 0; i + 1 < a.fr.size(); ++i)
    if (a.fr[i].pc != b.fr[i].pc) return false;
  return true;
}
bool soft(Block& b) {
  for (auto& t : b.t)
    if (t.st == WSOFT) {
      u32 base = t.warp * 32, m = 0;
      for (u32 l = 0; l < 32 && base + l < b.t.size(); ++l) {
        Thr& o = b.t[base + l];
        if (o.st == RUN) {
          m = 0;
          break;
        }
        if (o.st == WSOFT && o.pc == t.pc && samestack(o, t)) m |= 1u << l;
      }
      if (m) {
        resolve_group(b, t.warp, m);
        return true;
      }
    }
  return false;
}
}  // namespace
Fault execute(const Launch& l) {
  L = &l;
  budget = cfg.maxinstr;
  const Dim &G = l.grid, &B = l.block;
  u64 nb = (u64)G.x * G.y * G.z;
  u32 nt = B.x * B.y * B.z;
  u64 next = 0;
  std::vector<std::unique_ptr<Block>> act;
  auto start = [&] {
    auto b = std::make_unique<Block>();
    u64 i = next++;
    b->linear = i;
    b->id = {(u32)(i % G.x), (u32)(i / G.x % G.y), (u32)(i / G.x / G.y)};
    b->sh.assign(l.f->sharedBytes, 0xCD);
    b->dyn.assign(l.dyn, 0xCD);
    b->shinit.assign(l.f->sharedBytes, 0);
    b->dyninit.assign(l.dyn, 0);
    b->rs.resize(l.f->sharedBytes);
    b->rd.resize(l.dyn);
    b->live = b->runnable = nt;
    b->t.resize(nt);
    for (u32 k = 0; k < nt; ++k) {
      Thr& t = b->t[k];
      t.tid = k;
      t.lane = k & 31;
      t.warp = k >> 5;
      t.b = b.get();
      t.gtid = (u32)(i * nt + k);
      enter(t, l.f);
      memcpy(t.fr[0].pbuf.data(), l.params.data(),
             std::min<size_t>(l.params.size(), t.fr[0].pbuf.size()));
    }
    act.push_back(std::move(b));
  };
  try {
    u32 window = cfg.random ? cfg.resident : 1;
    u64 spins = 0;
    while (next < nb || !act.empty()) {
      while (act.size() < window && next < nb) start();
      u32 bi = cfg.random ? rng() % act.size() : 0;
      if (!cfg.random && spins > 200000 && act.size() < 64 && next < nb) {
        start();
        ++window;
        spins = 0;
      }
      if (!cfg.random && act.size() > 1) bi = spins % act.size();
      Block& b = *act[bi];
      if (b.runnable == 0 && b.live) {
        if (!soft(b)) {
          for (auto& t : b.t)
            if (t.st != DONE) {
              std::string s = "deadlock: no thread of the block can go on (waiting: ";
              u32 nb_ = 0, nw = 0;
              for (auto& q : b.t) {
                nb_ += q.st == WBAR;
                nw += q.st == WWARP;
              }
              fault(F_TIMEOUT, t, t.f->code[t.pc],
                    s + std::to_string(nb_) + " at a barrier, " + std::to_string(nw) +
                        " at a warp sync)");
            }
        }
        continue;
      }
      if (b.live) {
        if (cfg.random) {
          u32 s = rng() % nt;
          for (u32 k = 0; k < nt; ++k) {
            Thr& t = b.t[(s + k) % nt];
            if (t.st == RUN) {
              step(t, 1 + rng() % 64);
              break;
            }
          }
        } else {
          bool progressed = false;
          for (u32 k = 0; k < nt; ++k)
            if (b.t[k].st == RUN) {
              step(b.t[k], 20000);
              progressed = true;
            }
          if (progressed) ++spins;
        }
      }
      if (!b.live) {
        act.erase(act.begin() + bi);
        spins = 0;
      }
    }
  } catch (Kill& k) {
    return k.f;
  }
  return F_DONE;
}
}  // namespace ptxemu
