// Keys that requests to S3 are signed with. Plain values.
#pragma once
#include <chrono>
#include <optional>
#include <string>

namespace cubemill::net {

struct Credentials {
  std::string access_key, secret_key;
  std::string token;  ///< of a session; often empty
  std::optional<std::chrono::system_clock::time_point> expires;
  std::string source;  ///< where they come from, for messages

  /// No keys: requests are not signed.
  bool empty() const { return access_key.empty(); }
  bool same_keys(const Credentials& other) const {
    return access_key == other.access_key && secret_key == other.secret_key && token == other.token;
  }
};

}  // namespace cubemill::net
