#include "net/role_credentials.hpp"

#include <fstream>
#include <iterator>
#include <vector>

#include "cubemill/base/error.hpp"
#include "net/ascii.hpp"
#include "net/credential_chain.hpp"
#include "net/credential_document.hpp"
#include "net/http_call.hpp"

namespace cubemill::net {
namespace {

std::string endpoint(const Role& role, const Environment& environment) {
  const std::string own =
      either(environment("AWS_ENDPOINT_URL_STS"), environment("AWS_ENDPOINT_URL"));
  if (!own.empty()) return own;
  return role.region.empty() ? "https://sts.amazonaws.com"
                             : "https://sts." + role.region + ".amazonaws.com";
}

std::string form(const std::string& action, const Role& role) {
  std::string text = "Action=" + action +
                     "&Version=2011-06-15&RoleArn=" + percent_encoded(role.arn) +
                     "&RoleSessionName=" + percent_encoded(either(role.session_name, "cubemill"));
  if (!role.external_id.empty()) text += "&ExternalId=" + percent_encoded(role.external_id);
  if (!role.duration.empty()) text += "&DurationSeconds=" + percent_encoded(role.duration);
  return text;
}

// STS's JSON errors are {"Error": {"Code": …, "Message": …}}, those of proxies anything.
std::string shown(const std::string& body) {
  std::string text = body.substr(0, 300);
  for (char& c : text)
    if ((unsigned char)c < ' ') c = ' ';
  return text;
}

Credentials ask(HttpCall call, const Role& role, const std::string& source, std::stop_token stop) {
  call.method = "POST";
  call.headers.push_back("Accept: application/json");
  call.headers.push_back("Content-Type: application/x-www-form-urlencoded");
  const HttpReply reply = send(call, stop);
  if (reply.status != 200)
    throw IoError(call.url, "STS does not give the role " + role.arn + " (" + source + "): HTTP " +
                                std::to_string(reply.status) + " " + shown(reply.body));
  return read_credential_document(reply.body, source);
}

}  // namespace

Credentials assume_role_with_web_identity(const Role& role, const std::string& token_file,
                                          const Environment& environment, std::stop_token stop) {
  std::ifstream file(token_file, std::ios::binary);
  const std::string token((std::istreambuf_iterator<char>(file)), {});
  if (trimmed(token).empty())
    throw IoError(token_file, "no web identity token, which role " + role.arn + " needs");
  HttpCall call;
  call.url = endpoint(role, environment);
  call.body = form("AssumeRoleWithWebIdentity", role) +
              "&WebIdentityToken=" + percent_encoded(trimmed(token));
  return ask(std::move(call), role, "the web identity of " + token_file, stop);
}

Credentials assume_role(const Role& role, const Credentials& with, const Environment& environment,
                        std::stop_token stop) {
  HttpCall call;
  call.url = endpoint(role, environment);
  call.body = form("AssumeRole", role);
  call.keys = &with;
  call.region = either(role.region, "us-east-1");
  call.service = "sts";
  if (!with.token.empty()) call.headers.push_back("x-amz-security-token: " + with.token);
  return ask(std::move(call), role, "role " + role.arn, stop);
}

Credentials web_identity_credentials(const Environment& environment, std::stop_token stop) {
  const std::string file = environment("AWS_WEB_IDENTITY_TOKEN_FILE");
  Role role{environment("AWS_ROLE_ARN"), environment("AWS_ROLE_SESSION_NAME"), "", "",
            either(environment("AWS_REGION"), environment("AWS_DEFAULT_REGION"))};
  if (file.empty() || role.arn.empty()) return {};
  return assume_role_with_web_identity(role, file, environment, stop);
}

}  // namespace cubemill::net
