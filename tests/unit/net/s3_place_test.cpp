#include "net/s3_place.hpp"

#include <gtest/gtest.h>

#include "unit/net/environment_map.hpp"

namespace cubemill::net {
namespace {

S3Places places(std::map<std::string, std::string> values) {
  const Environment environment = test::environment_of(std::move(values));
  return S3Places(s3_endpoint(environment, AwsProfiles(environment)));
}

TEST(S3Places, AreAtAwsInTheRegionOfTheEnvironment) {
  EXPECT_EQ(places({}).url("b", "k/x.tif"), "https://b.s3.us-east-1.amazonaws.com/k/x.tif");
  EXPECT_EQ(places({{"AWS_DEFAULT_REGION", "eu-west-1"}}).url("b", "k"),
            "https://b.s3.eu-west-1.amazonaws.com/k");
  EXPECT_EQ(places({{"AWS_REGION", "us-west-2"}, {"AWS_DEFAULT_REGION", "eu-west-1"}}).region("b"),
            "us-west-2");
  EXPECT_EQ(places({{"AWS_REGION", "cn-north-1"}}).url("b", "k"),
            "https://b.s3.cn-north-1.amazonaws.com.cn/k");
}

TEST(S3Places, PutABucketWithDotsIntoThePath) {
  EXPECT_EQ(places({}).url("a.b", "k"), "https://s3.us-east-1.amazonaws.com/a.b/k");
}

TEST(S3Places, AreAtGdalsEndpoint) {
  EXPECT_EQ(places({{"AWS_S3_ENDPOINT", "host:9000"}}).url("b", "k"), "https://host:9000/b/k");
  EXPECT_EQ(places({{"AWS_S3_ENDPOINT", "host:9000"}, {"AWS_HTTPS", "NO"}}).url("b", "k"),
            "http://host:9000/b/k");
  EXPECT_EQ(places({{"AWS_S3_ENDPOINT", "host"}, {"AWS_VIRTUAL_HOSTING", "TRUE"}}).url("b", "k"),
            "https://b.host/k");
}

TEST(S3Places, AreAtTheEndpointOfAwsTools) {
  EXPECT_EQ(places({{"AWS_ENDPOINT_URL", "http://host:1/"}}).url("b", "k"), "http://host:1/b/k");
  EXPECT_EQ(places({{"AWS_ENDPOINT_URL", "http://x"}, {"AWS_ENDPOINT_URL_S3", "https://s3"}})
                .url("b", "k"),
            "https://s3/b/k");
}

TEST(S3Places, EncodeKeys) {
  EXPECT_EQ(places({{"AWS_S3_ENDPOINT", "h"}}).url("b", "a b/c+d%é~.tif"),
            "https://h/b/a%20b/c%2Bd%25%C3%A9~.tif");
}

TEST(S3Places, CorrectTheRegionOfABucketOnce) {
  S3Places all = places({{"AWS_REGION", "us-west-2"}});
  EXPECT_FALSE(all.correct("b", "us-west-2"));
  EXPECT_TRUE(all.correct("b", "eu-west-1"));
  EXPECT_EQ(all.region("b"), "eu-west-1");
  EXPECT_EQ(all.region("c"), "us-west-2");
  EXPECT_FALSE(all.correct("b", "eu-west-2"));
  EXPECT_EQ(all.region("b"), "eu-west-1");
}

const std::map<std::string, std::string> said = {{"b", "us-west-2"}};

TEST(S3Places, BelieveTheRegionThatIsSaidOfABucket) {
  const S3Places all({}, said);
  EXPECT_EQ(all.region("b"), "us-west-2");
  EXPECT_EQ(all.region("c"), "us-east-1");
  EXPECT_EQ(all.url("b", "k"), "https://b.s3.us-west-2.amazonaws.com/k");
}

TEST(S3Places, BelieveTheEnvironmentMore) {
  S3Endpoint endpoint;
  endpoint.region = "eu-west-1";
  EXPECT_EQ(S3Places(endpoint, said).region("b"), "eu-west-1");
}

TEST(S3Places, KnowNoRegionsAtAnEndpointOfTheUsers) {
  S3Endpoint endpoint;
  endpoint.host = "127.0.0.1:9000";
  EXPECT_EQ(S3Places(endpoint, said).region("b"), "us-east-1");
}

TEST(S3Places, BelieveAnAnswerMost) {
  S3Places all({}, said);
  EXPECT_FALSE(all.correct("b", "us-west-2")) << "that was known";
  EXPECT_TRUE(all.correct("b", "us-east-2"));
  EXPECT_EQ(all.region("b"), "us-east-2");
}

}  // namespace
}  // namespace cubemill::net
