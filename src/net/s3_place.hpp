// Where buckets are: which URL an object has, in which region. Knows endpoints and styles of
// addressing; knows nothing of keys to sign with. Used by one thread.
#pragma once
#include <map>
#include <string>

#include "net/aws_profile.hpp"
#include "net/environment.hpp"

namespace cubemill::net {

/// Where S3 is, as the environment and the profile say.
struct S3Endpoint {
  std::string host;  ///< host[:port][/path] of an own endpoint; empty: AWS's
  bool https = true;
  bool virtual_hosted = false;  ///< at an own endpoint: bucket.host instead of host/bucket
  std::string region;           ///< empty: learned from answers
};

/// Reads AWS_S3_ENDPOINT with AWS_HTTPS and AWS_VIRTUAL_HOSTING (GDAL's), else
/// AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile's endpoint_url; AWS_REGION,
/// AWS_DEFAULT_REGION, the profile's region.
S3Endpoint s3_endpoint(const Environment& environment, const AwsProfiles& profiles);

class S3Places {
 public:
  /// `regions`, by bucket, are believed where the endpoint is AWS's and says no region.
  explicit S3Places(S3Endpoint endpoint, std::map<std::string, std::string> regions = {})
      : endpoint_(std::move(endpoint)) {
    if (!own_endpoint() && endpoint_.region.empty()) said_ = std::move(regions);
  }

  std::string url(const std::string& bucket, const std::string& key) const;
  std::string region(const std::string& bucket) const;
  /// Learns the region of a bucket; false where nothing changes by it: that was known, or the
  /// bucket has been corrected before.
  bool correct(const std::string& bucket, const std::string& region);
  /// Whether requests go to an endpoint of the user's and not to AWS.
  bool own_endpoint() const { return !endpoint_.host.empty(); }

 private:
  S3Endpoint endpoint_;
  std::map<std::string, std::string> said_, corrected_;
};

}  // namespace cubemill::net
