// Credentials of a container on ECS or EKS (credential_chain.hpp).
#include <fstream>
#include <iterator>

#include "cubemill/base/error.hpp"
#include "net/ascii.hpp"
#include "net/credential_chain.hpp"
#include "net/credential_document.hpp"
#include "net/href.hpp"
#include "net/http_call.hpp"

namespace cubemill::net {
namespace {

// The token must not be sent in the clear to just anybody: AWS's tools allow these.
bool may_be_asked(const std::string& uri) {
  const std::string origin = origin_of(uri);
  if (origin.starts_with("https://")) return true;
  for (const char* host : {"http://169.254.170.2", "http://169.254.170.23", "http://localhost",
                           "http://127.0.0.1", "http://[::1]", "http://[fd00:ec2::23]"})
    if (origin == host || origin.starts_with(std::string(host) + ":")) return true;
  return false;
}

std::string authorization(const Environment& environment) {
  const std::string path = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  if (path.empty()) return environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw IoError(path, "cannot be read (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE)");
  const std::string token((std::istreambuf_iterator<char>(file)), {});
  return std::string(trimmed(token));
}

}  // namespace

Credentials container_credentials(const Environment& environment, std::stop_token stop) {
  const std::string relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  HttpCall call;
  call.url = relative.empty() ? environment("AWS_CONTAINER_CREDENTIALS_FULL_URI")
                              : "http://169.254.170.2" + relative;
  if (call.url.empty()) return {};
  if (!may_be_asked(call.url))
    throw InvalidInput("AWS_CONTAINER_CREDENTIALS_FULL_URI=" + call.url +
                       ": neither https nor an address of this machine");
  call.limit = std::chrono::seconds(2);
  call.through_proxy = false;
  if (const std::string token = authorization(environment); !token.empty())
    call.headers.push_back("Authorization: " + token);
  const HttpReply reply = send(call, stop);
  if (reply.status != 200)
    throw IoError(call.url,
                  "gives no credentials of the container: HTTP " + std::to_string(reply.status));
  return read_credential_document(reply.body, "the container's role");
}

}  // namespace cubemill::net
