// Says when the device did what, on the host's clock: to NVIDIA's profilers as ranges (NVTX), and
// to whoever gave a `DeviceSpan`, by events around the work. Without one no event is made.
// Never fails what it looks at. Thread-safe.
#pragma once
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "cubemill/backend/cuda_backend.hpp"
#include "handles.hpp"

namespace cubemill::cuda {

class StreamTrace {
 public:
  using Clock = std::chrono::steady_clock;

  StreamTrace(DeviceSpan report, const Device& device);
  /// Reports what is left: after all streams are done.
  ~StreamTrace();

  /// What is put into a stream while this object lives.
  class Span {
   public:
    Span(StreamTrace& trace, const char* what, const char* stream_name, const Stream& stream);
    ~Span();
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;

   private:
    StreamTrace& trace_;
    const char *what_, *stream_name_;
    const Stream& stream_;
    std::unique_ptr<Event> begin_;
  };

 private:
  struct Pending {
    const char *what, *stream_name;
    std::unique_ptr<Event> begin, end;
  };

  std::unique_ptr<Event> mark(const Stream& stream) const noexcept;
  void add(Pending pending) noexcept;
  void report_done() noexcept;
  void report(const Pending& pending);

  const DeviceSpan report_;
  const std::string device_;
  std::mutex mutex_;
  std::deque<Pending> pending_;  // in the order in which they began, nearly
  std::unique_ptr<Event> base_;  // done at base_time_
  Clock::time_point base_time_;
};

}  // namespace cubemill::cuda
