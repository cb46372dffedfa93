// Copies and fills, and what is wrong with them: bounds, bytes that nothing wrote, races.
#include <algorithm>

#include "runtime.h"

namespace ptxemu {

struct Pend {
  u64 a, n;
  RecP r;
};
static std::vector<Pend> pendsrc, penddst;

bool touch(u32 op, u64 a, u64 n, bool wr, const char* what) {
  u64 o = a - dm.base;
  bool race = false, un = false;
  const Use key = Use::by(op);
  for (u64 i = 0; i < n; ++i) {
    if (!(dm.shadow[o + i] & is_allocated)) {
      report("FAULT", std::string(what) + std::to_string(op),
             opname(op) + ": " + what + " of " + std::to_string(n) +
                 " bytes reaches outside an allocation at " + describe(a + i) + " (start " +
                 describe(a) + ")");
      sticky = cudaErrorIllegalAddress;
      return false;
    }
    if (cfg.init && !wr && !(dm.shadow[o + i] & is_written)) un = true;
    if (wr) dm.shadow[o + i] |= is_written;
    if (cfg.race) {
      auto bad = [&](Use p) { return p.is_known() && !hb(p.op(), op); };
      if (!race && (bad(dm.writes[o + i]) || (wr && bad(dm.reads[o + i])))) {
        race = true;
        const Use p = bad(dm.writes[o + i]) ? dm.writes[o + i] : dm.reads[o + i];
        report("RACE(stream)", "s" + std::to_string(op),
               opname(op) + " " + (wr ? "writes " : "reads ") + describe(a + i) + " while " +
                   opname(p.op()) + " is not ordered before it by stream/event");
      }
      if (wr)
        dm.writes[o + i] = key;
      else
        dm.reads[o + i] = key;
    }
  }
  if (un)
    report("UNINIT(copy)", "u" + opname(op),
           opname(op) + " copies device bytes that nothing wrote, from " + describe(a));
  return true;
}

void docopy(u32 op, void* d, const void* s, size_t n) {
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

}  // namespace ptxemu

using namespace ptxemu;

static void doset(u32 op, void* d, int v, size_t n) {
  if (sticky || !n) return;
  if (!inDev((u64)d)) {
    memset(d, v, n);
    return;
  }
  if (touch(op, (u64)d, n, true, "memset")) memset(dm.store + ((u64)d - dm.base), v, n);
}

extern "C" {

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

}  // extern "C"
