#include "net/backoff.hpp"

#include <algorithm>
#include <cmath>

namespace cubemill::net {

Clock::duration Backoff::pause(int failures) {
  const double most = std::min(double(most_.count()),
                               std::ldexp(double(first_.count()), std::clamp(failures - 1, 0, 30)));
  return seconds_long(std::uniform_real_distribution<double>(0, most)(random_) / 1e3);
}

}  // namespace cubemill::net
