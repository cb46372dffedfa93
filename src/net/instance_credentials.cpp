// Credentials of an EC2 instance's role (credential_chain.hpp).
#include <optional>

#include "cubemill/base/error.hpp"
#include "net/ascii.hpp"
#include "net/credential_chain.hpp"
#include "net/credential_document.hpp"
#include "net/http_call.hpp"

namespace cubemill::net {
namespace {

// AWS's tools wait a second, once: elsewhere than on EC2 nobody answers.
constexpr Millis limit = std::chrono::seconds(1);
constexpr int tries = 2;

std::string endpoint(const Environment& environment) {
  std::string own = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  while (own.ends_with('/')) own.pop_back();
  if (!own.empty()) return own;
  const bool v6 = equal_but_for_case(environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"), "ipv6");
  return v6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
}

HttpCall call(const std::string& url, const std::string& header) {
  HttpCall call;
  call.url = url;
  call.headers = {header};
  call.limit = limit;
  call.through_proxy = false;
  return call;
}

// The token of a session with the metadata service; none where there is no such service.
std::optional<std::string> session(const std::string& at, std::stop_token stop) {
  HttpCall put = call(at + "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: 21600");
  put.method = "PUT";
  for (int i = 0; i < tries && !stop.stop_requested(); ++i) {
    try {
      const HttpReply reply = send(put, stop);
      if (reply.status == 200) return std::string(trimmed(reply.body));
    } catch (const IoError&) {
      // Nobody there, or busy: once more, then this is no EC2 instance.
    }
  }
  return std::nullopt;
}

}  // namespace

Credentials instance_credentials(const Environment& environment, std::stop_token stop) {
  if (is_yes(environment("AWS_EC2_METADATA_DISABLED"))) return {};
  const std::string at = endpoint(environment);
  const std::optional<std::string> token = session(at, stop);
  if (!token) return {};
  const std::string header = "X-aws-ec2-metadata-token: " + *token;
  const std::string list = at + "/latest/meta-data/iam/security-credentials/";
  const HttpReply roles = send(call(list, header), stop);
  if (roles.status == 404) return {};  // an instance without a role
  const std::string role(trimmed(roles.body.substr(0, roles.body.find('\n'))));
  const HttpReply reply = send(call(list + role, header), stop);
  if (roles.status != 200 || reply.status != 200)
    throw IoError(list + role, "gives no credentials of the instance's role: HTTP " +
                                   std::to_string(reply.status));
  return read_credential_document(reply.body, "the instance's role " + role);
}

}  // namespace cubemill::net
