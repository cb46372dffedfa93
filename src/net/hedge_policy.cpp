#include "net/hedge_policy.hpp"

#include <algorithm>

namespace cubemill::net {
namespace {

constexpr std::size_t enough_peers = 16;
constexpr double without_peers = 2;          // seconds to a first byte, until there are peers
constexpr double without_peers_rate = 1e-6;  // seconds a byte
constexpr double much = 2;                   // times what is usual
constexpr double least = 0.05;               // seconds: below, asking again gains nothing
constexpr std::size_t tells_rate = 32768;    // bytes: smaller bodies come with their first byte
constexpr double share = 0.05;               // of all requests
constexpr int few = 2;

}  // namespace

void HedgePolicy::answered(double first_byte, double body, std::size_t bytes) {
  first_byte_.add(first_byte);
  if (bytes >= tells_rate) per_byte_.add(body / double(bytes));
}

double HedgePolicy::usual_first_byte() const {
  return first_byte_.count() < enough_peers ? without_peers : first_byte_.usual();
}

double HedgePolicy::usual_body(std::size_t bytes) const {
  return double(bytes) *
         (per_byte_.count() < enough_peers ? without_peers_rate : per_byte_.usual());
}

bool HedgePolicy::is_slow(double elapsed, bool has_first_byte, std::size_t bytes) const {
  const double expected = usual_first_byte() + (has_first_byte ? usual_body(bytes) : 0);
  return elapsed > std::max(least, much * expected);
}

bool HedgePolicy::may_hedge(int hedges, int limit) const {
  return hedges < std::max(few, limit / 8) && double(hedges_) < few + share * double(requests_);
}

}  // namespace cubemill::net
