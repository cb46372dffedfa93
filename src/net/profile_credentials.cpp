// Credentials of a profile (credential_chain.hpp).
#include "cubemill/base/error.hpp"
#include "net/clock.hpp"
#include "net/command.hpp"
#include "net/credential_chain.hpp"
#include "net/credential_document.hpp"
#include "net/role_credentials.hpp"

namespace cubemill::net {
namespace {

constexpr Millis process_limit = std::chrono::seconds(60);
constexpr int longest_chain = 8;  // of profiles that name each other

class ProfileReader {
 public:
  ProfileReader(const Environment& environment, const AwsProfiles& profiles, std::stop_token stop)
      : environment_(environment), profiles_(profiles), stop_(stop) {}

  Credentials read(const std::string& profile, int depth) const {
    if (depth > longest_chain) refuse(profile, "source_profile leads round in a circle");
    if (!value(profile, "role_arn").empty()) return of_role(profile, depth);
    if (Credentials found = of_keys(profile); !found.empty()) return found;
    if (const std::string command = value(profile, "credential_process"); !command.empty())
      return read_credential_document(run_command(command, "", process_limit, stop_),
                                      "credential_process of profile " + profile);
    if (!value(profile, "sso_session").empty() || !value(profile, "sso_start_url").empty())
      refuse(profile,
             "single sign-on is not read here: set credential_process = aws configure "
             "export-credentials --profile " +
                 profile + " in a profile of its own");
    return {};
  }

 private:
  std::string value(const std::string& profile, const char* key) const {
    return profiles_.value(profile, key);
  }
  [[noreturn]] void refuse(const std::string& profile, const std::string& why) const {
    throw InvalidInput("profile " + profile + " (" + profiles_.files() + "): " + why);
  }

  Credentials of_keys(const std::string& profile) const {
    Credentials found;
    found.access_key = value(profile, "aws_access_key_id");
    found.secret_key = value(profile, "aws_secret_access_key");
    found.token = value(profile, "aws_session_token");
    found.source = "profile " + profile;
    return found.access_key.empty() || found.secret_key.empty() ? Credentials{} : found;
  }

  Credentials of_role(const std::string& profile, int depth) const {
    if (!value(profile, "mfa_serial").empty())
      refuse(profile, "mfa_serial cannot be asked for here: use credential_process");
    const Role role{value(profile, "role_arn"), value(profile, "role_session_name"),
                    value(profile, "external_id"), value(profile, "duration_seconds"),
                    either(value(profile, "region"), environment_("AWS_REGION"))};
    if (const std::string file = value(profile, "web_identity_token_file"); !file.empty())
      return assume_role_with_web_identity(role, file, environment_, stop_);
    return assume_role(role, of_source(profile, depth), environment_, stop_);
  }

  // What the role is taken on with. A profile may name itself: its own keys.
  Credentials of_source(const std::string& profile, int depth) const {
    const std::string source = value(profile, "source_profile");
    const std::string place = value(profile, "credential_source");
    Credentials found;
    if (source == profile)
      found = of_keys(profile);
    else if (!source.empty())
      found = read(source, depth + 1);
    else if (place == "Environment")
      found = environment_credentials(environment_);
    else if (place == "EcsContainer")
      found = container_credentials(environment_, stop_);
    else if (place == "Ec2InstanceMetadata")
      found = instance_credentials(environment_, stop_);
    if (found.empty())
      refuse(profile, "no credentials for role_arn: source_profile '" + source +
                          "', credential_source '" + place + "' give none");
    return found;
  }

  const Environment& environment_;
  const AwsProfiles& profiles_;
  std::stop_token stop_;
};

}  // namespace

Credentials profile_credentials(const Environment& environment, const AwsProfiles& profiles,
                                std::stop_token stop) {
  if (profiles.is_explicit() && !profiles.has(profiles.chosen()))
    throw InvalidInput("AWS_PROFILE=" + profiles.chosen() + ": no such profile in " +
                       profiles.files());
  return ProfileReader(environment, profiles, stop).read(profiles.chosen(), 0);
}

}  // namespace cubemill::net
