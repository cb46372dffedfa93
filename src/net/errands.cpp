#include "net/errands.hpp"

#include <utility>

#include "net/curl_handles.hpp"

namespace cubemill::net {

Errands::~Errands() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void Errands::run(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (idle_ <= jobs_.size() && threads_.size() < most_)
      threads_.emplace_back([this](std::stop_token stop) { work(stop); });
    jobs_.push_back(std::move(job));
  }
  there_is_work_.notify_one();
}

void Errands::work(std::stop_token stop) {
  block_pipe_signal();
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    const bool found = there_is_work_.wait(lock, stop, [this] { return !jobs_.empty(); });
    --idle_;
    if (!found || stop.stop_requested()) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job(stop);
    lock.lock();
  }
}

}  // namespace cubemill::net
