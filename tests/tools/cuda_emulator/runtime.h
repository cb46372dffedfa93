// What the sources of the runtime share: its objects, its state, and what they do for each other.
// One lock guards all; every function of the runtime takes it first (`API`).
#pragma once
#include <cuda_runtime_api.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "exec.h"

namespace ptxemu {

// ---- errors, settings (settings.cpp)

inline std::recursive_mutex mu;
inline cudaError_t sticky = cudaSuccess;  // after a fault every call fails
inline thread_local cudaError_t last = cudaSuccess;
inline thread_local int curdev = 0;
inline int cc = 90;  // compute capability
inline enum { EAGER, LAZY, RANDOM } smode = LAZY;
inline u64 nlaunch = 0, peak = 0;
inline long nhandles = 0;  // events and pools

const char* env(const char* name, const char* otherwise);
/// Reads the settings and makes the device's memory, once.
void init();
/// Remembers an error as the thread's last.
cudaError_t ret(cudaError_t error);
/// Counts a call; whether this one is to fail.
bool inject(const char* function);
/// Reports what is used with what belongs to another device.
bool elsewhere(int one, int other, const std::string& what);

struct Lock {
  std::lock_guard<std::recursive_mutex> guard;
  Lock() : guard(mu) { init(); }
};
#define API(fn, err)              \
  Lock lock_;                     \
  if (sticky) return ret(sticky); \
  if (inject(fn)) return ret(err)

// ---- streams and events (streams.cpp)

struct Strm;

/// Something put into a stream; the host waits for it, and so do other streams.
struct Rec {
  bool done = false;
  u32 op = 0;
  Strm* s = nullptr;
  double t = 0;
};
using RecP = std::shared_ptr<Rec>;

/// An operation for the checks of order: its place in its stream, and what is before it, by stream.
struct OpI {
  u32 s;
  u64 clk;
  std::vector<u64> vc;
  std::string name;
};

/// What waits in a stream.
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

inline std::map<u32, std::unique_ptr<Strm>> streams;
inline Strm* legacy;  // the default stream
inline std::vector<OpI> ops(1);

Strm* strm(cudaStream_t s);
bool valid(cudaStream_t s);
/// Puts an operation into a stream; `fn` gets its number.
RecP enqueue(Strm* s, const std::string& name, std::function<void(u32)> fn,
             std::vector<RecP> extra = {});
/// Lets the host wait for one thing, or for all.
void sync(const RecP& r);
void syncall();

// ---- memory (memory.cpp)

struct Alloc {
  u64 addr, size;
  bool live;
  bool async;
  int id;
  u64* pool = nullptr;
  int dev = 0;
};

struct Pool {
  u64 thr = 0, max = 0, used = 0;
  int dev = 0;
};

inline std::map<u64, Alloc> allocs;
inline std::map<int, u64> used;  // by device; each has the capacity
inline u64 cap;
inline std::map<u64, u64> pinned;

bool inDev(u64 address);
/// Device memory, 0 when there is none left.
u64 newalloc(u64 n, bool live, bool async, bool internal = false, int dev = curdev);
void kill(Alloc& x);
void drop(Alloc& x);

// ---- copies (copies.cpp)

/// Checks a range of device memory that an operation reads or writes.
bool touch(u32 op, u64 a, u64 n, bool wr, const char* what);
void docopy(u32 op, void* d, const void* s, size_t n);

// ---- kernels (modules.cpp)

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

/// The address of a device variable, 0 when there is none.
u64 symaddr(const void* s);

}  // namespace ptxemu
