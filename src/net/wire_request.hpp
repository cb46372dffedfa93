// A request as it goes over the wire. Plain values.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/credentials.hpp"

namespace cubemill::net {

struct WireRequest {
  std::string url;
  std::vector<std::string> headers;         ///< all of them are signed
  std::shared_ptr<const Credentials> keys;  ///< null: not signed
  bool may_be_signed = true;                ///< the user has not said otherwise
  std::string region;                       ///< for the signature
  std::uint64_t key_generation = 0;         ///< which of the keys that there have been
};

}  // namespace cubemill::net
