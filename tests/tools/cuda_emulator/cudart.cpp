// Replacement libcudart.so.13: device memory model, stream scheduler, fault injection, kernel
// launch into the PTX emulator.
#include "exec.h"
#include <cuda_runtime_api.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <dlfcn.h>
#include <mutex>
#include <deque>
#include <set>
#include <chrono>
#include <algorithm>
#include <atomic>
using namespace ptxemu;
namespace ptxemu {
u64 mix[128][20];
DevMem dm;
Cfg cfg;
u64 nerrors = 0, ninstr = 0;
std::mt19937_64 rng;
static long nhandles = 0;
static std::map<std::string, u64> seen;
static u64 nlaunch = 0, peak = 0;
void report(const char* kind, const std::string& key, const std::string& msg) {
  ++nerrors;
  u64& n = seen[key];
  if (++n <= 1) fprintf(stderr, "ptxemu: %s: %s\n", kind, msg.c_str());
}
struct Alloc {
  u64 addr, size;
  bool live;
  bool async;
  int id;
  u64* pool = nullptr;
  int dev = 0;
};
static std::map<u64, Alloc> allocs;
static thread_local int curdev = 0;
static std::map<int, u64> used;  // by device; each has the capacity
static u64 cap, bump = 4096;
static int allocid = 0;
static std::map<u64, u64> pinned;
std::string describe(u64 a) {
  char b[200];
  auto i = allocs.upper_bound(a);
  if (i == allocs.begin()) {
    snprintf(b, sizeof b, "0x%llx", (unsigned long long)a);
    return b;
  }
  --i;
  auto& x = i->second;
  snprintf(b, sizeof b, "0x%llx (allocation #%d of %llu bytes%s, offset %lld)",
           (unsigned long long)a, x.id, (unsigned long long)x.size, x.live ? "" : ", FREED",
           (long long)(a - x.addr));
  return b;
}
bool hostPinned(u64 a, u32 n) {
  auto i = pinned.upper_bound(a);
  if (i == pinned.begin()) return false;
  --i;
  return a + n <= i->first + i->second;
}
struct Rec {
  bool done = false;
  u32 op = 0;
  struct Strm* s = nullptr;
  double t = 0;
};
using RecP = std::shared_ptr<Rec>;
struct OpI {
  u32 s;
  u64 clk;
  std::vector<u64> vc;
  std::string name;
};
static std::vector<OpI> ops(1);
static std::vector<u64> hostvc;
bool hb(u32 p, u32 c) {
  if (p == c || p == 0 || p >= ops.size() || c >= ops.size()) return true;
  auto& P = ops[p];
  auto& C = ops[c];
  return P.s < C.vc.size() && C.vc[P.s] >= P.clk;
}
std::string opname(u32 op) {
  return op < ops.size() ? "'" + ops[op].name + "' (op " + std::to_string(op) + ", stream " +
                               std::to_string(ops[op].s) + ")"
                         : "?";
}
struct Q {
  std::function<void()> fn;
  RecP done;
  std::vector<RecP> deps;
};
struct Strm {
  u32 id;
  bool nonblocking;
  std::deque<Q> q;
  RecP tail;
  u64 clk = 0;
  bool capturing = false;
  int dev = 0;
};
struct Evt {
  RecP last;
  bool timing;
  int dev = 0;
};
// What is used belongs to a device; a launch also needs it to be the current one.
static bool elsewhere(int one, int other, const std::string& what) {
  if (one == other) return false;
  report("API", "device " + what,
         what + ": devices " + std::to_string(one) + " and " + std::to_string(other));
  return true;
}
static std::map<u32, std::unique_ptr<Strm>> streams;
static Strm* legacy;
static u32 nextStream = 1;
static std::recursive_mutex mu;
static enum { EAGER, LAZY, RANDOM } smode = LAZY;
static cudaError_t sticky = cudaSuccess;
static thread_local cudaError_t last = cudaSuccess;
static bool inited = false;
static int cc = 90;
static std::map<std::string, std::set<long>> inj;
static std::map<std::string, long> calls;
static double injp = 0;
static u64 deadmax = 0;
static void joinvc(std::vector<u64>& a, const std::vector<u64>& b) {
  if (a.size() < b.size()) a.resize(b.size());
  for (size_t i = 0; i < b.size(); ++i) a[i] = std::max(a[i], b[i]);
}
static const char* env(const char* n, const char* d) {
  const char* v = getenv(n);
  return v ? v : d;
}
static void finish2();
static void finish() {
  if (getenv("PTXEMU_QUIET") && !nerrors) return;
  size_t leak = 0, lb = 0;
  for (auto& a : allocs)
    if (a.second.live && a.second.id > 0) {
      ++leak;
      lb += a.second.size;
    }
  fprintf(stderr,
          "ptxemu summary: %llu launches, %llu PTX instructions, peak device memory %llu, %zu "
          "device allocations (%zu bytes) not freed, %llu error reports\n",
          (unsigned long long)nlaunch, (unsigned long long)ninstr, (unsigned long long)peak, leak,
          lb, (unsigned long long)nerrors);
  finish2();
  if (getenv("PTXEMU_LEAK") && (leak || pinned.size() || streams.size() > 1 || nhandles > 0))
    report("LEAK", "leak", "something was not given back");
  const char* x = getenv("PTXEMU_EXIT");
  fflush(stdout);
  if (x && nerrors) _exit(atoi(x));
}
static void finish2() {
  fprintf(stderr, "ptxemu host side: %zu pinned buffers, %zu streams, %ld events+pools not freed\n",
          pinned.size(), streams.size() - 1, nhandles);
  if (cfg.mix) {
    static const char* tn[] = {"none", "pred", "b8",  "b16", "b32", "b64", "b128",
                               "u8",   "u16",  "u32", "u64", "s8",  "s16", "s32",
                               "s64",  "f16",  "f32", "f64", "bf16"};
    static const char* on[] = {"unsup", "nop",  "add", "sub",  "mul",  "mad", "fma", "div",
                               "rem",   "abs",  "neg", "min",  "max",  "and", "or",  "xor",
                               "not",   "cnot", "shl", "shr",  "shf",  "bfe", "bfi", "bfind",
                               "brev",  "popc", "clz", "lop3", "prmt", "sad", "mov", "selp",
                               "slct",  "setp", "set", "cvt",  "cvta", "ld",  "st",  "atom",
                               "red",   "bra",  "brx", "call", "ret",  "exit"};
    for (int o = 0; o < 46; ++o)
      for (int y = 0; y < 19; ++y)
        if (mix[o][y])
          fprintf(stderr, "ptxemu mix: %s.%s %llu\n", on[o], tn[y], (unsigned long long)mix[o][y]);
  }
  if (getenv("PTXEMU_COUNT"))
    for (auto& c : calls) fprintf(stderr, "ptxemu calls: %s %ld\n", c.first.c_str(), c.second);
}
static void init() {
  if (inited) return;
  inited = true;
  cap = strtoull(env("PTXEMU_MEM", "1073741824"), nullptr, 0);
  cc = atoi(env("PTXEMU_CC", "90"));
  cfg.mix = getenv("PTXEMU_MIX") != nullptr;
  cfg.race = atoi(env("PTXEMU_RACE", "1"));
  cfg.init = atoi(env("PTXEMU_INIT", "1"));
  cfg.random = !strcmp(env("PTXEMU_SCHED", "seq"), "random");
  cfg.seed = strtoull(env("PTXEMU_SEED", "1"), nullptr, 0);
  rng.seed(cfg.seed);
  cfg.resident = atoi(env("PTXEMU_RESIDENT", "4"));
  cfg.maxinstr = strtoull(env("PTXEMU_MAXINSTR", "20000000000"), nullptr, 0);
  cfg.verbose = atoi(env("PTXEMU_VERBOSE", "0"));
  std::string m = env("PTXEMU_STREAMS", "lazy");
  smode = m == "eager" ? EAGER : m == "random" ? RANDOM : LAZY;
  if (const char* f = getenv("PTXEMU_FAIL")) {
    std::string s = f;
    size_t b = 0;
    while (b < s.size()) {
      size_t e = s.find(',', b);
      if (e == std::string::npos) e = s.size();
      std::string x = s.substr(b, e - b);
      size_t c = x.find(':');
      if (c != std::string::npos) inj[x.substr(0, c)].insert(atol(x.c_str() + c + 1));
      b = e + 1;
    }
  }
  dm.size = std::max<u64>(cap * 16, 1ull << 32);
  int fd = syscall(SYS_memfd_create, "ptxemu", 0);
  if (ftruncate(fd, dm.size)) abort();
  dm.base = (u64)mmap(nullptr, dm.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                      0);  // what the program sees: host access faults
  dm.store = (u8*)mmap(nullptr, dm.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  close(fd);
  auto big = [](u64 n) {
    void* p = mmap(nullptr, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    if (p == MAP_FAILED) abort();
    return p;
  };
  dm.shadow = (u8*)big(dm.size);
  dm.raceW = (u64*)big(dm.size * 8);
  dm.raceR = (u64*)big(dm.size * 8);
  auto s = std::make_unique<Strm>();
  s->id = 0;
  s->nonblocking = false;
  legacy = s.get();
  streams[0] = std::move(s);
  atexit(finish);
}
struct Lock {
  std::lock_guard<std::recursive_mutex> g;
  Lock() : g(mu) { init(); }
};
static cudaError_t ret(cudaError_t e) {
  if (e != cudaSuccess) last = e;
  return e;
}
static bool inject(const char* fn) {
  long n = ++calls[fn];
  auto i = inj.find(fn);
  return i != inj.end() && (i->second.count(n) || i->second.count(0));
}
#define API(fn, err)              \
  Lock lock_;                     \
  if (sticky) return ret(sticky); \
  if (inject(fn)) return ret(err)
static void runhead(Strm* s) {
  Q q = std::move(s->q.front());
  s->q.pop_front();
  q.fn();
  q.done->t =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch())
          .count();
  q.done->done = true;
}
static bool ready(Strm* s) {
  if (s->q.empty()) return false;
  for (auto& d : s->q.front().deps)
    if (!d->done) return false;
  return true;
}
static void force(const RecP& r) {
  while (r && !r->done) {
    Strm* s = r->s;
    Q& h = s->q.front();
    std::vector<RecP> deps = h.deps;
    bool again = false;
    for (auto& d : deps)
      if (!d->done) {
        force(d);
        again = true;
      }
    if (again) continue;
    if (r->done) break;
    runhead(s);
  }
}
static void randomsteps(u32 n) {
  while (n--) {
    std::vector<Strm*> v;
    for (auto& s : streams)
      if (ready(s.second.get())) v.push_back(s.second.get());
    if (v.empty()) return;
    runhead(v[rng() % v.size()]);
  }
}
static void hostjoin(const RecP& r) {
  if (r && r->op) joinvc(hostvc, ops[r->op].vc);
}
static void sync(const RecP& r) {
  if (!r) return;
  if (smode == RANDOM)
    while (!r->done) randomsteps(1);
  else
    force(r);
  hostjoin(r);
}
static void syncall() {
  std::vector<RecP> t;
  for (auto& s : streams)
    if (s.second->tail) t.push_back(s.second->tail);
  if (smode == RANDOM) std::shuffle(t.begin(), t.end(), rng);
  for (auto& r : t) sync(r);
}
static Strm* strm(cudaStream_t s) {
  u64 v = (u64)s;
  if (v <= 2) return legacy;
  return (Strm*)s;
}
static bool valid(cudaStream_t s) {
  if ((u64)s <= 2) return true;
  for (auto& x : streams)
    if ((cudaStream_t)x.second.get() == s) return true;
  return false;
}
static RecP enqueue(Strm* s, const std::string& name, std::function<void(u32)> fn,
                    std::vector<RecP> extra = {}) {
  Q q;
  q.deps = std::move(extra);
  if (s == legacy) {
    for (auto& x : streams)
      if (!x.second->nonblocking && x.second.get() != s && x.second->tail)
        q.deps.push_back(x.second->tail);
  } else if (!s->nonblocking && legacy->tail)
    q.deps.push_back(legacy->tail);
  OpI o;
  o.s = s->id;
  o.clk = ++s->clk;
  o.name = name;
  o.vc = hostvc;
  if (s->tail) joinvc(o.vc, ops[s->tail->op].vc);
  for (auto& d : q.deps) joinvc(o.vc, ops[d->op].vc);
  if (o.vc.size() <= s->id) o.vc.resize(s->id + 1);
  o.vc[s->id] = o.clk;
  u32 id = ops.size();
  ops.push_back(std::move(o));
  q.done = std::make_shared<Rec>();
  q.done->op = id;
  q.done->s = s;
  q.fn = [fn, id] { fn(id); };
  RecP r = q.done;
  s->q.push_back(std::move(q));
  s->tail = r;
  if (smode == EAGER)
    force(r);
  else if (smode == RANDOM)
    randomsteps(rng() % 3);
  return r;
}
// device ranges touched by copies: bounds, initialisation, ordering
static bool inDev(u64 a) { return a >= dm.base && a < dm.base + dm.size; }
static bool touch(u32 op, u64 a, u64 n, bool wr, const char* what) {
  u64 o = a - dm.base;
  bool race = false, un = false;
  u64 key = (1ull << 63) | ((u64)(op & 0xfffff) << 32) | 0xffffffffu;
  for (u64 i = 0; i < n; ++i) {
    if (!(dm.shadow[o + i] & 1)) {
      report("FAULT", std::string(what) + std::to_string(op),
             opname(op) + ": " + what + " of " + std::to_string(n) +
                 " bytes reaches outside an allocation at " + describe(a + i) + " (start " +
                 describe(a) + ")");
      sticky = cudaErrorIllegalAddress;
      return false;
    }
    if (cfg.init && !wr && !(dm.shadow[o + i] & 2)) un = true;
    if (wr) dm.shadow[o + i] |= 2;
    if (cfg.race) {
      auto bad = [&](u64 p) { return p && !hb((p >> 32) & 0xfffff, op); };
      if (!race && (bad(dm.raceW[o + i]) || (wr && bad(dm.raceR[o + i])))) {
        race = true;
        u64 p = bad(dm.raceW[o + i]) ? dm.raceW[o + i] : dm.raceR[o + i];
        report("RACE(stream)", "s" + std::to_string(op),
               opname(op) + " " + (wr ? "writes " : "reads ") + describe(a + i) + " while " +
                   opname((p >> 32) & 0xfffff) + " is not ordered before it by stream/event");
      }
      if (wr)
        dm.raceW[o + i] = key;
      else
        dm.raceR[o + i] = key;
    }
  }
  if (un)
    report("UNINIT(copy)", "u" + opname(op),
           opname(op) + " copies device bytes that nothing wrote, from " + describe(a));
  return true;
}
static void docopy(u32 op, void* d, const void* s, size_t n) {
  if (sticky || !n) return;
  u8* D = (u8*)d;
  const u8* S = (const u8*)s;
  if (inDev((u64)s)) {
    if (!touch(op, (u64)s, n, false, "copy source")) return;
    S = dm.store + ((u64)s - dm.base);
  }
  if (inDev((u64)d)) {
    if (!touch(op, (u64)d, n, true, "copy destination")) return;
    D = dm.store + ((u64)d - dm.base);
  }
  memmove(D, S, n);
}
struct Pend {
  u64 a, n;
  RecP r;
};
static std::vector<Pend> pendsrc, penddst;
static bool overlaps(std::vector<Pend>& v, u64 a, u64 n) {
  v.erase(std::remove_if(v.begin(), v.end(), [](const Pend& p) { return p.r->done; }), v.end());
  for (auto& p : v)
    if (a < p.a + p.n && p.a < a + n) return true;
  return false;
}
static u64 hash(const void* p, size_t n) {
  const u8* b = (const u8*)p;
  u64 h = 1469598103934665603ull;
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    u64 w;
    memcpy(&w, b + i, 8);
    h = (h ^ w) * 1099511628211ull;
    h ^= h >> 29;
  }
  for (; i < n; ++i) h = (h ^ b[i]) * 1099511628211ull;
  return h;
}
static cudaError_t checkkind(void* d, const void* s, cudaMemcpyKind k) {
  bool dd = inDev((u64)d), sd = inDev((u64)s);
  if ((k == cudaMemcpyHostToDevice && (!dd || sd)) ||
      (k == cudaMemcpyDeviceToHost && (dd || !sd)) ||
      (k == cudaMemcpyDeviceToDevice && (!dd || !sd)) ||
      (k == cudaMemcpyHostToHost && (dd || sd))) {
    if (!(hostPinned((u64)d, 1) && hostPinned((u64)s, 1))) {
      report("API", "kind", "cudaMemcpy kind does not fit the pointers");
      return cudaErrorInvalidValue;
    }
  }
  return cudaSuccess;
}
static u64 newalloc(u64 n, bool live, bool async, bool internal = false, int dev = curdev) {
  if (n == 0) n = 1;
  u64 sz = (n + 255) & ~255ull;
  if (!internal && (used[dev] + sz > cap || sz > cap)) return 0;
  if (bump + sz + 512 > dm.size) return 0;
  u64 a = dm.base + bump + 256;
  bump += sz + 512;
  used[dev] += sz;
  peak = std::max(peak, used[dev]);
  allocs[a] = {a, n, true, async, internal ? 0 : ++allocid, nullptr, internal ? -1 : dev};
  if (live) memset(dm.shadow + (a - dm.base), 1, n);
  memset(dm.store + (a - dm.base), 0xA5, n);
  return a;
}
static void kill(Alloc& x) { memset(dm.shadow + (x.addr - dm.base), 0, x.size); }
static void drop(Alloc& x) {
  u64 o = x.addr - dm.base, b = (o + 4095) & ~4095ull, e = (o + x.size) & ~4095ull;
  if (e > b + (1 << 20)) {
    madvise(dm.store + b, e - b, MADV_REMOVE);
    madvise((u8*)dm.raceW + b * 8, (e - b) * 8, MADV_DONTNEED);
    madvise((u8*)dm.raceR + b * 8, (e - b) * 8, MADV_DONTNEED);
  }
}
// ---- modules
struct Mod {
  std::vector<std::pair<int, std::string>> ptx;
  std::unique_ptr<Module> m;
  bool tried = false;
  bool sass = false;
};
struct KFn {
  Mod* mod;
  std::string name;
  int maxdyn = 49152;
  bool set = false;
};
static std::map<const void*, KFn> kfns;
struct KVar {
  Mod* mod;
  std::string name;
  size_t size;
  u64 addr = 0;
};
static std::map<const void*, KVar> kvars;
static std::string inflate(const u8* p, size_t n, size_t out, u64 flags) {
  if (flags & 0x8000) {
    static auto z = (size_t(*)(void*, size_t, const void*, size_t))dlsym(
        dlopen("libzstd.so.1", RTLD_NOW), "ZSTD_decompress");
    std::string s(out ? out : n * 40, 0);
    size_t r = z(&s[0], s.size(), p, n);
    if (r > s.size()) return "";
    s.resize(r);
    return s;
  }
  if (flags & 0x2000) {
    static auto z = (int (*)(const char*, char*, int, int))dlsym(dlopen("liblz4.so.1", RTLD_NOW),
                                                                 "LZ4_decompress_safe");
    std::string s(out ? out : n * 40, 0);
    int r = z((const char*)p, &s[0], n, s.size());
    if (r < 0) return "";
    s.resize(r);
    return s;
  }
  return std::string((const char*)p, n);
}
static void readfat(Mod* m, const u8* d) {
  u32 magic;
  memcpy(&magic, d, 4);
  if (magic != 0xBA55ED50u) {
    fprintf(stderr, "ptxemu: unknown fatbin magic %x\n", magic);
    return;
  }
  u16 hs;
  memcpy(&hs, d + 6, 2);
  u64 total;
  memcpy(&total, d + 8, 8);
  const u8 *p = d + hs, *e = p + total;
  while (p < e) {
    u16 kind;
    u32 h, csz, sm;
    u64 psz, fl, usz = 0;
    memcpy(&kind, p, 2);
    memcpy(&h, p + 4, 4);
    memcpy(&psz, p + 8, 8);
    memcpy(&csz, p + 16, 4);
    memcpy(&sm, p + 28, 4);
    memcpy(&fl, p + 40, 8);
    if (h >= 64) memcpy(&usz, p + 56, 8);
    if (cfg.verbose)
      fprintf(stderr,
              "ptxemu: fatbin entry kind %d sm %u payload %llu comp %u flags %llx unc %llu\n", kind,
              sm, (unsigned long long)psz, csz, (unsigned long long)fl, (unsigned long long)usz);
    if (kind == 1) {
      std::string s = inflate(p + h, (fl & 0xA000) ? csz : psz, usz, fl);
      if (s.size())
        m->ptx.push_back({(int)sm, s});
      else
        fprintf(stderr, "ptxemu: cannot decompress PTX\n");
    } else
      m->sass = true;
    p += h + psz;
    if (h == 0) break;
  }
}
static cudaError_t load(Mod* m) {
  if (m->m) return cudaSuccess;
  if (m->tried) return cudaErrorNoKernelImageForDevice;
  m->tried = true;
  std::pair<int, std::string>* best = nullptr;
  for (auto& x : m->ptx)
    if (x.first <= cc && (!best || x.first > best->first)) best = &x;
  if (!best) {
    report("API", "noptx",
           "module has no PTX for compute " + std::to_string(cc) +
               " or lower: build with code=compute_XX");
    return cudaErrorNoKernelImageForDevice;
  }
  try {
    m->m = parse(best->second, [](Var& v) {
      u64 a = newalloc(std::max<u64>(v.size, 1), true, false, true);
      u64 o = a - dm.base;
      memset(dm.store + o, 0, v.size);
      memset(dm.shadow + o, 3, std::max<u64>(v.size, 1));
      if (!v.init.empty()) memcpy(dm.store + o, v.init.data(), v.init.size());
      return a;
    });
  } catch (std::exception& e) {
    report("PARSE", "parse", e.what());
    return cudaErrorInvalidPtx;
  }
  for (auto& v : m->m->vars)
    for (auto& r : v.second.reloc) {
      size_t q = r.second.find('+');
      auto i = m->m->vars.find(r.second.substr(0, q));
      if (i != m->m->vars.end()) {
        u64 x = i->second.addr + strtoull(r.second.c_str() + q + 1, nullptr, 10);
        memcpy(dm.store + (v.second.addr - dm.base) + r.first, &x, 8);
      }
    }
  return cudaSuccess;
}
static cudaError_t launch(const void* key, dim3 g, dim3 b, void** args, size_t smem,
                          cudaStream_t st, const char* api) {
  API(api, cudaErrorLaunchFailure);
  if (!valid(st)) return ret(cudaErrorInvalidResourceHandle);
  auto i = kfns.find(key);
  if (i == kfns.end()) return ret(cudaErrorInvalidDeviceFunction);
  cudaError_t e = load(i->second.mod);
  if (e) return ret(e);
  auto fi = i->second.mod->m->funcs.find(i->second.name);
  if (fi == i->second.mod->m->funcs.end()) return ret(cudaErrorInvalidDeviceFunction);
  Func* f = fi->second.get();
  u64 nt = (u64)b.x * b.y * b.z;
  if (!nt || !g.x || !g.y || !g.z || nt > 1024 || b.x > 1024 || b.y > 1024 || b.z > 64 ||
      g.x > 2147483647u || g.y > 65535 || g.z > 65535)
    return ret(cudaErrorInvalidConfiguration);
  if (f->maxntid && nt > f->maxntid) return ret(cudaErrorInvalidValue);
  if (f->sharedBytes + smem > 49152 && (!i->second.set || (int)smem > i->second.maxdyn))
    return ret(cudaErrorInvalidValue);
  auto L = std::make_shared<Launch>();
  L->f = f;
  L->grid = {g.x, g.y, g.z};
  L->block = {b.x, b.y, b.z};
  L->dyn = smem;
  L->params.assign(f->paramBytes, 0);
  for (size_t k = 0; k < f->params.size(); ++k)
    memcpy(&L->params[f->params[k].off], args[k], f->params[k].size);
  if (elsewhere(strm(st)->dev, curdev, "launch in a stream that is not of the current device"))
    return ret(cudaErrorInvalidResourceHandle);
  for (size_t at = 0; at + 8 <= L->params.size(); at += 8) {
    u64 word;
    memcpy(&word, &L->params[at], 8);
    if (!inDev(word)) continue;
    auto a = allocs.upper_bound(word);
    if (a != allocs.begin() && (--a)->second.dev >= 0 && word < a->first + a->second.size &&
        elsewhere(a->second.dev, curdev, "kernel argument in another device's memory"))
      return ret(cudaErrorIllegalAddress);
  }
  ++nlaunch;
  enqueue(strm(st), "kernel " + f->name.substr(0, 60), [L](u32 op) {
    if (sticky) return;
    L->opid = op;
    Fault r = execute(*L);
    if (r == F_OK) return;
    sticky = r == F_INSTR        ? cudaErrorIllegalInstruction
             : r == F_TIMEOUT    ? cudaErrorLaunchTimeout
             : r == F_MISALIGNED ? cudaErrorMisalignedAddress
             : r == F_ASSERT     ? cudaErrorAssert
             : r == F_TRAP       ? cudaErrorLaunchFailure
                                 : cudaErrorIllegalAddress;
  });
  return cudaSuccess;
}
struct Cfgs {
  dim3 g, b;
  size_t s;
  void* st;
};
static thread_local std::vector<Cfgs> cfgstack;
struct Pool {
  u64 thr = 0, max = 0, used = 0;
  int dev = 0;
};
static Pool pool0;
}  // namespace ptxemu
extern "C" {
void** __cudaRegisterFatBinary(void* fc) {
  Lock l;
  struct W {
    int magic, ver;
    const u8* data;
    void* x;
  }* w = (W*)fc;
  auto* m = new Mod;
  readfat(m, w->data);
  return (void**)m;
}
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}
char __cudaInitModule(void**) { return 1; }
void __cudaRegisterFunction(void** h, const char* hf, char*, const char* name, int, uint3*, uint3*,
                            dim3*, dim3*, int*) {
  Lock l;
  kfns[hf] = {(Mod*)h, name};
}
void __cudaRegisterVar(void** h, char* hv, char*, const char* name, int, size_t size, int, int) {
  Lock l;
  kvars[hv] = {(Mod*)h, name, size};
}
void __cudaRegisterManagedVar(void**, void**, char*, const char*, int, size_t, int, int) {
  fprintf(stderr, "ptxemu: __managed__ not supported\n");
}
unsigned __cudaPushCallConfiguration(dim3 g, dim3 b, size_t s, struct CUstream_st* st) {
  cfgstack.push_back({g, b, s, st});
  return 0;
}
cudaError_t __cudaPopCallConfiguration(dim3* g, dim3* b, size_t* s, void* st) {
  if (cfgstack.empty()) return cudaErrorUnknown;
  auto c = cfgstack.back();
  cfgstack.pop_back();
  *g = c.g;
  *b = c.b;
  *s = c.s;
  *(void**)st = c.st;
  return cudaSuccess;
}
cudaError_t __cudaGetKernel(cudaKernel_t* k, const void* e) {
  *k = (cudaKernel_t)e;
  return cudaSuccess;
}
cudaError_t __cudaLaunchKernel(cudaKernel_t k, dim3 g, dim3 b, void** a, size_t s,
                               cudaStream_t st) {
  return launch((const void*)k, g, b, a, s, st, "cudaLaunchKernel");
}
cudaError_t __cudaLaunchKernel_ptsz(cudaKernel_t k, dim3 g, dim3 b, void** a, size_t s,
                                    cudaStream_t st) {
  return launch((const void*)k, g, b, a, s, st, "cudaLaunchKernel");
}
cudaError_t cudaLaunchKernel(const void* k, dim3 g, dim3 b, void** a, size_t s, cudaStream_t st) {
  return launch(k, g, b, a, s, st, "cudaLaunchKernel");
}
cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* c, const void* f, void** a) {
  return launch(f, c->gridDim, c->blockDim, a, c->dynamicSmemBytes, c->stream, "cudaLaunchKernel");
}
cudaError_t cudaGetDeviceCount(int* n) {
  API("cudaGetDeviceCount", cudaErrorNoDevice);
  *n = atoi(env("PTXEMU_DEVICES", "1"));
  return *n ? cudaSuccess : ret(cudaErrorNoDevice);
}
cudaError_t cudaGetDevice(int* d) {
  Lock l;
  *d = curdev;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int d) {
  API("cudaSetDevice", cudaErrorDevicesUnavailable);
  if (d < 0 || d >= atoi(env("PTXEMU_DEVICES", "1"))) return ret(cudaErrorInvalidDevice);
  curdev = d;
  return cudaSuccess;
}
cudaError_t cudaInitDevice(int d, unsigned, unsigned) { return cudaSetDevice(d); }
cudaError_t cudaSetDeviceFlags(unsigned) { return cudaSuccess; }
cudaError_t cudaDeviceReset() {
  Lock l;
  syncall();
  sticky = cudaSuccess;
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* v) {
  *v = 13000;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* v) {
  *v = 13000;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int d) {
  API("cudaGetDeviceProperties", cudaErrorInvalidDevice);
  if (d < 0 || d >= atoi(env("PTXEMU_DEVICES", "1"))) return ret(cudaErrorInvalidDevice);
  memset(p, 0, sizeof *p);
  strcpy(p->name, "ptxemu (no GPU)");
  p->totalGlobalMem = cap;
  p->sharedMemPerBlock = 49152;
  p->sharedMemPerBlockOptin = 101376;
  p->sharedMemPerMultiprocessor = 102400;
  p->regsPerBlock = p->regsPerMultiprocessor = 65536;
  p->warpSize = 32;
  p->maxThreadsPerBlock = 1024;
  p->maxThreadsDim[0] = p->maxThreadsDim[1] = 1024;
  p->maxThreadsDim[2] = 64;
  p->maxGridSize[0] = 2147483647;
  p->maxGridSize[1] = p->maxGridSize[2] = 65535;
  p->totalConstMem = 65536;
  p->major = cc / 10;
  p->minor = cc % 10;
  p->multiProcessorCount = 4;
  p->maxThreadsPerMultiProcessor = 2048;
  p->maxBlocksPerMultiProcessor = 32;
  p->unifiedAddressing = 1;
  p->canMapHostMemory = 1;
  p->asyncEngineCount = 2;
  p->concurrentKernels = 1;
  p->memoryBusWidth = 256;
  p->l2CacheSize = 4 << 20;
  p->memoryPoolsSupported = 1;
  p->managedMemory = 1;
  p->textureAlignment = 512;
  p->memPitch = 2147483647;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* v, cudaDeviceAttr a, int d) {
  Lock l;
  if (d < 0 || d >= atoi(env("PTXEMU_DEVICES", "1"))) return ret(cudaErrorInvalidDevice);
  switch (a) {
    case cudaDevAttrComputeCapabilityMajor:
      *v = cc / 10;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *v = cc % 10;
      break;
    case cudaDevAttrMultiProcessorCount:
      *v = 4;
      break;
    case cudaDevAttrMaxThreadsPerBlock:
      *v = 1024;
      break;
    case cudaDevAttrWarpSize:
      *v = 32;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *v = 49152;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *v = 101376;
      break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      *v = 102400;
      break;
    case cudaDevAttrMaxGridDimX:
      *v = 2147483647;
      break;
    case cudaDevAttrMaxGridDimY:
    case cudaDevAttrMaxGridDimZ:
      *v = 65535;
      break;
    case cudaDevAttrMaxBlockDimX:
    case cudaDevAttrMaxBlockDimY:
      *v = 1024;
      break;
    case cudaDevAttrMaxBlockDimZ:
      *v = 64;
      break;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      *v = 2048;
      break;
    case cudaDevAttrMaxRegistersPerBlock:
    case cudaDevAttrMaxRegistersPerMultiprocessor:
      *v = 65536;
      break;
    case cudaDevAttrMemoryPoolsSupported:
      *v = atoi(env("PTXEMU_POOLS", "1"));
      break;
    case cudaDevAttrUnifiedAddressing:
    case cudaDevAttrConcurrentKernels:
    case cudaDevAttrCanMapHostMemory:
    case cudaDevAttrManagedMemory:
      *v = 1;
      break;
    case cudaDevAttrMaxBlocksPerMultiprocessor:
      *v = 32;
      break;
    case cudaDevAttrL2CacheSize:
      *v = 4 << 20;
      break;
    case cudaDevAttrReservedSharedMemoryPerBlock:
      *v = 1024;
      break;
    default:
      *v = 0;
  }
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* f, size_t* t) {
  API("cudaMemGetInfo", cudaErrorInvalidValue);
  *t = cap;
  *f = cap > used[curdev] ? cap - used[curdev] : 0;
  return cudaSuccess;
}
cudaError_t cudaMalloc(void** p, size_t n) {
  API("cudaMalloc", cudaErrorMemoryAllocation);
  if (!n) {
    *p = nullptr;
    return cudaSuccess;
  }
  u64 a = newalloc(n, true, false);
  if (!a) return ret(cudaErrorMemoryAllocation);
  *p = (void*)a;
  return cudaSuccess;
}
cudaError_t cudaMallocPitch(void** p, size_t* pi, size_t w, size_t h) {
  *pi = (w + 511) & ~511ull;
  return cudaMalloc(p, *pi * h);
}
cudaError_t cudaFree(void* p) {
  Lock l;
  if (inject("cudaFree")) return ret(cudaErrorInvalidValue);
  if (!p) return cudaSuccess;
  syncall();
  if (sticky) return ret(sticky);
  auto i = allocs.find((u64)p);
  if (i == allocs.end() || !i->second.live) {
    report("API", "free", "cudaFree of " + describe((u64)p) + " which is not a live allocation");
    return ret(cudaErrorInvalidValue);
  }
  i->second.live = false;
  used[i->second.dev] -= (i->second.size + 255) & ~255ull;
  if (i->second.pool) *i->second.pool -= (i->second.size + 255) & ~255ull;
  kill(i->second);
  drop(i->second);
  return cudaSuccess;
}
static cudaError_t mallocAsync(void** p, size_t n, cudaStream_t st, Pool* pool = &pool0,
                               const char* api = "cudaMallocAsync") {
  API(api, cudaErrorMemoryAllocation);
  if (!valid(st)) return ret(cudaErrorInvalidResourceHandle);
  if (!n) {
    *p = nullptr;
    return cudaSuccess;
  }
  u64 sz = (n + 255) & ~255ull;
  if (pool->max && pool->used + sz > pool->max) return ret(cudaErrorMemoryAllocation);
  if (elsewhere(pool->dev, strm(st)->dev, "memory of a pool in a stream of another device"))
    return ret(cudaErrorInvalidResourceHandle);
  u64 a = newalloc(n, false, true, false, pool->dev);
  if (!a) return ret(cudaErrorMemoryAllocation);
  *p = (void*)a;
  pool->used += sz;
  allocs[a].pool = &pool->used;
  enqueue(strm(st), "cudaMallocAsync", [a, n](u32 op) {
    memset(dm.shadow + (a - dm.base), 1, n);
    u64 k = (1ull << 63) | ((u64)(op & 0xfffff) << 32) | 0xffffffffu;
    if (cfg.race)
      for (size_t i = 0; i < n; ++i) dm.raceW[a - dm.base + i] = k;
  });
  return cudaSuccess;
}
cudaError_t cudaMallocAsync(void** p, size_t n, cudaStream_t st) { return mallocAsync(p, n, st); }
cudaError_t cudaMallocFromPoolAsync(void** p, size_t n, cudaMemPool_t m, cudaStream_t st) {
  return mallocAsync(p, n, st, m ? (Pool*)m : &pool0, "cudaMallocFromPoolAsync");
}
cudaError_t cudaFreeAsync(void* p, cudaStream_t st) {
  API("cudaFreeAsync", cudaErrorInvalidValue);
  if (!p) return cudaSuccess;
  auto i = allocs.find((u64)p);
  if (i == allocs.end() || !i->second.live) {
    report("API", "freeasync",
           "cudaFreeAsync of " + describe((u64)p) + " which is not a live allocation");
    return ret(cudaErrorInvalidValue);
  }
  i->second.live = false;
  used[i->second.dev] -= (i->second.size + 255) & ~255ull;
  if (i->second.pool) *i->second.pool -= (i->second.size + 255) & ~255ull;
  Alloc x = i->second;
  enqueue(strm(st), "cudaFreeAsync", [x](u32 op) mutable {
    if (cfg.race) {
      bool r = false;
      for (u64 k = 0; k < x.size && !r; ++k) {
        u64 W = dm.raceW[x.addr - dm.base + k], R = dm.raceR[x.addr - dm.base + k];
        u64 b = W && !hb((W >> 32) & 0xfffff, op) ? W : R && !hb((R >> 32) & 0xfffff, op) ? R : 0;
        if (b) {
          r = true;
          report("RACE(stream)", "f" + std::to_string(op),
                 "cudaFreeAsync of " + describe(x.addr) + " while " + opname((b >> 32) & 0xfffff) +
                     " is not ordered before it");
        }
      }
    }
    kill(x);
    drop(x);
  });
  return cudaSuccess;
}
cudaError_t cudaHostAlloc(void** p, size_t n, unsigned) {
  API("cudaHostAlloc", cudaErrorMemoryAllocation);
  *p = aligned_alloc(4096, (n + 4095) & ~4095ull);
  memset(*p, 0xB7, n);
  pinned[(u64)*p] = n;
  return cudaSuccess;
}
cudaError_t cudaMallocHost(void** p, size_t n) { return cudaHostAlloc(p, n, 0); }
cudaError_t cudaMallocManaged(void** p, size_t n, unsigned) { return cudaHostAlloc(p, n, 0); }
cudaError_t cudaHostRegister(void* p, size_t n, unsigned) {
  API("cudaHostRegister", cudaErrorMemoryAllocation);
  pinned[(u64)p] = n;
  return cudaSuccess;
}
cudaError_t cudaHostUnregister(void* p) {
  Lock l;
  syncall();
  pinned.erase((u64)p);
  return cudaSuccess;
}
cudaError_t cudaHostGetDevicePointer(void** d, void* h, unsigned) {
  *d = h;
  return cudaSuccess;
}
cudaError_t cudaFreeHost(void* p) {
  Lock l;
  if (inject("cudaFreeHost")) return ret(cudaErrorInvalidValue);
  if (!p) return cudaSuccess;
  syncall();
  auto i = pinned.find((u64)p);
  if (i == pinned.end()) return ret(cudaErrorInvalidValue);
  pinned.erase(i);
  free(p);
  return ret(sticky);
}
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* a, const void* p) {
  Lock l;
  memset(a, 0, sizeof *a);
  a->type = inDev((u64)p)           ? cudaMemoryTypeDevice
            : hostPinned((u64)p, 1) ? cudaMemoryTypeHost
                                    : cudaMemoryTypeUnregistered;
  if (inDev((u64)p))
    a->devicePointer = (void*)p;
  else if (a->type == cudaMemoryTypeHost)
    a->devicePointer = a->hostPointer = (void*)p;
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* d, const void* s, size_t n, cudaMemcpyKind k, cudaStream_t st) {
  API("cudaMemcpyAsync", cudaErrorIllegalAddress);
  if (!valid(st)) return ret(cudaErrorInvalidResourceHandle);
  if (k != cudaMemcpyDefault)
    if (auto e = checkkind(d, s, k)) return ret(e);
  bool hs = !inDev((u64)s), hd = !inDev((u64)d);
  if (hs && !hostPinned((u64)s, n)) {
    auto c = std::make_shared<std::string>((const char*)s, n);
    enqueue(strm(st), "memcpy H2D (pageable)", [=](u32 op) { docopy(op, d, c->data(), n); });
    return cudaSuccess;
  }
  bool pageD = hd && !hostPinned((u64)d, n);
  bool pin = cfg.race && smode != EAGER && n;
  bool srcfree = pin && hs && !hd && !overlaps(penddst, (u64)s, n);
  u64 h0 = srcfree ? hash(s, n) : 0;
  bool poison =
      pin && hd && !hs && !pageD && !overlaps(pendsrc, (u64)d, n) && !overlaps(penddst, (u64)d, n);
  if (poison) memset(d, 0xDB, n);
  u64 hp = poison ? hash(d, n) : 0;
  RecP r = enqueue(
      strm(st),
      hd   ? "memcpyAsync D2H"
      : hs ? "memcpyAsync H2D"
           : "memcpyAsync D2D",
      [=](u32 op) {
        if (srcfree && hash(s, n) != h0)
          report("RACE(host)", "hs" + opname(op),
                 opname(op) +
                     ": the program changed the pinned source buffer while the copy was pending");
        if (poison && hash(d, n) != hp)
          report("RACE(host)", "hd" + opname(op),
                 opname(op) +
                     ": the program wrote to the pinned destination buffer while the copy was "
                     "pending");
        docopy(op, d, s, n);
      });
  if (pin && hs) pendsrc.push_back({(u64)s, n, r});
  if (pin && hd) penddst.push_back({(u64)d, n, r});
  if (pageD) {
    sync(r);
    return ret(sticky);
  }
  return cudaSuccess;
}
cudaError_t cudaMemcpy(void* d, const void* s, size_t n, cudaMemcpyKind k) {
  API("cudaMemcpy", cudaErrorIllegalAddress);
  if (k != cudaMemcpyDefault)
    if (auto e = checkkind(d, s, k)) return ret(e);
  sync(enqueue(legacy, "memcpy", [=](u32 op) { docopy(op, d, s, n); }));
  return ret(sticky);
}
cudaError_t cudaMemcpy2DAsync(void* d, size_t dp, const void* s, size_t sp, size_t w, size_t h,
                              cudaMemcpyKind k, cudaStream_t st) {
  API("cudaMemcpy2DAsync", cudaErrorIllegalAddress);
  if (k != cudaMemcpyDefault)
    if (auto e = checkkind(d, s, k)) return ret(e);
  if (w > dp || w > sp) return ret(cudaErrorInvalidPitchValue);
  bool pg =
      (!inDev((u64)s) && !hostPinned((u64)s, 1)) || (!inDev((u64)d) && !hostPinned((u64)d, 1));
  RecP r = enqueue(strm(st), "memcpy2D", [=](u32 op) {
    for (size_t i = 0; i < h; ++i) docopy(op, (char*)d + i * dp, (const char*)s + i * sp, w);
  });
  if (pg) sync(r);
  return ret(sticky);
}
cudaError_t cudaMemcpy2D(void* d, size_t dp, const void* s, size_t sp, size_t w, size_t h,
                         cudaMemcpyKind k) {
  cudaError_t e = cudaMemcpy2DAsync(d, dp, s, sp, w, h, k, nullptr);
  if (e) return e;
  Lock l;
  sync(legacy->tail);
  return ret(sticky);
}
static void doset(u32 op, void* d, int v, size_t n) {
  if (sticky || !n) return;
  if (!inDev((u64)d)) {
    memset(d, v, n);
    return;
  }
  if (touch(op, (u64)d, n, true, "memset")) memset(dm.store + ((u64)d - dm.base), v, n);
}
cudaError_t cudaMemsetAsync(void* d, int v, size_t n, cudaStream_t st) {
  API("cudaMemsetAsync", cudaErrorInvalidValue);
  if (!valid(st)) return ret(cudaErrorInvalidResourceHandle);
  if (!inDev((u64)d) && !hostPinned((u64)d, n)) return ret(cudaErrorInvalidValue);
  enqueue(strm(st), "memset", [=](u32 op) { doset(op, d, v, n); });
  return cudaSuccess;
}
cudaError_t cudaMemset(void* d, int v, size_t n) {
  API("cudaMemset", cudaErrorInvalidValue);
  if (!inDev((u64)d) && !hostPinned((u64)d, n)) return ret(cudaErrorInvalidValue);
  sync(enqueue(legacy, "memset", [=](u32 op) { doset(op, d, v, n); }));
  return ret(sticky);
}
static u64 symaddr(const void* s) {
  auto i = kvars.find(s);
  if (i == kvars.end() || load(i->second.mod)) return 0;
  auto v = i->second.mod->m->vars.find(i->second.name);
  return v == i->second.mod->m->vars.end() ? 0 : v->second.addr;
}
cudaError_t cudaGetSymbolAddress(void** p, const void* s) {
  Lock l;
  u64 a = symaddr(s);
  *p = (void*)a;
  return a ? cudaSuccess : ret(cudaErrorInvalidSymbol);
}
cudaError_t cudaMemcpyToSymbol(const void* s, const void* h, size_t n, size_t off,
                               cudaMemcpyKind k) {
  Lock l;
  u64 a = symaddr(s);
  if (!a) return ret(cudaErrorInvalidSymbol);
  return cudaMemcpy((char*)a + off, h, n, k);
}
cudaError_t cudaMemcpyFromSymbol(void* h, const void* s, size_t n, size_t off, cudaMemcpyKind k) {
  Lock l;
  u64 a = symaddr(s);
  if (!a) return ret(cudaErrorInvalidSymbol);
  return cudaMemcpy(h, (char*)a + off, n, k);
}
cudaError_t cudaMemcpyToSymbolAsync(const void* s, const void* h, size_t n, size_t off,
                                    cudaMemcpyKind k, cudaStream_t st) {
  Lock l;
  u64 a = symaddr(s);
  if (!a) return ret(cudaErrorInvalidSymbol);
  return cudaMemcpyAsync((char*)a + off, h, n, k, st);
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned f) {
  API("cudaStreamCreate", cudaErrorMemoryAllocation);
  auto x = std::make_unique<Strm>();
  x->id = nextStream++;
  x->nonblocking = f & cudaStreamNonBlocking;
  x->dev = curdev;
  *s = (cudaStream_t)x.get();
  streams[x->id] = std::move(x);
  return cudaSuccess;
}
cudaError_t cudaStreamCreate(cudaStream_t* s) { return cudaStreamCreateWithFlags(s, 0); }
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* s, unsigned f, int) {
  return cudaStreamCreateWithFlags(s, f);
}
cudaError_t cudaDeviceGetStreamPriorityRange(int* a, int* b) {
  if (a) *a = 0;
  if (b) *b = -5;
  return cudaSuccess;
}
cudaError_t cudaStreamGetFlags(cudaStream_t s, unsigned* f) {
  Lock l;
  *f = strm(s)->nonblocking;
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t s) {
  Lock l;
  if (inject("cudaStreamDestroy")) return ret(cudaErrorInvalidResourceHandle);
  if (!valid(s) || (u64)s <= 2) return ret(cudaErrorInvalidResourceHandle);
  Strm* x = strm(s);
  if (x->tail) {
    if (smode == RANDOM)
      while (!x->tail->done) randomsteps(1);
    else
      force(x->tail);
  }
  static std::vector<std::unique_ptr<Strm>> grave;
  u32 id = x->id;
  grave.push_back(std::move(streams[id]));
  streams.erase(id);
  return ret(sticky);
}
cudaError_t cudaStreamSynchronize(cudaStream_t s) {
  API("cudaStreamSynchronize", cudaErrorLaunchFailure);
  if (!valid(s)) return ret(cudaErrorInvalidResourceHandle);
  sync(strm(s)->tail);
  return ret(sticky);
}
cudaError_t cudaStreamQuery(cudaStream_t s) {
  Lock l;
  if (inject("cudaStreamQuery")) return ret(cudaErrorLaunchFailure);
  if (smode == RANDOM)
    randomsteps(1);
  else if (strm(s)->tail && !strm(s)->tail->done) {
    static u64 k = 0;
    if (++k % 3 == 0) force(strm(s)->tail);
  }
  auto& t = strm(s)->tail;
  if (sticky) return ret(sticky);
  if (t && !t->done) return cudaErrorNotReady;
  hostjoin(t);
  return cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t, cudaStreamCaptureStatus* c) {
  *c = cudaStreamCaptureStatusNone;
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned) {
  API("cudaStreamWaitEvent", cudaErrorInvalidResourceHandle);
  if (!valid(s)) return ret(cudaErrorInvalidResourceHandle);
  Evt* v = (Evt*)e;
  if (v->last) enqueue(strm(s), "waitEvent", [](u32) {}, {v->last});
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* e, unsigned f) {
  API("cudaEventCreate", cudaErrorMemoryAllocation);
  *e = (cudaEvent_t) new Evt{nullptr, !(f & cudaEventDisableTiming), curdev};
  ++nhandles;
  return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* e) { return cudaEventCreateWithFlags(e, 0); }
