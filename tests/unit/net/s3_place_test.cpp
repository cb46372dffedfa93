#include "net/s3_place.hpp"

#include <gtest/gtest.h>

namespace cubemill::net {
namespace {

const std::map<std::string, std::string> said = {{"b", "us-west-2"}};

TEST(S3Places, BelievesTheRegionThatIsSaidOfABucket) {
  const S3Places places({}, said);
  EXPECT_EQ(places.region("b"), "us-west-2");
  EXPECT_EQ(places.region("c"), "us-east-1");
  EXPECT_EQ(places.url("b", "k"), "https://b.s3.us-west-2.amazonaws.com/k");
}

TEST(S3Places, BelievesTheEnvironmentMore) {
  S3Endpoint endpoint;
  endpoint.region = "eu-west-1";
  EXPECT_EQ(S3Places(endpoint, said).region("b"), "eu-west-1");
}

TEST(S3Places, KnowsNoRegionsAtAnEndpointOfItsOwn) {
  S3Endpoint endpoint;
  endpoint.host = "127.0.0.1:9000";
  EXPECT_EQ(S3Places(endpoint, said).region("b"), "us-east-1");
}

TEST(S3Places, BelievesAnAnswerMost) {
  S3Places places({}, said);
  EXPECT_FALSE(places.correct("b", "us-west-2")) << "that was known";
  EXPECT_TRUE(places.correct("b", "us-east-2"));
  EXPECT_EQ(places.region("b"), "us-east-2");
  EXPECT_FALSE(places.correct("b", "us-west-1")) << "once is enough";
}

}  // namespace
}  // namespace cubemill::net
