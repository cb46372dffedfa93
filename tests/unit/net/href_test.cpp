#include "net/href.hpp"

#include <gtest/gtest.h>

namespace cubemill::net {
namespace {

TEST(Href, HasABucketAndAKeyOrIsAUrl) {
  const Href object = parse_href("s3://bucket/a/b c%20.tif");
  EXPECT_EQ(object.bucket, "bucket");
  EXPECT_EQ(object.key, "a/b c%20.tif");
  EXPECT_FALSE(parse_href("https://host/x").is_s3());
}

TEST(Href, ShowsNoSecrets) {
  EXPECT_EQ(without_secrets("https://host/a.tif?sig=x&y#z"), "https://host/a.tif?…");
  EXPECT_EQ(without_secrets("https://me:secret@host/a@b.tif"), "https://host/a@b.tif");
  EXPECT_EQ(without_secrets("https://host/a.tif"), "https://host/a.tif");
  EXPECT_EQ(without_secrets("s3://bucket/what?is#this"), "s3://bucket/what?is#this");
}

TEST(Href, ResolvesALocation) {
  const std::string url = "HTTPS://Host:8/a/b.tif?q=/x";
  EXPECT_EQ(resolved_location(url, "http://other/c"), "http://other/c");
  EXPECT_EQ(resolved_location(url, "/c?d"), "https://host:8/c?d");
  EXPECT_EQ(resolved_location(url, "//other/c"), "https://other/c");
  EXPECT_EQ(resolved_location(url, "c.tif"), "HTTPS://Host:8/a/c.tif");
}

}  // namespace
}  // namespace cubemill::net
