#include "cubemill/base/secrets.hpp"

#include <gtest/gtest.h>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

TEST(Secrets, OfSignedUrlsAreLeftOut) {
  for (const char* query :
       {"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0f", "Signature=a%2Fb%3D&Expires=1",
        "st=2021-01-01T00%3A00%3A00Z&se=2021-01-02&sp=rl&sig=abc%3D", "se=2021", "token=1",
        "x=1&access_token=2", "SIG=x", "api-key=7", "X-Goog-Credential=me", "a=1;sig=2",
        "h=0123456789abcdef0123456789abcdef0123456789abcdef"})
    EXPECT_EQ(without_secrets(std::string("https://h/c/red.tif?") + query), "https://h/c/red.tif?…")
        << query;
}

TEST(Secrets, OfUsersAreLeftOut) {
  EXPECT_EQ(without_secrets("https://me:pass@h:8080/a@b.tif"), "https://…@h:8080/a@b.tif");
  EXPECT_EQ(without_secrets("https://me@h?a=b@c"), "https://…@h?a=b@c");
}

TEST(Secrets, AreNoneInOrdinaryHrefs) {
  for (const char* text :
       {"", "red.tif", "/data/a?sig=b.tif", "s3://bucket/a@b/red.tif", "https://h", "https://h/a?",
        "https://h/a.tif?versionId=12&x=y", "https://h/items?limit=100&collections=landsat#a",
        "://", "a://", "what: 3 of 4 :// ?sig=1"})
    EXPECT_EQ(without_secrets(text), text);
}

TEST(Secrets, AreFoundAnywhereInAText) {
  EXPECT_EQ(without_secrets("https://h/a?sig=1: status 403 (https://h/b?sig=2), then "
                            "'https://h/c?sig=3' and /vsicurl/https://h/d?sig=4."),
            "https://h/a?…: status 403 (https://h/b?…), then 'https://h/c?…' and "
            "/vsicurl/https://h/d?….");
  EXPECT_EQ(without_secrets(R"({"a": "see \"https://h/a?sig=1\"", "b": 1})"),
            R"({"a": "see \"https://h/a?…\"", "b": 1})");
  EXPECT_EQ(without_secrets("s3://b=https://me:pass@h/x?sig=1"), "s3://b=https://…@h/x?…");
}

TEST(Secrets, AreInNoError) {
  const IoError error("https://h/a.tif?sig=abc", "status 403");
  EXPECT_STREQ(error.what(), "https://h/a.tif?…: status 403");
  EXPECT_EQ(error.path(), "https://h/a.tif?sig=abc");
  EXPECT_STREQ(InvalidInput("item of https://h/a?token=abc").what(), "item of https://h/a?…");
}

}  // namespace
}  // namespace cubemill
