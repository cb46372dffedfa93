#include "cubemill/net/range_client.hpp"

#include <pthread.h>
#include <time.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include "net/curl_handles.hpp"
#include "net/net_counters.hpp"
#include "net/range_loop.hpp"

namespace cubemill {

class RangeClient::Impl {
 public:
  explicit Impl(const NetOptions& options)
      : loop_(options, counters_), thread_([this] { loop_.run(); }) {}
  ~Impl() {
    loop_.stop();
    thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void ask(RangeRequest&& request, Done&& done) {
    auto range = std::make_unique<net::PendingRange>();
    range->request = std::move(request);
    range->done = std::move(done);
    range->asked = net::Clock::now();
    ++counters_.ranges;
    ++counters_.unfinished;
    loop_.ask(std::move(range));
  }

  const net::NetCounters& counters() const { return counters_; }

  std::uint64_t nanoseconds_cpu() {
    clockid_t clock{};
    timespec used{};
    if (pthread_getcpuclockid(thread_.native_handle(), &clock) != 0) return 0;
    clock_gettime(clock, &used);
    return std::uint64_t(used.tv_sec) * 1'000'000'000 + std::uint64_t(used.tv_nsec);
  }

 private:
  net::NetCounters counters_;
  net::RangeLoop loop_;
  std::thread thread_;
};

RangeClient::RangeClient(NetOptions options) : impl_(std::make_unique<Impl>(options)) {}

RangeClient::~RangeClient() = default;

void RangeClient::ask(RangeRequest request, Done done) {
  impl_->ask(std::move(request), std::move(done));
}

RangeAnswer RangeClient::fetch(RangeRequest request) {
  std::mutex mutex;
  std::condition_variable there;
  bool is_there = false;
  RangeAnswer answer;
  std::exception_ptr failure;
  ask(std::move(request), [&](RangeAnswer&& got, std::exception_ptr failed) {
    // Notified under the lock: afterwards the condition may be gone.
    const std::lock_guard lock(mutex);
    answer = std::move(got);
    failure = std::move(failed);
    is_there = true;
    there.notify_one();
  });
  std::unique_lock lock(mutex);
  there.wait(lock, [&] { return is_there; });
  if (failure) std::rethrow_exception(failure);
  return answer;
}

int RangeClient::room() const {
  const net::NetCounters& counters = impl_->counters();
  return std::max(0, counters.limit - counters.unfinished);
}

double RangeClient::usual_seconds() const { return impl_->counters().usual_seconds; }

NetTally RangeClient::tally() const {
  const net::NetCounters& c = impl_->counters();
  NetTally tally;
  tally.ranges = c.ranges;
  tally.requests = c.requests;
  tally.retries = c.retries;
  tally.hedges = c.hedges;
  tally.bytes = c.bytes;
  tally.throttled = c.throttled;
  tally.refreshed = c.refreshed;
  tally.peak_in_flight = c.peak_in_flight;
  tally.nanoseconds_cpu = impl_->nanoseconds_cpu();
  tally.places = c.places.all();
  return tally;
}

namespace {

struct ProcessClient {
  std::mutex mutex;
  NetOptions options;
  std::unique_ptr<RangeClient> client;
};

ProcessClient& process_client() {
  static ProcessClient process;
  return process;
}

}  // namespace

void initialise_net(NetOptions options) {
  ProcessClient& process = process_client();
  const std::lock_guard lock(process.mutex);
  process.client.reset();
  process.options = std::move(options);
}

void close_net() {
  ProcessClient& process = process_client();
  const std::lock_guard lock(process.mutex);
  process.client.reset();
}

RangeClient& net_client() {
  ProcessClient& process = process_client();
  const std::lock_guard lock(process.mutex);
  // Where nobody calls close_net: exit handlers run in reverse, so the client ends before OpenSSL.
  static const bool is_registered = (net::initialise_curl(), std::atexit(close_net) == 0);
  if (!is_registered) throw std::bad_alloc();
  if (!process.client) process.client = std::make_unique<RangeClient>(process.options);
  return *process.client;
}

bool net_pays_for(const std::string& bucket) {
  ProcessClient& process = process_client();
  const std::lock_guard lock(process.mutex);
  return net::pays_for(process.options, net::process_environment(), bucket);
}

}  // namespace cubemill
