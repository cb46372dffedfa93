// How objects are fetched: identities, limits, patience. Decides nothing of the result. Plain
// values; what is empty is taken from where AWS's own tools look (environment, profiles, …).
#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cubemill {

struct NetOptions {
  int connections = 64;  ///< requests in flight at most; fewer while a server asks for it
  std::chrono::seconds deadline{300};       ///< for one range, with everything that is tried for it
  std::chrono::milliseconds stall{10'000};  ///< a connection that is silent for so long is given up
  std::chrono::milliseconds backoff{200};   ///< the longest first pause; doubled with every failure
  int attempts = 10;                        ///< for one range, the first one included
  bool sign = true;                         ///< sign requests to S3 where credentials are found
  std::optional<bool> requester_pays{};     ///< for all buckets; unset: as the environment says
  std::vector<std::string> requester_pays_buckets{};    ///< for these
  std::map<std::string, std::string> bucket_regions{};  ///< where the environment says none
  std::string sign_command{};  ///< makes a fresh URL of one that has expired: href in, URL out
  std::string user_agent{};
};

}  // namespace cubemill
