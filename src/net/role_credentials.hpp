// Roles, by AWS's Security Token Service (API version 2011-06-15).
#pragma once
#include <stop_token>
#include <string>

#include "net/credentials.hpp"
#include "net/environment.hpp"

namespace cubemill::net {

struct Role {
  std::string arn;
  std::string session_name;
  std::string external_id, duration;  ///< may be empty
  std::string region;                 ///< whose STS to ask; empty: the global one
};

/// Takes on a role with a token that an identity provider wrote to a file. Throws IoError.
Credentials assume_role_with_web_identity(const Role& role, const std::string& token_file,
                                          const Environment& environment, std::stop_token stop);
/// Takes on a role with other credentials. Throws IoError.
Credentials assume_role(const Role& role, const Credentials& with, const Environment& environment,
                        std::stop_token stop);

}  // namespace cubemill::net
