// Hrefs of STAC Items as GDAL opens them.
#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "cubemill/io/catalog.hpp"

namespace cubemill {
namespace {

/// Object stores and what GDAL calls them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> stores{{
    {"s3", "/vsis3/"},
    {"gs", "/vsigs/"},
    {"az", "/vsiaz/"},
    {"swift", "/vsiswift/"},
}};

/// The scheme of a URL in lower case, empty for a path.
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

/// `href`, relative to the URL `base`; the query of `href` stays, that of `base` goes.
std::string joined_url(const std::string& href, std::string base) {
  base.resize(std::min(base.find_first_of("?#"), base.size()));
  const std::size_t host = base.find("://") + 3;
  const std::size_t path = std::min(base.find('/', host), base.size());
  const std::size_t folder = std::max(base.rfind('/'), path);
  const std::size_t query = std::min(href.find('?'), href.size());
  return base.substr(0, path) +
         without_dots(base.substr(path, folder - path) + "/" + href.substr(0, query)) +
         href.substr(query);
}

}  // namespace

std::string resolve_href(const std::string& href, const std::string& base) {
  const std::string scheme = scheme_of(href);
  if (scheme == "http" || scheme == "https") return "/vsicurl/" + href;
  if (scheme == "file") {
    const std::string rest = percent_decoded(href.substr(scheme.size() + 3));
    return rest.substr(std::min(rest.find('/'), rest.size()));  // without `localhost`
  }
  for (const auto& [name, prefix] : stores)
    if (scheme == name) return std::string(prefix) + href.substr(scheme.size() + 3);
  if (!scheme.empty() || href.starts_with('/')) return href;

  const std::string curl = "/vsicurl/";
  const std::string origin = base.starts_with(curl) ? base.substr(curl.size()) : base;
  if (!scheme_of(origin).empty()) return resolve_href(joined_url(href, origin), {});
  const std::filesystem::path folder = std::filesystem::absolute(origin).parent_path();
  return (folder / href).lexically_normal().string();
}

}  // namespace cubemill
