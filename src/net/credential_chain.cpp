#include "net/credential_chain.hpp"

namespace cubemill::net {

Credentials environment_credentials(const Environment& environment) {
  Credentials found;
  found.access_key = environment("AWS_ACCESS_KEY_ID");
  found.secret_key = environment("AWS_SECRET_ACCESS_KEY");
  found.token = environment("AWS_SESSION_TOKEN");
  found.source = "AWS_ACCESS_KEY_ID";
  return found.access_key.empty() || found.secret_key.empty() ? Credentials{} : found;
}

Credentials find_credentials(const Environment& environment, std::stop_token stop) {
  Credentials found = environment_credentials(environment);
  if (found.empty()) found = web_identity_credentials(environment, stop);
  if (found.empty()) found = profile_credentials(environment, AwsProfiles(environment), stop);
  if (found.empty()) found = container_credentials(environment, stop);
  if (found.empty()) found = instance_credentials(environment, stop);
  return found;
}

}  // namespace cubemill::net
