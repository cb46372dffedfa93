#include "net/s3_place.hpp"

#include <utility>

#include "net/ascii.hpp"

namespace cubemill::net {
namespace {

// What AWS's tools assume where nothing says a region.
constexpr const char* first_region = "us-east-1";

void read_endpoint_url(const std::string& url, S3Endpoint& endpoint) {
  endpoint.https = !starts_but_for_case(url, "http://");
  const std::size_t scheme = url.find("://");
  endpoint.host = scheme == std::string::npos ? url : url.substr(scheme + 3);
  while (endpoint.host.ends_with('/')) endpoint.host.pop_back();
}

// The certificate of *.s3.amazonaws.com does not cover names with dots.
bool fits_a_host_name(const std::string& bucket) {
  return bucket.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

}  // namespace

S3Endpoint s3_endpoint(const Environment& environment, const AwsProfiles& profiles) {
  S3Endpoint endpoint;
  if (const std::string host = environment("AWS_S3_ENDPOINT"); !host.empty()) {
    read_endpoint_url(host, endpoint);
    if (host.find("://") == std::string::npos)
      endpoint.https = is_yes(environment("AWS_HTTPS"), true);
    endpoint.virtual_hosted = is_yes(environment("AWS_VIRTUAL_HOSTING"));
  } else if (const std::string url =
                 either(either(environment("AWS_ENDPOINT_URL_S3"), environment("AWS_ENDPOINT_URL")),
                        profiles.value("endpoint_url"));
             !url.empty()) {
    read_endpoint_url(url, endpoint);
  }
  endpoint.region = either(either(environment("AWS_REGION"), environment("AWS_DEFAULT_REGION")),
                           profiles.value("region"));
  return endpoint;
}

std::string S3Places::url(const std::string& bucket, const std::string& key) const {
  const std::string path = "/" + percent_encoded(key, "/");
  const std::string scheme = endpoint_.https ? "https://" : "http://";
  if (own_endpoint() && endpoint_.virtual_hosted && fits_a_host_name(bucket))
    return scheme + bucket + "." + endpoint_.host + path;
  if (own_endpoint()) return scheme + endpoint_.host + "/" + percent_encoded(bucket) + path;
  const std::string domain =
      region(bucket).starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
  const std::string host = "s3." + region(bucket) + domain;
  if (fits_a_host_name(bucket)) return "https://" + bucket + "." + host + path;
  return "https://" + host + "/" + percent_encoded(bucket) + path;
}

std::string S3Places::region(const std::string& bucket) const {
  for (const auto* const regions : {&corrected_, &said_})
    if (const auto found = regions->find(bucket); found != regions->end()) return found->second;
  return either(endpoint_.region, first_region);
}

bool S3Places::correct(const std::string& bucket, const std::string& region) {
  return this->region(bucket) != region && corrected_.emplace(bucket, region).second;
}

}  // namespace cubemill::net
