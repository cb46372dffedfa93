// The distribution of the last few hundred measurements of one quantity. Not thread-safe.
#pragma once
#include <cstddef>
#include <vector>

namespace cubemill::net {

class RecentTimes {
 public:
  void add(double value);
  /// How many measurements the quantile is from.
  std::size_t count() const { return values_.size(); }
  /// The value that 95 of 100 do not exceed; 0 without measurements.
  double usual() const;

 private:
  static constexpr std::size_t kept = 256;
  std::vector<double> values_;
  std::size_t next_ = 0;
  mutable double usual_ = 0;
  mutable std::size_t unseen_ = 0;  // added since `usual_` was made
};

}  // namespace cubemill::net
