#include "net/range_loop.hpp"

#include <algorithm>
#include <iterator>
#include <random>
#include <utility>

namespace cubemill::net {
namespace {

constexpr int first_in_flight = 32;
constexpr Millis longest_pause = std::chrono::seconds(20);
constexpr double retries_at_once = 500, retries_per_answer = 0.5;
// How often requests in flight are looked at: a small part of a round trip to a bucket.
constexpr Millis look_every{20};
constexpr Millis long_time = std::chrono::seconds(60);

std::string agent(const NetOptions& options) {
  return options.user_agent.empty() ? "cubemill/" CUBEMILL_VERSION : options.user_agent;
}

}  // namespace

RangeLoop::RangeLoop(const NetOptions& options, NetCounters& counters)
    : options_(options),
      user_agent_(agent(options)),
      counters_(counters),
      multi_(make_multi()),
      maker_(options, process_environment(), [this] { wake(true); }),
      backoff_(options.backoff, longest_pause, std::random_device{}()),
      budget_(retries_at_once, retries_per_answer),
      limit_(first_in_flight, options.connections) {
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, long(options.connections) + 8);
  counters_.limit = limit_.limit();
}

RangeLoop::~RangeLoop() = default;

void RangeLoop::ask(RangePtr range) {
  {
    const std::lock_guard lock(mutex_);
    asked_.push_back(std::move(range));
  }
  wake(false);
}

void RangeLoop::wake(bool has_changed) {
  {
    const std::lock_guard lock(mutex_);
    changed_ = changed_ || has_changed;
    if (std::exchange(woken_, true)) return;
  }
  curl_multi_wakeup(multi_.get());
}

void RangeLoop::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake(false);
}

void RangeLoop::run() {
  block_pipe_signal();
  while (take_asked()) {
    const bool has_started = start_all(Clock::now());
    if (has_started || has_events_ || timer_is_due()) transfer();
    const Moment now = Clock::now();
    if (now >= next_look_) watch(now);
    wait(now);
  }
  abandon_all();
}

// Takes over what others have brought; false when it is time to stop.
bool RangeLoop::take_asked() {
  const std::lock_guard lock(mutex_);
  woken_ = false;
  std::move(asked_.begin(), asked_.end(), std::back_inserter(queue_));
  asked_.clear();
  if (std::exchange(changed_, false)) {
    queue_.insert(queue_.begin(), std::move_iterator(held_.begin()),
                  std::move_iterator(held_.end()));
    held_.clear();
    counters_.refreshed = maker_.refreshed();
  }
  return !stop_;
}

bool RangeLoop::start_all(Moment now) {
  const std::uint64_t before = counters_.requests;
  while (has_room() && !paused_.empty() && paused_.begin()->first <= now)
    start(std::move(paused_.extract(paused_.begin()).mapped()), now);
  while (has_room() && !queue_.empty()) {
    RangePtr range = std::move(queue_.front());
    queue_.pop_front();
    start(std::move(range), now);
  }
  return counters_.requests > before;
}

bool RangeLoop::timer_is_due() const {
  long millis = -1;
  curl_multi_timeout(multi_.get(), &millis);
  return millis == 0;
}

void RangeLoop::transfer() {
  int running = 0, left = 0;
  curl_multi_perform(multi_.get(), &running);
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left))
    if (message->msg == CURLMSG_DONE)
      ended(Transfer::of(message->easy_handle), message->data.result, Clock::now());
}

// Gives up requests that are silent, asks beside those that are slow.
void RangeLoop::watch(Moment now) {
  next_look_ = now + look_every;
  wanted_ = 0;
  std::vector<Transfer*> all;
  all.reserve(flying_.size());
  for (const auto& [transfer, owner] : flying_) all.push_back(transfer);
  for (Transfer* transfer : all) {
    if (!flying_.contains(transfer)) continue;  // its range has ended with another
    PendingRange& range = *transfer->range;
    const auto least = std::uint64_t(options_.stall.count());  // 1 kB/s
    if (now - range.begun > options_.deadline)
      give_up(take_active(range), Verdict(range.last), "the deadline of a range has passed", now);
    else if (transfer->is_silent(now, options_.stall, least))
      silent(*transfer, now);
    else if (!range.beside && hedging_.may_hedge(hedges_, limit_.limit()) &&
             hedging_.is_slow(seconds_between(transfer->sent(), now), transfer->has_first_byte(),
                              range.request.size)) {
      if (int(flying_.size()) < options_.connections)
        hedge(range, now);
      else
        ++wanted_;
    }
  }
}

void RangeLoop::wait(Moment now) {
  if (has_room() && !queue_.empty()) return;
  Clock::duration pause = long_time;
  if (!flying_.empty()) pause = std::min(pause, next_look_ - now);
  if (!paused_.empty() && has_room()) pause = std::min(pause, paused_.begin()->first - now);
  const auto millis = std::chrono::ceil<Millis>(std::max(pause, Clock::duration::zero()));
  int ready = 0;
  curl_multi_poll(multi_.get(), nullptr, 0, int(millis.count()), &ready);
  has_events_ = ready > 0;
}

void RangeLoop::abandon_all() {
  while (!flying_.empty()) land(*flying_.begin()->first, CURLE_ABORTED_BY_CALLBACK);
  active_.clear();
  paused_.clear();
  queue_.clear();
  held_.clear();
}

}  // namespace cubemill::net
