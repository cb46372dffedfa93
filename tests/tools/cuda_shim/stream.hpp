// A stream that is a thread: it does what it is given, one after another. Marks are what it reaches
// and others wait for.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "unseen.hpp"

namespace cudashim {

/// A point in a stream. Reached once, waited for by anybody.
class Mark {
 public:
  void reach();
  void wait();
  bool is_reached();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool reached_ = false;
};

class Stream {
 public:
  Stream();
  /// Does all that was given before it ends.
  ~Stream();

  /// Puts work at the end. Thread-safe.
  void push(std::function<void()> work);
  /// A mark behind all that was given so far.
  std::shared_ptr<Mark> mark();

 private:
  struct Work {
    std::function<void()> run;  // none: the end
  };
  void work();
  std::unique_ptr<Work> next();

  std::mutex mutex_;
  std::condition_variable given_;
  std::deque<std::unique_ptr<Work>> queue_;
  std::thread thread_;
};

/// The mark that was recorded last.
class Event {
 public:
  void record(Stream& stream);
  /// Waits in this thread, or lets a stream wait; does nothing where nothing was recorded.
  void wait() const;
  bool is_reached() const { return !mark_ || mark_->is_reached(); }
  void hold(Stream& stream) const;

 private:
  std::shared_ptr<Mark> mark_;
};

}  // namespace cudashim
