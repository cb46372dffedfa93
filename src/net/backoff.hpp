// How long to wait before a range is asked for again: exponential, with full jitter (AWS
// Architecture Blog, "Exponential Backoff And Jitter", 2015). A pure rule.
#pragma once
#include <chrono>
#include <random>

#include "net/clock.hpp"

namespace cubemill::net {

class Backoff {
 public:
  Backoff(Millis first, Millis most, std::uint64_t seed)
      : first_(first), most_(most), random_(seed) {}

  /// The pause after so many failed tries (1, 2, …): between 0 and first · 2^(failures − 1), at
  /// most `most`.
  Clock::duration pause(int failures);

 private:
  Millis first_, most_;
  std::mt19937_64 random_;
};

}  // namespace cubemill::net
