#include "net/credential_document.hpp"

#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "cubemill/base/error.hpp"

namespace cubemill::net {
namespace {

using Json = nlohmann::json;
using WallMoment = std::chrono::system_clock::time_point;

// The object that has the keys, however deep.
const Json* with_keys(const Json& json) {
  if (!json.is_object()) return nullptr;
  if (json.contains("AccessKeyId")) return &json;
  for (const auto& [name, below] : json.items())
    if (const Json* found = with_keys(below)) return found;
  return nullptr;
}

std::string text_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<WallMoment> expiration_of(const Json& json) {
  const auto found = json.find("Expiration");
  if (found == json.end()) return std::nullopt;
  if (found->is_number())
    return WallMoment(std::chrono::seconds(std::int64_t(found->get<double>())));
  return found->is_string() ? parse_iso_time(found->get<std::string>()) : std::nullopt;
}

}  // namespace

Credentials read_credential_document(const std::string& json, const std::string& source) {
  const Json document = Json::parse(json, nullptr, false);
  const Json* keys = with_keys(document);
  Credentials found;
  if (keys) {
    found.access_key = text_of(*keys, "AccessKeyId");
    found.secret_key = text_of(*keys, "SecretAccessKey");
    found.token = text_of(*keys, keys->contains("Token") ? "Token" : "SessionToken");
    found.expires = expiration_of(*keys);
    found.source = source;
  }
  if (found.access_key.empty() || found.secret_key.empty())
    throw IoError(source, "gives no JSON with AccessKeyId and SecretAccessKey");
  return found;
}

std::optional<WallMoment> parse_iso_time(const std::string& text) {
  std::tm date{};
  int read = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &date.tm_year, &date.tm_mon,
                  &date.tm_mday, &date.tm_hour, &date.tm_min, &date.tm_sec, &read) != 6)
    return std::nullopt;
  date.tm_year -= 1900;
  date.tm_mon -= 1;
  WallMoment moment = std::chrono::system_clock::from_time_t(timegm(&date));
  const std::size_t zone = text.find_first_of("+-", std::size_t(read));
  int hours = 0, minutes = 0;
  if (zone == std::string::npos ||
      std::sscanf(text.c_str() + zone + 1, "%2d:%2d", &hours, &minutes) < 1)
    return moment;
  const auto offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return text[zone] == '+' ? moment - offset : moment + offset;
}

}  // namespace cubemill::net
