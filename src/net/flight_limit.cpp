#include "net/flight_limit.hpp"

#include <algorithm>

namespace cubemill::net {

FlightLimit::FlightLimit(int first, int most)
    : limit_(std::max(1, std::min(first, most))), most_(std::max(1, most)) {}

void FlightLimit::answered(int in_flight) {
  if (in_flight < int(limit_)) return;
  limit_ = std::min(most_, limit_ + (cut_ ? 1 / limit_ : 0.5));
}

void FlightLimit::throttled(Moment sent, Moment now) {
  if (cut_ && sent < last_cut_) return;
  limit_ = std::max(1.0, limit_ / 2);
  cut_ = true;
  last_cut_ = now;
}

}  // namespace cubemill::net
