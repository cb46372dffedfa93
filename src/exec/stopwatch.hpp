// Adds the CPU time of a scope in this thread to a total.
#pragma once
#include <cstdint>

#include "io/thread_clock.hpp"

namespace cubemill {

class Stopwatch {
 public:
  explicit Stopwatch(std::uint64_t& total) : total_(total), start_(thread_nanoseconds()) {}
  ~Stopwatch() { total_ += thread_nanoseconds() - start_; }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  std::uint64_t& total_;
  std::uint64_t start_;
};

}  // namespace cubemill
