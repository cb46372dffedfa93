// The program's kernels: PTX out of its fat binaries, and launches.
#include <dlfcn.h>

#include "runtime.h"

namespace ptxemu {

static std::map<const void*, KFn> kfns;
struct KVar {
  Mod* mod;
  std::string name;
  size_t size;
  u64 addr = 0;
};
static std::map<const void*, KVar> kvars;
struct Cfgs {
  dim3 g, b;
  size_t s;
  void* st;
};
static thread_local std::vector<Cfgs> cfgstack;

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
    m->m = parse(best->second, [](Variable& v) {
      u64 a = newalloc(std::max<u64>(v.size, 1), true, false, true);
      u64 o = a - dm.base;
      memset(dm.store + o, 0, v.size);
      memset(dm.shadow + o, is_allocated | is_written, std::max<u64>(v.size, 1));
      if (!v.init.empty()) memcpy(dm.store + o, v.init.data(), v.init.size());
      return a;
    });
  } catch (std::exception& e) {
    report("PARSE", "parse", e.what());
    return cudaErrorInvalidPtx;
  }
  for (auto& v : m->m->variables)
    for (auto& r : v.second.relocations) {
      auto i = m->m->variables.find(r.name);
      if (i == m->m->variables.end()) continue;
      u64 x = i->second.address + r.addend;
      memcpy(dm.store + (v.second.address - dm.base) + r.offset, &x, 8);
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
  auto fi = i->second.mod->m->functions.find(i->second.name);
  if (fi == i->second.mod->m->functions.end()) return ret(cudaErrorInvalidDeviceFunction);
  Function* f = fi->second.get();
  u64 nt = (u64)b.x * b.y * b.z;
  if (!nt || !g.x || !g.y || !g.z || nt > 1024 || b.x > 1024 || b.y > 1024 || b.z > 64 ||
      g.x > 2147483647u || g.y > 65535 || g.z > 65535)
    return ret(cudaErrorInvalidConfiguration);
  if (f->max_threads && nt > f->max_threads) return ret(cudaErrorInvalidValue);
  if (f->shared_bytes + smem > 49152 && (!i->second.set || (int)smem > i->second.maxdyn))
    return ret(cudaErrorInvalidValue);
  auto L = std::make_shared<Launch>();
  L->function = f;
  L->grid = {g.x, g.y, g.z};
  L->block = {b.x, b.y, b.z};
  L->dynamic_shared = smem;
  L->params.assign(f->param_bytes, 0);
  for (size_t k = 0; k < f->params.size(); ++k)
    memcpy(&L->params[f->params[k].offset], args[k], f->params[k].size);
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
    L->op = op;
    Fault r = execute(*L);
    if (r == Fault::none) return;
    sticky = r == Fault::illegal_instruction ? cudaErrorIllegalInstruction
             : r == Fault::timeout           ? cudaErrorLaunchTimeout
             : r == Fault::misaligned        ? cudaErrorMisalignedAddress
             : r == Fault::assertion         ? cudaErrorAssert
             : r == Fault::trap              ? cudaErrorLaunchFailure
                                             : cudaErrorIllegalAddress;
  });
  return cudaSuccess;
}

u64 symaddr(const void* s) {
  auto i = kvars.find(s);
  if (i == kvars.end() || load(i->second.mod)) return 0;
  auto v = i->second.mod->m->variables.find(i->second.name);
  return v == i->second.mod->m->variables.end() ? 0 : v->second.address;
}

}  // namespace ptxemu

using namespace ptxemu;

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

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* a, const void* f) {
  Lock l;
  auto i = kfns.find(f);
  if (i == kfns.end()) return ret(cudaErrorInvalidDeviceFunction);
  if (auto e = load(i->second.mod)) return ret(e);
  memset(a, 0, sizeof *a);
  Function* g = i->second.mod->m->functions[i->second.name].get();
  a->sharedSizeBytes = g->shared_bytes;
  a->localSizeBytes = g->local_bytes;
  a->maxThreadsPerBlock = g->max_threads ? g->max_threads : 1024;
  a->numRegs = 32;
  a->ptxVersion = i->second.mod->m->target;
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

}  // extern "C"
