// The JSON in which AWS's services and programs hand out credentials.
#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "net/credentials.hpp"

namespace cubemill::net {

/// Reads AccessKeyId, SecretAccessKey, Token or SessionToken, and Expiration (ISO 8601 or seconds
/// since 1970), on the top or in the one place below that has them, as STS answers. `source` is for
/// messages. Throws IoError when they are not there.
Credentials read_credential_document(const std::string& json, const std::string& source);

/// 2026-01-31T12:00:00Z, with fractions or an offset or without.
std::optional<std::chrono::system_clock::time_point> parse_iso_time(const std::string& text);

}  // namespace cubemill::net
