// The counters behind NetTally: written by the client's thread, read by any.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "cubemill/net/range_client.hpp"

namespace cubemill::net {

/// Requests and bytes by bucket or server.
class TrafficByPlace {
 public:
  void add(const std::string& place, Traffic more) {
    const std::lock_guard lock(mutex_);
    Traffic& sum = places_[place];
    sum.requests += more.requests, sum.bytes += more.bytes;
  }
  std::map<std::string, Traffic> all() const {
    const std::lock_guard lock(mutex_);
    return places_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Traffic> places_;
};

struct NetCounters {
  using Counter = std::atomic<std::uint64_t>;
  Counter ranges{0}, requests{0}, retries{0}, hedges{0}, bytes{0}, throttled{0}, refreshed{0};
  Counter peak_in_flight{0};
  std::atomic<int> limit{0};       ///< requests that may be in flight now
  std::atomic<int> unfinished{0};  ///< ranges asked for and not answered
  std::atomic<double> usual_seconds{0};
  TrafficByPlace places;
};

}  // namespace cubemill::net
