// Where credentials come from: the places that AWS's own tools look in, in their order. Each place
// is a small file of its own. All of them block, within their own limits.
#pragma once
#include <stop_token>

#include "net/aws_profile.hpp"
#include "net/credentials.hpp"
#include "net/environment.hpp"

namespace cubemill::net {

/// Looks in the environment, for a web identity, in the profile, at the container, at the
/// instance's role, in this order; empty when no place has any. Throws IoError or InvalidInput
/// when a place that is set up does not give what it should.
Credentials find_credentials(const Environment& environment, std::stop_token stop);

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
Credentials environment_credentials(const Environment& environment);

/// AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME: a role, by STS.
Credentials web_identity_credentials(const Environment& environment, std::stop_token stop);

/// A profile of ~/.aws/*: role_arn with source_profile, credential_source or
/// web_identity_token_file; static keys; credential_process.
Credentials profile_credentials(const Environment& environment, const AwsProfiles& profiles,
                                std::stop_token stop);

/// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, with AWS_CONTAINER_AUTHORIZATION_TOKEN or
/// _TOKEN_FILE.
Credentials container_credentials(const Environment& environment, std::stop_token stop);

/// The role of the EC2 instance, by its metadata service (IMDSv2); empty where there is no such
/// service, or AWS_EC2_METADATA_DISABLED. AWS_EC2_METADATA_SERVICE_ENDPOINT moves it.
Credentials instance_credentials(const Environment& environment, std::stop_token stop);

}  // namespace cubemill::net
