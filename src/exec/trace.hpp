// What every thread, and every stream of a device, did when, as a file for Chrome's or Perfetto's
// trace viewer. Written as it happens, so that a long run needs no memory for it. Thread-safe.
#pragma once
#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace cubemill {

class Trace {
 public:
  using Clock = std::chrono::steady_clock;

  /// Throws IoError when the file cannot be made.
  explicit Trace(const std::string& path);
  /// Ends the document; what cannot be written is lost, it is no result.
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  void add(const char* name, Clock::time_point begin, Clock::time_point end, const char* what,
           std::uint64_t number);
  /// Adds a span on a track that is no thread: a stream of a device.
  void add_on(const std::string& track, const char* name, Clock::time_point begin,
              Clock::time_point end);

 private:
  int thread_number();
  int track_number(const std::string& track);
  void name_track(int number, const std::string& name);
  void write_span(int track, const char* name, Clock::time_point begin, Clock::time_point end);

  const Clock::time_point start_ = Clock::now();
  std::mutex mutex_;
  std::ofstream file_;
  std::map<std::thread::id, int> threads_;
  std::map<std::string, int> tracks_;  // numbered after all threads
};

/// Something that a thread does while this object lives; nothing where there is no trace.
class TraceSpan {
 public:
  /// `what` and `number` say on what: a chunk, a tile.
  TraceSpan(Trace* trace, const char* name, const char* what, std::uint64_t number)
      : trace_(trace), name_(name), what_(what), number_(number) {
    if (trace_) begin_ = Trace::Clock::now();
  }
  ~TraceSpan() {
    if (trace_) trace_->add(name_, begin_, Trace::Clock::now(), what_, number_);
  }
  TraceSpan(const TraceSpan&) = delete;
  TraceSpan& operator=(const TraceSpan&) = delete;

 private:
  Trace* trace_;
  const char *name_, *what_;
  std::uint64_t number_;
  Trace::Clock::time_point begin_;
};

}  // namespace cubemill
