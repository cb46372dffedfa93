// The clock of this layer, and the words for points and lengths of time. Policies are given the
// moment, they never look at the clock.
#pragma once
#include <chrono>

namespace cubemill::net {

using Clock = std::chrono::steady_clock;
using Moment = Clock::time_point;
using Millis = std::chrono::milliseconds;

/// How late a stop can be seen by whoever waits for something else.
constexpr std::chrono::duration<int, std::milli> stop_is_seen_in{50};

inline double seconds_between(Moment from, Moment to) {
  return std::chrono::duration<double>(to - from).count();
}

inline Clock::duration seconds_long(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace cubemill::net
