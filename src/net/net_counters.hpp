// The counters behind NetTally: written by the client's thread, read by any.
#pragma once
#include <atomic>
#include <cstdint>

namespace cubemill::net {

struct NetCounters {
  using Counter = std::atomic<std::uint64_t>;
  Counter ranges{0}, requests{0}, retries{0}, hedges{0}, bytes{0}, throttled{0}, refreshed{0};
  Counter peak_in_flight{0};
  std::atomic<int> limit{0};       ///< requests that may be in flight now
  std::atomic<int> unfinished{0};  ///< ranges asked for and not answered
  std::atomic<double> usual_seconds{0};
};

}  // namespace cubemill::net
