#include "cubemill/io/href.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "cubemill/net/range_client.hpp"

namespace cubemill {
namespace {

/// Object stores that GDAL reads, and what it calls them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> gdal_stores{{
    {"gs", "/vsigs/"},
    {"az", "/vsiaz/"},
    {"swift", "/vsiswift/"},
}};
constexpr std::string_view s3 = "s3://", vsis3 = "/vsis3/", vsicurl = "/vsicurl/";

bool is_http(const std::string& scheme) { return scheme == "http" || scheme == "https"; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decoded(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = i + 2 < text.size() && text[i] == '%' ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) {
      result += text[i];
    } else {
      result += char(high * 16 + low);
      i += 2;
    }
  }
  return result;
}

/// Resolves `.` and `..` as RFC 3986 §5.2.4 does; `path` begins with a slash.
std::string without_dots(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t begin = 1; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (part != "." && part != "..") parts.push_back(part);
    begin = end + 1;
  }
  std::string result;
  for (const std::string& part : parts) result += "/" + part;
  return result;
}

/// What GDAL calls an object on the network, as a URL; everything else as it is.
std::string without_gdal_name(const std::string& href) {
  if (href.starts_with(vsis3)) return std::string(s3) + href.substr(vsis3.size());
  if (href.starts_with(vsicurl) && is_http(scheme_of(href.substr(vsicurl.size()))))
    return href.substr(vsicurl.size());
  return href;
}

/// `href`, relative to the URL `base` (RFC 3986 §5.2); the query of `href` stays, that of `base`
/// goes. Keys in S3 have no query.
std::string joined_url(const std::string& href, std::string base) {
  if (is_http(scheme_of(base))) base.resize(std::min(base.find_first_of("?#"), base.size()));
  if (href.starts_with("//")) return base.substr(0, base.find("://") + 1) + href;
  const std::size_t host = base.find("://") + 3;
  const std::size_t path = std::min(base.find('/', host), base.size());
  const std::size_t folder = std::max(base.rfind('/'), path);
  const std::size_t query = std::min(href.find('?'), href.size());
  const std::string from_root =
      href.starts_with('/') ? href : base.substr(path, folder - path) + "/" + href;
  const std::size_t rest = from_root.size() - (href.size() - query);
  return base.substr(0, path) + without_dots(from_root.substr(0, rest)) + from_root.substr(rest);
}

std::string decoded_file_url(const std::string& href) {
  const std::string rest = percent_decoded(href.substr(std::string_view("file://").size()));
  return rest.substr(std::min(rest.find('/'), rest.size()));  // without `localhost`
}

}  // namespace

std::string scheme_of(const std::string& href) {
  const auto end = href.find("://");
  if (end == std::string::npos) return {};
  std::string scheme = href.substr(0, end);
  for (char& c : scheme) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '+' && c != '-' && c != '.') return {};
    c = char(std::tolower(static_cast<unsigned char>(c)));
  }
  return scheme;
}

std::string resolve_href(const std::string& given, const std::string& base) {
  const std::string href = without_gdal_name(given);
  const std::string scheme = scheme_of(href);
  if (scheme == "file") return decoded_file_url(href);
  if (scheme == "s3" || is_http(scheme)) return scheme + href.substr(scheme.size());
  for (const auto& [name, prefix] : gdal_stores)
    if (scheme == name) return std::string(prefix) + href.substr(scheme.size() + 3);
  if (!scheme.empty() || href.starts_with("/vsi")) return href;

  const std::string origin = without_gdal_name(base);
  if (scheme_of(origin) == "file") return resolve_href(href, decoded_file_url(origin));
  if (!scheme_of(origin).empty()) return resolve_href(joined_url(href, origin), {});
  if (href.starts_with('/')) return href;
  const std::filesystem::path folder = std::filesystem::absolute(origin).parent_path();
  return (folder / href).lexically_normal().string();
}

std::string gdal_path(const std::string& href) {
  if (href.starts_with(s3)) return std::string(vsis3) + href.substr(s3.size());
  return is_http(scheme_of(href)) ? std::string(vsicurl) + href : href;
}

std::string bucket_of(const std::string& href) {
  if (!href.starts_with(s3)) return {};
  return href.substr(s3.size(), href.find('/', s3.size()) - s3.size());
}

std::string place_of(const std::string& href) {
  if (is_remote(href)) return remote_place(href);
  if (const std::string scheme = scheme_of(href); !scheme.empty()) {
    const std::size_t host = scheme.size() + 3;
    const std::size_t end = std::min(href.find_first_of("/?#", host), href.size());
    return scheme + "://" + href.substr(host, end - host);
  }
  if (!href.starts_with("/vsi")) return "files";
  for (const auto& [name, prefix] : gdal_stores)
    if (href.starts_with(prefix)) return href.substr(0, href.find('/', prefix.size()));
  return href.substr(0, href.find('/', 1));
}

}  // namespace cubemill
