// When a request is so much slower than its peers that the same range is asked for beside it, and
// how often that may be done. A pure rule over recent requests; sends nothing.
#pragma once
#include <cstddef>
#include <cstdint>

#include "net/recent_times.hpp"

namespace cubemill::net {

class HedgePolicy {
 public:
  /// A request has been answered: seconds to its first byte, and for its body.
  void answered(double first_byte, double body, std::size_t bytes);
  /// A request that is no hedge has been sent.
  void sent() { ++requests_; }
  /// Whether a request of `bytes`, sent `elapsed` seconds ago and with or without a first byte, is
  /// much slower than its peers.
  bool is_slow(double elapsed, bool has_first_byte, std::size_t bytes) const;
  /// Whether one more hedge may be sent while `hedges` are in flight and at most `limit` requests
  /// are.
  bool may_hedge(int hedges, int limit) const;
  void hedged() { ++hedges_; }

 private:
  double usual_first_byte() const;
  double usual_body(std::size_t bytes) const;

  RecentTimes first_byte_;  // seconds
  RecentTimes per_byte_;    // seconds a byte, of bodies that are large enough to tell
  std::uint64_t requests_ = 0, hedges_ = 0;
};

}  // namespace cubemill::net
