#include "stream_trace.hpp"

#if __has_include(<nvtx3/nvToolsExt.h>)
#include <nvtx3/nvToolsExt.h>
#endif

namespace cubemill::cuda {
namespace {

void begin_range([[maybe_unused]] const char* name) {
#if __has_include(<nvtx3/nvToolsExt.h>)
  nvtxRangePushA(name);
#endif
}

void end_range() {
#if __has_include(<nvtx3/nvToolsExt.h>)
  nvtxRangePop();
#endif
}

StreamTrace::Clock::duration between(const Event& earlier, const Event& later) {
  return std::chrono::duration_cast<StreamTrace::Clock::duration>(
      std::chrono::duration<double, std::milli>(later.milliseconds_since(earlier)));
}

}  // namespace

StreamTrace::StreamTrace(DeviceSpan report, const Device& device)
    : report_(std::move(report)), device_("device " + std::to_string(device.number()) + " ") {
  if (!report_) return;
  const Stream idle;
  base_ = std::make_unique<Event>(true);
  base_->record(idle);
  base_->synchronize();
  base_time_ = Clock::now();
}

StreamTrace::~StreamTrace() { report_done(); }

StreamTrace::Span::Span(StreamTrace& trace, const char* what, const char* stream_name,
                        const Stream& stream)
    : trace_(trace),
      what_(what),
      stream_name_(stream_name),
      stream_(stream),
      begin_(trace.mark(stream)) {
  begin_range(what_);
}

StreamTrace::Span::~Span() {
  end_range();
  if (auto end = begin_ ? trace_.mark(stream_) : nullptr)
    trace_.add({what_, stream_name_, std::move(begin_), std::move(end)});
}

// A trace is no result: what cannot be told is left out, and a call that fails fails for others
// too.
std::unique_ptr<Event> StreamTrace::mark(const Stream& stream) const noexcept try {
  if (!report_) return {};
  auto event = std::make_unique<Event>(true);
  event->record(stream);
  return event;
} catch (...) {
  return {};
}

void StreamTrace::add(Pending pending) noexcept {
  const std::lock_guard lock(mutex_);
  pending_.push_back(std::move(pending));
  report_done();
}

void StreamTrace::report_done() noexcept try {
  for (; !pending_.empty() && pending_.front().end->is_done(); pending_.pop_front())
    report(pending_.front());
} catch (...) {
}

// Events tell floats of milliseconds: how long the work took is exact, when it began gets coarser
// with the hours.
void StreamTrace::report(const Pending& pending) {
  const Clock::time_point begin = base_time_ + between(*base_, *pending.begin);
  report_(device_ + pending.stream_name, pending.what, begin,
          begin + between(*pending.begin, *pending.end));
}

}  // namespace cubemill::cuda
