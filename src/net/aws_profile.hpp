// The files of AWS's tools (~/.aws/config, ~/.aws/credentials) and the profile that is chosen in
// them. Not responsible for what the values are good for. Plain values.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "net/environment.hpp"

namespace cubemill::net {

using Section = std::map<std::string, std::string>;  ///< key (lower case) → value
using Sections = std::map<std::string, Section>;

/// Reads AWS's dialect of INI: # and ; begin comments on lines of their own, " #" one behind a
/// value; indented lines belong to the key above and are left out.
Sections parse_ini(std::string_view text);

class AwsProfiles {
 public:
  /// Reads AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, or ~/.aws/*; a file that is not there
  /// is empty. AWS_PROFILE (or AWS_DEFAULT_PROFILE) chooses; else `default`.
  explicit AwsProfiles(const Environment& environment);

  const std::string& chosen() const { return chosen_; }
  /// Whether a profile is named by the environment and not only by default.
  bool is_explicit() const { return explicit_; }
  bool has(const std::string& profile) const { return profiles_.contains(profile); }
  /// A value of the chosen profile, or of another; empty where there is none. What both files have
  /// is that of the credentials file.
  std::string value(const std::string& key) const { return value(chosen_, key); }
  std::string value(const std::string& profile, const std::string& key) const;
  /// The files looked at, for messages.
  const std::string& files() const { return files_; }

 private:
  void read(const std::string& path, bool is_config);

  std::string chosen_;
  bool explicit_ = false;
  Sections profiles_;
  std::string files_;
};

}  // namespace cubemill::net
