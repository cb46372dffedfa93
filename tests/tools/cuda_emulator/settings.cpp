// What the environment asks for, what is reported, and what is said when the program ends.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime.h"

namespace ptxemu {

DevMem dm;
Cfg cfg;
u64 nerrors = 0, ninstr = 0;
std::mt19937_64 rng;
static std::map<std::string, u64> seen;
static bool inited = false;
static std::map<std::string, std::set<long>> inj;
static std::map<std::string, long> calls;

void report(const char* kind, const std::string& key, const std::string& msg) {
  ++nerrors;
  u64& n = seen[key];
  if (++n <= 1) fprintf(stderr, "ptxemu: %s: %s\n", kind, msg.c_str());
}

bool elsewhere(int one, int other, const std::string& what) {
  if (one == other) return false;
  report("API", "device " + what,
         what + ": devices " + std::to_string(one) + " and " + std::to_string(other));
  return true;
}

const char* env(const char* n, const char* d) {
  const char* v = getenv(n);
  return v ? v : d;
}

// Says what is wrong in the end: what was not given back, and calls that were to fail but were
// never made.
static void report_rest() {
  u64 bytes = 0, pieces = 0;
  for (auto& a : allocs)
    if (a.second.live && a.second.id > 0) ++pieces, bytes += a.second.size;
  if (getenv("PTXEMU_LEAK") && (pieces || pinned.size() || streams.size() > 1 || nhandles > 0))
    report("LEAK", "leak",
           "not given back: " + std::to_string(pieces) + " pieces of device memory (" +
               std::to_string(bytes) + " bytes), " + std::to_string(pinned.size()) +
               " of pinned memory, " + std::to_string(streams.size() - 1) + " streams, " +
               std::to_string(nhandles) + " events and pools");
  for (auto& f : inj)
    if (!calls.count(f.first))
      report("FAIL", f.first, "PTXEMU_FAIL: " + f.first + " was never called");
}

static void finish() {
  report_rest();
  if (!getenv("PTXEMU_QUIET"))
    fprintf(stderr,
            "ptxemu summary: %llu launches, %llu PTX instructions, peak device memory %llu, %llu "
            "error reports\n",
            (unsigned long long)nlaunch, (unsigned long long)ninstr, (unsigned long long)peak,
            (unsigned long long)nerrors);
  if (cfg.mix) print_counts();
  const char* x = getenv("PTXEMU_EXIT");
  fflush(stdout);
  if (x && nerrors) _exit(atoi(x));
}

void init() {
  if (inited) return;
  inited = true;
  cap = strtoull(env("PTXEMU_MEM", "1073741824"), nullptr, 0);
  cc = atoi(env("PTXEMU_CC", "90"));
  cfg.race = atoi(env("PTXEMU_RACE", "1"));
  cfg.init = atoi(env("PTXEMU_INIT", "1"));
  cfg.random = !strcmp(env("PTXEMU_SCHED", "seq"), "random");
  cfg.seed = strtoull(env("PTXEMU_SEED", "1"), nullptr, 0);
  rng.seed(cfg.seed);
  cfg.resident = atoi(env("PTXEMU_RESIDENT", "4"));
  cfg.maxinstr = strtoull(env("PTXEMU_MAXINSTR", "20000000000"), nullptr, 0);
  cfg.mix = getenv("PTXEMU_MIX") != nullptr;
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
  dm.writes = (Use*)big(dm.size * 8);
  dm.reads = (Use*)big(dm.size * 8);
  auto s = std::make_unique<Strm>();
  s->id = 0;
  s->nonblocking = false;
  legacy = s.get();
  streams[0] = std::move(s);
  atexit(finish);
}

cudaError_t ret(cudaError_t e) {
  if (e != cudaSuccess) last = e;
  return e;
}

bool inject(const char* fn) {
  long n = ++calls[fn];
  auto i = inj.find(fn);
  return i != inj.end() && (i->second.count(n) || i->second.count(0));
}

}  // namespace ptxemu

using namespace ptxemu;

extern "C" {

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
    E(cudaErrorInvalidValue)
    E(cudaErrorMemoryAllocation)
    E(cudaErrorInvalidConfiguration)
    E(cudaErrorNoDevice)
    E(cudaErrorInvalidDevice)
    E(cudaErrorInvalidPitchValue) E(cudaErrorInvalidSymbol) E(cudaErrorInvalidDeviceFunction)
        E(cudaErrorInvalidResourceHandle) E(cudaErrorNotReady) E(cudaErrorIllegalAddress)
            E(cudaErrorLaunchFailure) E(cudaErrorLaunchTimeout) E(cudaErrorMisalignedAddress)
                E(cudaErrorAssert) E(cudaErrorIllegalInstruction) E(cudaErrorInsufficientDriver)
                    E(cudaErrorNoKernelImageForDevice) E(cudaErrorInvalidPtx)
                        E(cudaErrorDevicesUnavailable) E(cudaErrorUnknown)
                            E(cudaErrorNotSupported) default : return "cudaErrorOther";
  }
}

const char* cudaGetErrorString(cudaError_t e) { return cudaGetErrorName(e); }
}  // extern "C"
