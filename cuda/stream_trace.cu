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

StreamTrace::~StreamTrace() {
  try {
    report_done();
  } catch (const DeviceError&) {  // what is lost is no result
  }
}

StreamTrace::Span::Span(StreamTrace& trace, const char* what, const char* stream_name,
                        const Stream& stream)
    : trace_(trace), what_(what), stream_name_(stream_name), stream_(stream) {
  if (trace_.report_) {
    begin_ = std::make_unique<Event>(true);
    begin_->record(stream_);
  }
  begin_range(what_);
}

StreamTrace::Span::~Span() {
  end_range();
  if (!begin_) return;
  try {
    auto end = std::make_unique<Event>(true);
    end->record(stream_);
    trace_.add({what_, stream_name_, std::move(begin_), std::move(end)});
  } catch (const DeviceError&) {  // the call that failed first is told
  } catch (const OutOfMemory&) {
  }
}

void StreamTrace::add(Pending pending) {
  const std::lock_guard lock(mutex_);
  pending_.push_back(std::move(pending));
  report_done();
}

void StreamTrace::report_done() {
  for (; !pending_.empty() && pending_.front().end->is_done(); pending_.pop_front())
    report(pending_.front());
}

// Events tell floats of milliseconds: how long the work took is exact, when it began gets coarser
// with the hours.
void StreamTrace::report(const Pending& pending) {
  const Clock::time_point begin = base_time_ + between(*base_, *pending.begin);
  report_(device_ + pending.stream_name, pending.what, begin,
          begin + between(*pending.begin, *pending.end));
}

}  // namespace cubemill::cuda
