// RangeLoop: requests begin and end.
#include <new>
#include <utility>

#include "net/range_loop.hpp"

namespace cubemill::net {
namespace {

// Whether the request would be signed with what has been refused for this range.
bool has_same_keys(const WireRequest& wire, const PendingRange& range) {
  return range.refusal && wire.keys && wire.key_generation == range.refused_generation;
}

}  // namespace

void RangeLoop::start(RangePtr range, Moment now) {
  // Handed on when this thread is done with it: whoever asked may read it at once.
  std::exception_ptr refusal;
  try {
    if (range->href.text.empty()) range->href = parse_href(range->request.href);
  } catch (const Error&) {
    refusal = std::current_exception();
  }
  if (refusal) return finish(std::move(range), {}, std::move(refusal), now);
  if (range->request.size == 0) return finish(std::move(range), {}, nullptr, now);
  auto made = maker_.make(range->href, range->request, now);
  if (std::holds_alternative<Pending>(made)) {
    held_.push_back(std::move(range));
  } else if (const Unmakeable* no = std::get_if<Unmakeable>(&made)) {
    const Verdict verdict{.kind = RangeFailure::Kind::denied,
                          .what = no->why,
                          .advice = no->advice,
                          .of_place = true};
    give_up(std::move(range), verdict, "", now);
  } else if (has_same_keys(std::get<WireRequest>(made), *range)) {
    const Verdict last = *range->refusal;
    ++range->attempts;  // the one that was refused
    give_up(std::move(range), last, "", now);
  } else {
    send(std::move(range), std::get<WireRequest>(std::move(made)), now);
  }
}

void RangeLoop::send(RangePtr range, WireRequest wire, Moment now) {
  PendingRange& kept = *range;
  active_.emplace(&kept, std::move(range));
  if (kept.begun == Moment{}) kept.begun = now;
  ++kept.attempts;
  try {
    launch(kept, std::move(wire), kept.flying, now);
  } catch (const std::bad_alloc&) {
    give_up(take_active(kept), {.move = Verdict::Move::no_memory}, "", now);
  }
}

void RangeLoop::launch(PendingRange& range, WireRequest wire, Transfer*& as, Moment now) {
  TransferPtr transfer;
  if (spare_.empty()) {
    transfer = std::make_unique<Transfer>(user_agent_, options_.stall);
  } else {
    transfer = std::move(spare_.back());
    spare_.pop_back();
  }
  transfer->start(multi_.get(), std::move(wire), range.extent(), now);
  transfer->range = &range;
  as = transfer.get();
  flying_.emplace(as, std::move(transfer));
  ++counters_.requests;
  counters_.places.add(remote_place(range.href.text), {1, 0});
  if (flying_.size() > counters_.peak_in_flight) counters_.peak_in_flight = flying_.size();
  if (&as == &range.flying) hedging_.sent();
}

void RangeLoop::hedge(PendingRange& range, Moment now) {
  auto made = maker_.make(range.href, range.request, now);
  WireRequest* wire = std::get_if<WireRequest>(&made);
  if (!wire) return;
  launch(range, std::move(*wire), range.beside, now);
  hedging_.hedged();
  ++hedges_;
  ++counters_.hedges;
}

// Takes a request out of the air. Its range is left to the caller.
RangeLoop::TransferPtr RangeLoop::land(Transfer& transfer, CURLcode code) {
  TransferPtr landed = std::move(flying_.extract(&transfer).mapped());
  landed->finish(multi_.get(), code);
  PendingRange& range = *landed->range;
  counters_.bytes += landed->received_body();
  counters_.places.add(remote_place(range.href.text), {0, landed->received_body()});
  if (range.beside == &transfer) {
    range.beside = nullptr;
    --hedges_;
  } else {
    range.flying = nullptr;
  }
  return landed;
}

void RangeLoop::cancel(Transfer* transfer) {
  if (transfer) recycle(land(*transfer, CURLE_ABORTED_BY_CALLBACK));
}

}  // namespace cubemill::net
