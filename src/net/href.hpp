// What an href names: an object in a bucket, or a URL. Not responsible for where a bucket is.
#pragma once
#include <string>

namespace cubemill::net {

struct Href {
  std::string text;    ///< as in the catalog
  std::string bucket;  ///< of s3://bucket/key; else empty
  std::string key;     ///< not encoded
  bool is_s3() const { return !bucket.empty(); }
};

/// Reads an href. Throws InvalidInput where it is neither s3://bucket/key nor http(s)://….
Href parse_href(const std::string& text);

/// The href without what must not be printed: user and password, and the query, which has the
/// signature of a signed URL.
std::string without_secrets(const std::string& href);

/// scheme://host[:port] of a URL, in lower case.
std::string origin_of(const std::string& url);
/// What a Location header means, seen from the URL that it came with.
std::string resolved_location(const std::string& url, const std::string& location);

}  // namespace cubemill::net
