// Streams and events: when what was put into a stream is done, and what is ordered before what.
#include <algorithm>
#include <chrono>

#include "runtime.h"

namespace ptxemu {

static u32 nextStream = 1;
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

static void joinvc(std::vector<u64>& a, const std::vector<u64>& b) {
  if (a.size() < b.size()) a.resize(b.size());
  for (size_t i = 0; i < b.size(); ++i) a[i] = std::max(a[i], b[i]);
}

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

void sync(const RecP& r) {
  if (!r) return;
  if (smode == RANDOM)
    while (!r->done) randomsteps(1);
  else
    force(r);
  hostjoin(r);
}

void syncall() {
  std::vector<RecP> t;
  for (auto& s : streams)
    if (s.second->tail) t.push_back(s.second->tail);
  if (smode == RANDOM) std::shuffle(t.begin(), t.end(), rng);
  for (auto& r : t) sync(r);
}

Strm* strm(cudaStream_t s) {
  u64 v = (u64)s;
  if (v <= 2) return legacy;
  return (Strm*)s;
}

bool valid(cudaStream_t s) {
  if ((u64)s <= 2) return true;
  for (auto& x : streams)
    if ((cudaStream_t)x.second.get() == s) return true;
  return false;
}

RecP enqueue(Strm* s, const std::string& name, std::function<void(u32)> fn,
             std::vector<RecP> extra) {
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

}  // namespace ptxemu

using namespace ptxemu;

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned f) {
  API("cudaStreamCreateWithFlags", cudaErrorMemoryAllocation);
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
  API("cudaEventCreateWithFlags", cudaErrorMemoryAllocation);
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

}  // extern "C"