cudaError_t cudaEventDestroy(cudaEvent_t e) {
  Lock l;
  if (!e) return ret(cudaErrorInvalidResourceHandle);
  if (inject("cudaEventDestroy")) return ret(cudaErrorInvalidResourceHandle);
  --nhandles;
  delete (Evt*)e;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s) {
  API("cudaEventRecord", cudaErrorInvalidResourceHandle);
  if (!valid(s)) return ret(cudaErrorInvalidResourceHandle);
  if (elsewhere(((Evt*)e)->dev, strm(s)->dev, "event recorded in a stream of another device"))
    return ret(cudaErrorInvalidResourceHandle);
  ((Evt*)e)->last = enqueue(strm(s), "eventRecord", [](u32) {});
  return cudaSuccess;
}
cudaError_t cudaEventRecordWithFlags(cudaEvent_t e, cudaStream_t s, unsigned) {
  return cudaEventRecord(e, s);
}
cudaError_t cudaEventSynchronize(cudaEvent_t e) {
  API("cudaEventSynchronize", cudaErrorLaunchFailure);
  sync(((Evt*)e)->last);
  return ret(sticky);
}
cudaError_t cudaEventQuery(cudaEvent_t e) {
  Lock l;
  if (inject("cudaEventQuery")) return ret(cudaErrorLaunchFailure);
  auto& t = ((Evt*)e)->last;
  if (smode == RANDOM)
    randomsteps(1);
  else if (t && !t->done) {
    static u64 k = 0;
    if (++k % 3 == 0) force(t);
  }
  if (sticky) return ret(sticky);
  if (t && !t->done) return cudaErrorNotReady;
  hostjoin(t);
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t a, cudaEvent_t b) {
  Lock l;
  Evt *x = (Evt*)a, *y = (Evt*)b;
  if (!x->timing || !y->timing || !x->last || !y->last) return ret(cudaErrorInvalidResourceHandle);
  if (!x->last->done || !y->last->done) return ret(cudaErrorNotReady);
  *ms = (float)(y->last->t - x->last->t);
  return cudaSuccess;
}
cudaError_t cudaLaunchHostFunc(cudaStream_t s, cudaHostFn_t f, void* u) {
  API("cudaLaunchHostFunc", cudaErrorInvalidValue);
  enqueue(strm(s), "hostFunc", [=](u32) { f(u); });
  return cudaSuccess;
}
cudaError_t cudaStreamAddCallback(cudaStream_t s, cudaStreamCallback_t f, void* u, unsigned) {
  API("cudaStreamAddCallback", cudaErrorInvalidValue);
  enqueue(strm(s), "callback", [=](u32) { f(s, sticky, u); });
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
  API("cudaDeviceSynchronize", cudaErrorLaunchFailure);
  syncall();
  return ret(sticky);
}
cudaError_t cudaGetLastError() {
  Lock l;
  if (sticky) return sticky;
  cudaError_t e = last;
  last = cudaSuccess;
  return e;
}
cudaError_t cudaPeekAtLastError() {
  Lock l;
  return sticky ? sticky : last;
}
const char* cudaGetErrorName(cudaError_t e) {
  switch (e) {
#define E(x) \
  case x:    \
    return #x;
    E(cudaSuccess)
    E(cudaErrorInvalidValue) E(cudaErrorMemoryAllocation) E(cudaErrorInvalidConfiguration)
        E(cudaErrorNoDevice) E(cudaErrorInvalidDevice) E(cudaErrorInvalidPitchValue)
            E(cudaErrorInvalidSymbol) E(cudaErrorInvalidDeviceFunction)
                E(cudaErrorInvalidResourceHandle) E(cudaErrorNotReady) E(cudaErrorIllegalAddress)
                    E(cudaErrorLaunchFailure) E(cudaErrorLaunchTimeout)
                        E(cudaErrorMisalignedAddress) E(cudaErrorAssert)
                            E(cudaErrorIllegalInstruction) E(cudaErrorInsufficientDriver)
                                E(cudaErrorNoKernelImageForDevice) E(cudaErrorInvalidPtx)
                                    E(cudaErrorDevicesUnavailable) E(cudaErrorUnknown)
                                        E(cudaErrorNotSupported) default : return "cudaErrorOther";
  }
}
const char* cudaGetErrorString(cudaError_t e) { return cudaGetErrorName(e); }
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* a, const void* f) {
  Lock l;
  auto i = kfns.find(f);
  if (i == kfns.end()) return ret(cudaErrorInvalidDeviceFunction);
  if (auto e = load(i->second.mod)) return ret(e);
  memset(a, 0, sizeof *a);
  Func* g = i->second.mod->m->funcs[i->second.name].get();
  a->sharedSizeBytes = g->sharedBytes;
  a->localSizeBytes = g->localBytes;
  a->maxThreadsPerBlock = g->maxntid ? g->maxntid : 1024;
  a->numRegs = 32;
  a->ptxVersion = i->second.mod->m->sm;
  a->binaryVersion = cc;
  a->maxDynamicSharedSizeBytes = i->second.maxdyn;
  return cudaSuccess;
}
cudaError_t cudaFuncSetAttribute(const void* f, cudaFuncAttribute a, int v) {
  Lock l;
  auto i = kfns.find(f);
  if (i == kfns.end()) return ret(cudaErrorInvalidDeviceFunction);
  if (a == cudaFuncAttributeMaxDynamicSharedMemorySize) {
    if (v > 101376) return ret(cudaErrorInvalidValue);
    i->second.maxdyn = v;
    i->second.set = true;
  }
  return cudaSuccess;
}
cudaError_t cudaFuncSetCacheConfig(const void*, cudaFuncCache) { return cudaSuccess; }
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* n, const void*, int b,
                                                                   size_t, unsigned) {
  *n = std::max(1, 2048 / std::max(b, 64));
  if (*n > 8) *n = 8;
  return cudaSuccess;
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* n, const void* f, int b, size_t s) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(n, f, b, s, 0);
}
cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* p, int) {
  *p = (cudaMemPool_t)&pool0;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetMemPool(cudaMemPool_t* p, int) {
  *p = (cudaMemPool_t)&pool0;
  return cudaSuccess;
}
cudaError_t cudaDeviceSetMemPool(int, cudaMemPool_t) { return cudaSuccess; }
cudaError_t cudaMemPoolCreate(cudaMemPool_t* p, const cudaMemPoolProps* q) {
  API("cudaMemPoolCreate", cudaErrorMemoryAllocation);
  if (!atoi(env("PTXEMU_POOLS", "1"))) return ret(cudaErrorNotSupported);
  auto* x = new Pool;
  x->max = q ? q->maxSize : 0;
  x->dev = q ? q->location.id : 0;
  *p = (cudaMemPool_t)x;
  ++nhandles;
  return cudaSuccess;
}
cudaError_t cudaMemPoolDestroy(cudaMemPool_t p) {
  API("cudaMemPoolDestroy", cudaErrorInvalidValue);
  if (!p || p == (cudaMemPool_t)&pool0) return ret(cudaErrorInvalidValue);
  --nhandles;
  if (((Pool*)p)->used)
    report(
        "API", "pooldestroy",
        "cudaMemPoolDestroy while " + std::to_string(((Pool*)p)->used) + " bytes of it are in use");
  else
    delete (Pool*)p;
  return cudaSuccess;
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t p, cudaMemPoolAttr a, void* v) {
  API("cudaMemPoolSetAttribute", cudaErrorInvalidValue);
  if (a == cudaMemPoolAttrReleaseThreshold) ((Pool*)p)->thr = *(u64*)v;
  return cudaSuccess;
}
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t p, cudaMemPoolAttr a, void* v) {
  Lock l;
  switch (a) {
    case cudaMemPoolAttrReleaseThreshold:
      *(u64*)v = ((Pool*)p)->thr;
      break;
    case cudaMemPoolAttrUsedMemCurrent:
    case cudaMemPoolAttrReservedMemCurrent:
      *(u64*)v = used[((Pool*)p)->dev];
      break;
    case cudaMemPoolAttrUsedMemHigh:
    case cudaMemPoolAttrReservedMemHigh:
      *(u64*)v = peak;
      break;
    default:
      *(u64*)v = 0;
  }
  return cudaSuccess;
}
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, size_t) {
  API("cudaMemPoolTrimTo", cudaErrorInvalidValue);
  return cudaSuccess;
}
cudaError_t cudaProfilerStart() { return cudaSuccess; }
cudaError_t cudaProfilerStop() { return cudaSuccess; }
cudaError_t cudaGetDriverEntryPointByVersion(const char*, void** f, unsigned, unsigned long long,
                                             cudaDriverEntryPointQueryResult* r) {
  *f = nullptr;
  if (r) *r = cudaDriverEntryPointSymbolNotFound;
  return cudaSuccess;
}
}
