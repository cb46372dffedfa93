#include "net/recent_times.hpp"

#include <algorithm>

namespace cubemill::net {

void RecentTimes::add(double value) {
  if (values_.size() < kept)
    values_.push_back(value);
  else
    values_[next_] = value;
  next_ = (next_ + 1) % kept;
  ++unseen_;
}

double RecentTimes::usual() const {
  // Sorted anew only when a sixteenth of it has changed.
  if (unseen_ > 0 && (usual_ == 0 || unseen_ * 16 >= values_.size())) {
    std::vector<double> sorted = values_;
    const auto place = sorted.begin() + std::ptrdiff_t((sorted.size() - 1) * 95 / 100);
    std::nth_element(sorted.begin(), place, sorted.end());
    usual_ = *place;
    unseen_ = 0;
  }
  return usual_;
}

}  // namespace cubemill::net
