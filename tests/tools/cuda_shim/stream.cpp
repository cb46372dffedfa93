#include "stream.hpp"

#include <utility>

namespace cudashim {

void Mark::reach() {
  release(this);
  const Unseen unseen;
  const std::lock_guard lock(mutex_);
  reached_ = true;
  changed_.notify_all();
}

void Mark::wait() {
  {
    const Unseen unseen;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return reached_; });
  }
  acquire(this);
}

bool Mark::is_reached() {
  bool reached;
  {
    const Unseen unseen;
    const std::lock_guard lock(mutex_);
    reached = reached_;
  }
  if (reached) acquire(this);
  return reached;
}

Stream::Stream() : thread_([this] { work(); }) {}

Stream::~Stream() {
  push({});
  thread_.join();
}

void Stream::push(std::function<void()> work) {
  auto given = std::make_unique<Work>(Work{std::move(work)});
  release(given.get());
  const Unseen unseen;
  const std::lock_guard lock(mutex_);
  queue_.push_back(std::move(given));
  given_.notify_one();
}

std::unique_ptr<Stream::Work> Stream::next() {
  std::unique_ptr<Work> work;
  {
    const Unseen unseen;
    std::unique_lock lock(mutex_);
    given_.wait(lock, [this] { return !queue_.empty(); });
    work = std::move(queue_.front());
    queue_.pop_front();
  }
  acquire(work.get());
  return work;
}

void Stream::work() {
  for (auto work = next(); work->run; work = next()) work->run();
}

std::shared_ptr<Mark> Stream::mark() {
  auto mark = std::make_shared<Mark>();
  push([mark] { mark->reach(); });
  return mark;
}

void Event::record(Stream& stream) { mark_ = stream.mark(); }

void Event::wait() const {
  if (mark_) mark_->wait();
}

void Event::hold(Stream& stream) const {
  if (mark_) stream.push([mark = mark_] { mark->wait(); });
}

}  // namespace cudashim
