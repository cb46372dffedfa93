// Calls in several threads.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace cubemill {

/// Calls f(0), f(1), … f(count − 1), each once, in up to `threads` threads, the caller's among
/// them. Once a call has thrown no more begin, and the first failure is thrown when all threads
/// have ended.
template <class F>
void each_in_threads(std::size_t count, int threads, F f) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex mutex;
  const auto work = [&] {
    try {
      for (std::size_t i; (i = next++) < count;) f(i);
    } catch (...) {
      next = count;
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  {
    const std::size_t wanted = std::min(count, std::size_t(std::max(threads, 1)));
    std::vector<std::jthread> others;
    for (std::size_t t = 1; t < wanted; ++t) others.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace cubemill
