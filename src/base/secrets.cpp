#include "cubemill/base/secrets.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace cubemill {
namespace {

constexpr std::size_t longest_plain_value =
    40;  // longer ones are signatures and keys, not settings

/// Parts of names that signed URLs of S3, Google, Azure and CloudFront and keys of APIs are made
/// of.
constexpr std::array<std::string_view, 17> telling_parts{
    "sig",    "token",  "key",     "secret", "pass", "cred", "auth",    "amz",   "goog",
    "policy", "expire", "session", "jwt",    "hmac", "hash", "account", "access"};
/// The short names of Azure's shared access signatures.
constexpr std::array<std::string_view, 11> telling_names{"se",  "st", "sp",  "sv",  "sr", "spr",
                                                         "sip", "ss", "srt", "ske", "skv"};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = char(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

bool gives_access(std::string_view parameter) {
  const std::size_t equals = std::min(parameter.find('='), parameter.size());
  const std::string name = lower(parameter.substr(0, equals));
  const auto is_part = [&](std::string_view p) { return name.find(p) != std::string::npos; };
  return std::ranges::any_of(telling_parts, is_part) ||
         std::ranges::find(telling_names, std::string_view(name)) != telling_names.end() ||
         parameter.size() - equals > longest_plain_value;
}

bool any_gives_access(std::string_view query) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find_first_of("&;"), query.size());
    if (gives_access(query.substr(0, end))) return true;
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return false;
}

constexpr const char* around_urls = " \t\r\n\"'`<>\\";

/// One past the last byte of the URL that begins at `begin`, without the punctuation of the
/// sentence that it stands in.
std::size_t end_of_url(const std::string& text, std::size_t begin) {
  std::size_t end = std::min(text.find_first_of(around_urls, begin), text.size());
  while (end > begin && std::string_view(".,:;!)").find(text[end - 1]) != std::string_view::npos)
    --end;
  return end;
}

/// Calls `f` with where a URL begins after its `://`; it gives where to go on.
template <class F>
void for_each_url(const std::string& text, F f) {
  for (std::size_t from = 0, mark; (mark = text.find("://", from)) != std::string::npos;)
    from = f(mark + 3);
}

std::string without_users(const std::string& text) {
  std::string result;
  std::size_t done = 0;
  for_each_url(text, [&](std::size_t begin) {
    const std::size_t end = std::min(text.find_first_of("/?#", begin), end_of_url(text, begin));
    const std::size_t at = text.rfind('@', end);
    if (at == std::string::npos || at < begin || at >= end) return begin;
    result.append(text, done, begin - done).append("…");
    done = at;
    return at;
  });
  return result.append(text, done, std::string::npos);
}

std::string without_telling_queries(const std::string& text) {
  std::string result;
  std::size_t done = 0;
  for_each_url(text, [&](std::size_t begin) {
    const std::size_t end = end_of_url(text, begin);
    const std::size_t query = std::min(text.find('?', begin), end) + 1;
    if (query > end || !any_gives_access(std::string_view(text).substr(query, end - query)))
      return end;
    result.append(text, done, query - done).append("…");
    return done = end;
  });
  return result.append(text, done, std::string::npos);
}

}  // namespace

std::string without_secrets(const std::string& text) {
  if (text.find("://") == std::string::npos) return text;
  return without_telling_queries(without_users(text));
}

}  // namespace cubemill
