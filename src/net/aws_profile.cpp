#include "net/aws_profile.hpp"

#include <fstream>
#include <iterator>

#include "net/ascii.hpp"

namespace cubemill::net {
namespace {

std::string_view without_comment(std::string_view value) {
  for (const char* mark : {" #", " ;", "\t#", "\t;"}) value = value.substr(0, value.find(mark));
  return trimmed(value);
}

// [profile x] of the config file is x; [sso-session x] and the like are no profiles.
std::string profile_name(const std::string& section) {
  if (section.starts_with("profile ")) return std::string(trimmed(section.substr(8)));
  return section == "default" ? section : "";
}

}  // namespace

Sections parse_ini(std::string_view text) {
  Sections sections;
  Section* section = nullptr;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view raw = text.substr(0, end), line = trimmed(raw);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      section = &sections[std::string(trimmed(line.substr(1, line.find(']') - 1)))];
      continue;
    }
    const std::size_t equals = line.find('=');
    const bool nested = raw.front() == ' ' || raw.front() == '\t';
    if (!section || nested || equals == std::string_view::npos) continue;
    (*section)[lower(trimmed(line.substr(0, equals)))] =
        std::string(without_comment(line.substr(equals + 1)));
  }
  return sections;
}

AwsProfiles::AwsProfiles(const Environment& environment) {
  const std::string named = either(environment("AWS_PROFILE"), environment("AWS_DEFAULT_PROFILE"));
  explicit_ = !named.empty();
  chosen_ = either(named, "default");
  const std::string home = environment("HOME") + "/.aws/";
  const std::string config = either(environment("AWS_CONFIG_FILE"), home + "config");
  const std::string credentials =
      either(environment("AWS_SHARED_CREDENTIALS_FILE"), home + "credentials");
  read(config, true);
  read(credentials, false);
  files_ = credentials + ", " + config;
}

void AwsProfiles::read(const std::string& path, bool is_config) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  for (auto& [name, section] : parse_ini(text)) {
    const std::string profile = is_config ? profile_name(name) : name;
    if (profile.empty()) continue;
    for (auto& [key, value] : section) profiles_[profile][key] = value;
  }
}

std::string AwsProfiles::value(const std::string& profile, const std::string& key) const {
  const auto section = profiles_.find(profile);
  if (section == profiles_.end()) return "";
  const auto found = section->second.find(key);
  return found == section->second.end() ? "" : found->second;
}

}  // namespace cubemill::net
