// The CPU time of the calling thread, to say what reading and decoding cost.
#pragma once
#include <time.h>

#include <cstdint>

namespace cubemill {

inline std::uint64_t thread_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::uint64_t(now.tv_sec) * 1'000'000'000u + std::uint64_t(now.tv_nsec);
}

}  // namespace cubemill
