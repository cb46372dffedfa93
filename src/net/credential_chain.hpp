// Where credentials come from: the places that AWS's own tools look in, in their order. Each place
// is a small file of its own. All of them block, and end within their own limits.
#pragma once
#include <stop_token>

#include "net/aws_profile.hpp"
#include "net/credentials.hpp"
#include "net/environment.hpp"

namespace cubemill::net {

/// Looks in the environment, a web identity, the profile, the container, the instance's role, in
/// this order; empty when no place has any. Throws IoError or InvalidInput when a place that is set
/// up does not give what it should.
Credentials find_credentials(const Environment& environment, std::stop_token stop);

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; empty where they are not set.
Credentials environment_credentials(const Environment& environment);

}  // namespace cubemill::net
