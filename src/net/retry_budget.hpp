// How many retries a run may make: a bucket of tokens that retries empty and answers fill, so that
// a server that is down is not asked for ever by thousands of ranges, and a bad day is survived.
#pragma once
#include <algorithm>

namespace cubemill::net {

class RetryBudget {
 public:
  /// `capacity` retries at once; `refund` more for every whole answer.
  RetryBudget(double capacity, double refund)
      : capacity_(capacity), refund_(refund), tokens_(capacity) {}

  /// Takes a retry out of the budget; false when it is used up.
  bool take() {
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }
  void answered() { tokens_ = std::min(capacity_, tokens_ + refund_); }

 private:
  double capacity_, refund_, tokens_;
};

}  // namespace cubemill::net
