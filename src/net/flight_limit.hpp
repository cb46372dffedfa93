// How many requests may be in flight: grows while answers come, is halved when a server asks for
// fewer, once a round trip. A pure rule (additive increase, multiplicative decrease).
#pragma once
#include "net/clock.hpp"

namespace cubemill::net {

class FlightLimit {
 public:
  /// Starts at `first`, never above `most`.
  FlightLimit(int first, int most);

  int limit() const { return int(limit_); }
  /// A whole answer has come while `in_flight` requests were in flight. Grows by a half a round
  /// until the first cut, then by one request a round; not at all where the limit is not reached.
  void answered(int in_flight);
  /// A server asked for fewer (503, 429) in answer to a request sent at `sent`. Halves, unless that
  /// was sent before the last cut.
  void throttled(Moment sent, Moment now);

 private:
  double limit_, most_;
  bool cut_ = false;
  Moment last_cut_{};
};

}  // namespace cubemill::net
