// Threads for what blocks: asking for credentials, running a user's command. Started when first
// needed; ended, with what they are at, by the destructor. Not responsible for results: a job
// hands them on itself.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace cubemill::net {

class Errands {
 public:
  /// A job; it returns soon when it is asked to stop, and does not throw.
  using Job = std::function<void(std::stop_token)>;

  explicit Errands(std::size_t threads) : most_(threads) {}
  ~Errands();
  Errands(const Errands&) = delete;
  Errands& operator=(const Errands&) = delete;

  /// Throws std::system_error where the machine gives no thread.
  void run(Job job);

 private:
  void work(std::stop_token stop);

  std::size_t most_;
  std::mutex mutex_;
  std::condition_variable_any there_is_work_;
  std::deque<Job> jobs_;
  std::size_t idle_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace cubemill::net
