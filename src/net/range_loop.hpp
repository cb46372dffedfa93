// Sends requests for ranges and sees each through to its answer or its failure: what is done in
// which order, by the rules of the policies. `run` is one thread's, which owns all but what is
// behind the mutex; `ask` and `stop` may be called from any.
#pragma once
#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "cubemill/net/net_options.hpp"
#include "net/backoff.hpp"
#include "net/flight_limit.hpp"
#include "net/hedge_policy.hpp"
#include "net/net_counters.hpp"
#include "net/pending_range.hpp"
#include "net/request_maker.hpp"
#include "net/retry_budget.hpp"

namespace cubemill::net {

class RangeLoop {
 public:
  using RangePtr = std::unique_ptr<PendingRange>;

  RangeLoop(const NetOptions& options, NetCounters& counters);
  ~RangeLoop();
  RangeLoop(const RangeLoop&) = delete;
  RangeLoop& operator=(const RangeLoop&) = delete;

  /// Queues a range.
  void ask(RangePtr range);
  /// Runs until `stop`; then gives up what is in flight, without calling anybody.
  void run();
  void stop();

 private:
  using TransferPtr = std::unique_ptr<Transfer>;

  // The round (range_loop.cpp).
  void wake(bool has_changed);
  bool take_asked();
  bool start_all(Moment now);
  bool timer_is_due() const;
  void transfer();
  void watch(Moment now);
  void wait(Moment now);
  void abandon_all();

  // Requests (range_sending.cpp).
  void start(RangePtr range, Moment now);
  void send(RangePtr range, WireRequest wire, Moment now);
  void launch(PendingRange& range, WireRequest wire, Transfer*& as, Moment now);
  void hedge(PendingRange& range, Moment now);
  TransferPtr land(Transfer& transfer, CURLcode code);
  void recycle(TransferPtr transfer) { spare_.push_back(std::move(transfer)); }
  void cancel(Transfer* transfer);
  bool has_room() const { return int(flying_.size()) < std::max(1, limit_.limit() - wanted_); }

  // What becomes of them (range_outcome.cpp).
  void ended(Transfer& transfer, CURLcode code, Moment now);
  void silent(Transfer& transfer, Moment now);
  void settle(TransferPtr transfer, const Verdict& verdict, Moment now);
  bool goes_back(PendingRange& range, const Verdict& verdict);
  void again_at_once(RangePtr range);
  void detour(RangePtr range, const Verdict& verdict, const WireRequest& sent, Moment now);
  void try_again(RangePtr range, const Verdict& verdict, Moment now);
  void answer(RangePtr range, Transfer& transfer, std::uint64_t object_size, Moment now);
  void give_up(RangePtr range, const Verdict& verdict, const std::string& because, Moment now);
  void finish(RangePtr range, RangeAnswer&& answer, std::exception_ptr failure, Moment now);
  RangePtr take_active(PendingRange& range);

  const NetOptions options_;
  const std::string user_agent_;
  NetCounters& counters_;
  MultiHandle multi_;
  RequestMaker maker_;

  Backoff backoff_;
  RetryBudget budget_;
  FlightLimit limit_;
  HedgePolicy hedging_;
  RecentTimes answer_times_;

  std::mutex mutex_;
  std::deque<RangePtr> asked_;
  bool woken_ = false, changed_ = false, stop_ = false;

  std::deque<RangePtr> queue_;              // in the order of asking
  std::multimap<Moment, RangePtr> paused_;  // by when they are due
  std::vector<RangePtr> held_;              // until keys or a URL are there
  std::unordered_map<PendingRange*, RangePtr> active_;
  std::unordered_map<Transfer*, TransferPtr> flying_;
  std::vector<TransferPtr> spare_;
  int hedges_ = 0;           // in flight
  int wanted_ = 0;           // hedges that wait for room, which is kept for them
  bool has_events_ = false;  // of connections, when last waited for; else libcurl is not called
  Moment next_look_{};
};

}  // namespace cubemill::net
