// Memory of devices, pools and pinned memory of the host: who has it and who had it.
#include <sys/mman.h>

#include <algorithm>

#include "runtime.h"

namespace ptxemu {

static int allocid = 0;
static u64 bump = 4096;
static Pool pool0;

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

bool inDev(u64 a) { return a >= dm.base && a < dm.base + dm.size; }

u64 newalloc(u64 n, bool live, bool async, bool internal, int dev) {
  if (n == 0) n = 1;
  u64 sz = (n + 255) & ~255ull;
  if (!internal && (used[dev] + sz > cap || sz > cap)) return 0;
  if (bump + sz + 512 > dm.size) return 0;
  u64 a = dm.base + bump + 256;
  bump += sz + 512;
  used[dev] += sz;
  peak = std::max(peak, used[dev]);
  allocs[a] = {a, n, true, async, internal ? 0 : ++allocid, nullptr, internal ? -1 : dev};
  if (live) memset(dm.shadow + (a - dm.base), is_allocated, n);
  memset(dm.store + (a - dm.base), 0xA5, n);
  return a;
}

void kill(Alloc& x) { memset(dm.shadow + (x.addr - dm.base), 0, x.size); }

void drop(Alloc& x) {
  u64 o = x.addr - dm.base, b = (o + 4095) & ~4095ull, e = (o + x.size) & ~4095ull;
  if (e > b + (1 << 20)) {
    madvise(dm.store + b, e - b, MADV_REMOVE);
    madvise((u8*)dm.writes + b * 8, (e - b) * 8, MADV_DONTNEED);
    madvise((u8*)dm.reads + b * 8, (e - b) * 8, MADV_DONTNEED);
  }
}

}  // namespace ptxemu

using namespace ptxemu;

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
    memset(dm.shadow + (a - dm.base), is_allocated, n);
    if (cfg.race) std::fill_n(dm.writes + (a - dm.base), n, Use::by(op));
  });
  return cudaSuccess;
}

extern "C" {

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
        for (const Use b : {dm.writes[x.addr - dm.base + k], dm.reads[x.addr - dm.base + k]}) {
          if (r || !b.is_known() || hb(b.op(), op)) continue;
          r = true;
          report("RACE(stream)", "f" + std::to_string(op),
                 "cudaFreeAsync of " + describe(x.addr) + " while " + opname(b.op()) +
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

}  // extern "C"
