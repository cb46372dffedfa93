// One small request to a service beside the data (STS, a role's endpoint), blocking, within a time
// limit. Not for objects.
#pragma once
#include <stop_token>
#include <string>
#include <vector>

#include "net/clock.hpp"
#include "net/credentials.hpp"

namespace cubemill::net {

struct HttpCall {
  std::string url{};
  std::string method = "GET";
  std::vector<std::string> headers{};
  std::string body{};
  Millis limit = std::chrono::seconds(5);
  bool through_proxy = true;          ///< where the environment names one
  const Credentials* keys = nullptr;  ///< to sign with, for `region` and `service`
  std::string region{}, service{};
};

struct HttpReply {
  int status = 0;
  std::string body;
};

/// Sends and waits. Throws IoError when there is no answer within the limit, or when it is to stop.
HttpReply send(const HttpCall& call, std::stop_token stop);

}  // namespace cubemill::net
