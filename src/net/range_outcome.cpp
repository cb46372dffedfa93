// RangeLoop: what becomes of a range when a request for it has ended.
#include <algorithm>
#include <iomanip>
#include <sstream>
#include <utility>

#include "net/range_loop.hpp"

namespace cubemill::net {
namespace {

constexpr int most_detours = 8;

std::string place_of(const RangeRequest& request) {
  return "bytes " + std::to_string(request.offset) + "-" +
         std::to_string(request.offset + request.size - 1);
}

std::string effort(const PendingRange& range, Moment now) {
  if (range.attempts == 0) return "";
  std::ostringstream text;
  text << " (" << range.attempts << (range.attempts == 1 ? " attempt" : " attempts") << " in "
       << std::fixed << std::setprecision(1) << seconds_between(range.begun, now) << " s)";
  return text.str();
}

}  // namespace

RangeLoop::RangePtr RangeLoop::take_active(PendingRange& range) {
  return std::move(active_.extract(&range).mapped());
}

void RangeLoop::ended(Transfer& transfer, CURLcode code, Moment now) {
  TransferPtr landed = land(transfer, code);
  const PendingRange& range = *landed->range;
  const Verdict verdict = judge(*landed, range.request, range.href.is_s3());
  settle(std::move(landed), verdict, now);
}

void RangeLoop::silent(Transfer& transfer, Moment now) {
  Verdict verdict{.move = Verdict::Move::again};
  verdict.what = (transfer.has_first_byte() ? "the answer stopped for " : "no answer for ") +
                 std::to_string(options_.stall.count()) + " ms";
  settle(land(transfer, CURLE_OPERATION_TIMEDOUT), verdict, now);
}

void RangeLoop::settle(TransferPtr transfer, const Verdict& verdict, Moment now) {
  using Move = Verdict::Move;
  PendingRange& range = *transfer->range;
  range.last_status = transfer->head().status;
  if (verdict.move == Move::slower) {
    limit_.throttled(transfer->sent(), now);
    counters_.limit = limit_.limit();
    ++counters_.throttled;
  }
  const bool may_wait = verdict.move == Move::again || verdict.move == Move::slower;
  if (may_wait && (range.flying || range.beside)) {
    recycle(std::move(transfer));  // another request for the range is in flight
    return;
  }
  RangePtr owned = take_active(range);
  if (goes_back(*owned, verdict))
    again_at_once(std::move(owned));
  else if (verdict.move == Move::take)
    answer(std::move(owned), *transfer, verdict.object_size, now);
  else if (may_wait)
    try_again(std::move(owned), verdict, now);
  else if (verdict.move == Move::elsewhere || verdict.move == Move::renew)
    detour(std::move(owned), verdict, transfer->wire(), now);
  else
    give_up(std::move(owned), verdict, "", now);
  recycle(std::move(transfer));
}

// Where an object had moved it may be no more: that is asked once.
bool RangeLoop::goes_back(PendingRange& range, const Verdict& verdict) {
  using Move = Verdict::Move;
  const bool is_end = verdict.move == Move::renew || verdict.move == Move::give_up;
  return is_end && !std::exchange(range.has_gone_back, is_end) &&
         maker_.forget_location(range.href);
}

void RangeLoop::again_at_once(RangePtr range) {
  cancel(range->flying);
  cancel(range->beside);
  --range->attempts;
  queue_.push_front(std::move(range));
}

// Asks at once, in another place or with other keys, where there are any.
void RangeLoop::detour(RangePtr range, const Verdict& verdict, const WireRequest& sent,
                       Moment now) {
  bool leads = ++range->detours <= most_detours;
  if (verdict.move == Verdict::Move::renew) {
    leads = leads && !range->refusal && maker_.refused(range->href, sent, now);
    range->refusal = verdict;
    range->refused_generation = sent.key_generation;
  } else if (leads && !verdict.region.empty()) {
    leads = maker_.learn_region(range->href, sent, verdict.region);
  } else if (leads) {
    leads = maker_.learn_location(range->href, sent, verdict.location);
  }
  if (!leads) return give_up(std::move(range), verdict, "", now);
  again_at_once(std::move(range));
}

void RangeLoop::try_again(RangePtr range, const Verdict& verdict, Moment now) {
  if (range->attempts >= std::min(options_.attempts, verdict.most_tries))
    return give_up(std::move(range), verdict, "", now);
  if (!budget_.take())
    return give_up(std::move(range), verdict, "too many requests of this run have failed", now);
  const Clock::duration pause =
      std::max(backoff_.pause(range->attempts), seconds_long(verdict.retry_after));
  if (now + pause - range->begun > options_.deadline)
    return give_up(std::move(range), verdict, "the deadline of a range would pass", now);
  ++counters_.retries;
  range->last = verdict;
  paused_.emplace(now + pause, std::move(range));
}

void RangeLoop::answer(RangePtr range, Transfer& transfer, std::uint64_t object_size, Moment now) {
  cancel(range->flying);
  cancel(range->beside);
  maker_.answered(range->href, transfer.wire());
  budget_.answered();
  // Answers come in batches: while others wait to be sent, the limit is what holds them.
  limit_.answered(queue_.empty() ? int(flying_.size()) + 1 : limit_.limit());
  counters_.limit = limit_.limit();
  BodySink& sink = transfer.sink();
  hedging_.answered(seconds_between(transfer.sent(), transfer.first_byte()),
                    seconds_between(transfer.first_byte(), now), sink.filled());
  RangeAnswer answer;
  answer.size = sink.whole() ? sink.filled() : 0;
  answer.object_size = std::max(object_size, sink.object_size());
  answer.etag = transfer.head().etag;
  answer.attempts = range->attempts;
  answer.bytes = sink.release();
  finish(std::move(range), std::move(answer), nullptr, now);
}

void RangeLoop::give_up(RangePtr range, const Verdict& verdict, const std::string& because,
                        Moment now) {
  cancel(range->flying);
  cancel(range->beside);
  if (verdict.move == Verdict::Move::no_memory) {
    auto failure = std::make_exception_ptr(OutOfMemory(
        without_secrets(range->href.text) + ": no memory for " + place_of(range->request),
        range->request.size));
    return finish(std::move(range), {}, std::move(failure), now);
  }
  const std::string what = verdict.what.empty() ? "no answer" : verdict.what;
  std::string text = place_of(range->request) + ": " + what + effort(*range, now);
  if (!because.empty()) text += "; " + because;
  if (!verdict.advice.empty()) text += "; " + verdict.advice;
  auto failure = std::make_exception_ptr(
      RangeFailure(without_secrets(range->href.text), text, verdict.kind, range->last_status,
                   range->attempts, place_of(range->request), verdict.of_place));
  finish(std::move(range), {}, std::move(failure), now);
}

void RangeLoop::finish(RangePtr range, RangeAnswer&& answer, std::exception_ptr failure,
                       Moment now) {
  if (!failure) {
    answer_times_.add(seconds_between(range->asked, now));
    counters_.usual_seconds = answer_times_.usual();
  }
  --counters_.unfinished;
  range->done(std::move(answer), std::move(failure));
}

}  // namespace cubemill::net
