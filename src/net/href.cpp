#include "net/href.hpp"

#include "cubemill/base/error.hpp"
#include "cubemill/net/range_client.hpp"
#include "net/ascii.hpp"

namespace cubemill {

bool is_remote(const std::string& href) {
  return href.starts_with("s3://") || net::starts_but_for_case(href, "http://") ||
         net::starts_but_for_case(href, "https://");
}

std::string remote_place(const std::string& href) {
  const std::size_t scheme = href.find("://"), host = scheme + 3;
  const std::string authority = href.substr(host, href.find_first_of("/?#", host) - host);
  if (href.starts_with("s3://")) return "s3://" + authority;
  return net::lower(href.substr(0, scheme)) + "://" + authority.substr(authority.rfind('@') + 1);
}

namespace net {

Href parse_href(const std::string& text) {
  if (!is_remote(text))
    throw InvalidInput(text + ": no object on the network: s3://bucket/key or http(s)://… is");
  if (!text.starts_with("s3://")) return {text, "", ""};
  const std::size_t slash = text.find('/', 5);
  if (slash == std::string::npos || slash == 5 || slash + 1 == text.size())
    throw InvalidInput(text + ": no object in a bucket: s3://bucket/key is");
  return {text, text.substr(5, slash - 5), text.substr(slash + 1)};
}

std::string without_secrets(const std::string& href) {
  if (href.starts_with("s3://")) return href;
  std::string shown = href.substr(0, href.find_first_of("?#"));
  if (shown.size() < href.size()) shown += "?…";
  const std::size_t scheme = shown.find("://");
  if (scheme == std::string::npos) return shown;
  const std::size_t host = scheme + 3, path = shown.find('/', host);
  const std::size_t at = shown.substr(0, path).rfind('@');
  if (at != std::string::npos && at >= host) shown.erase(host, at + 1 - host);
  return shown;
}

std::string origin_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return "";
  return lower(url.substr(0, url.find_first_of("/?#", scheme + 3)));
}

std::string resolved_location(const std::string& url, const std::string& location) {
  if (is_remote(location)) return location;
  const std::string origin = origin_of(url);
  if (location.starts_with("//")) return origin.substr(0, origin.find("//")) + location;
  if (location.starts_with("/")) return origin + location;
  const std::string path = url.substr(0, url.find_first_of("?#"));
  return path.substr(0, path.rfind('/') + 1) + location;
}

}  // namespace net
}  // namespace cubemill
