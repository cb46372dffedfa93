#include <gtest/gtest.h>

#include <filesystem>

#include "cubemill/io/catalog.hpp"

namespace cubemill {
namespace {

TEST(ResolveHref, RelativePathsStartBesideTheItem) {
  EXPECT_EQ(resolve_href("./red.tif", "/data/items/a.json"), "/data/items/red.tif");
  EXPECT_EQ(resolve_href("red.tif", "/data/items/a.json"), "/data/items/red.tif");
  EXPECT_EQ(resolve_href("../data/b/./red.tif", "/data/items/a.json"), "/data/data/b/red.tif");
  EXPECT_EQ(resolve_href("x/red.tif", "a.json"),
            (std::filesystem::current_path() / "x/red.tif").string());
  EXPECT_EQ(resolve_href("red 1%.tif", "/data/a.json"), "/data/red 1%.tif");
}

TEST(ResolveHref, AbsolutePathsAndGdalPathsStay) {
  for (const char* href : {"/data/red.tif", "/vsis3/b/red.tif", "/vsizip//a/b.zip/red.tif",
                           "/vsicurl/https://h/a?b=c"})
    EXPECT_EQ(resolve_href(href, "/items/a.json"), href);
}

TEST(ResolveHref, UrlsBecomeGdalPaths) {
  EXPECT_EQ(resolve_href("s3://bucket/a/red.tif", "/items/a.json"), "/vsis3/bucket/a/red.tif");
  EXPECT_EQ(resolve_href("gs://bucket/a/red.tif", "/items/a.json"), "/vsigs/bucket/a/red.tif");
  EXPECT_EQ(resolve_href("http://h/red.tif", "/items/a.json"), "/vsicurl/http://h/red.tif");
  EXPECT_EQ(resolve_href("HTTPS://h/red.tif", "/items/a.json"), "/vsicurl/HTTPS://h/red.tif");
  EXPECT_EQ(resolve_href("ftp://h/red.tif", "/items/a.json"), "ftp://h/red.tif");
}

TEST(ResolveHref, KeepsTheSignatureOfAUrl) {
  const std::string url =
      "https://h.blob.core.windows.net/c/red.tif?st=2021-01-01T00%3A00%3A00Z&sig=a%2Fb%3D";
  EXPECT_EQ(resolve_href(url, "/items/a.json"), "/vsicurl/" + url);
}

TEST(ResolveHref, FileUrlsAreDecodedPaths) {
  EXPECT_EQ(resolve_href("file:///data/my%20scene/red%2b.tif", "/items/a.json"),
            "/data/my scene/red+.tif");
  EXPECT_EQ(resolve_href("file://localhost/data/100%.tif", "/items/a.json"), "/data/100%.tif");
}

TEST(ResolveHref, RelativeHrefsOfAUrl) {
  EXPECT_EQ(resolve_href("./red.tif", "https://h/c/items/a.json?x=/y"),
            "/vsicurl/https://h/c/items/red.tif");
  EXPECT_EQ(resolve_href("../red.tif?sig=../x", "https://h/c/items/a.json"),
            "/vsicurl/https://h/c/red.tif?sig=../x");
  EXPECT_EQ(resolve_href("../../../red.tif", "https://h/c/a.json"), "/vsicurl/https://h/red.tif");
  EXPECT_EQ(resolve_href("red.tif", "https://h"), "/vsicurl/https://h/red.tif");
  EXPECT_EQ(resolve_href("red.tif", "s3://bucket/c/a.json"), "/vsis3/bucket/c/red.tif");
  EXPECT_EQ(resolve_href("red.tif", "/vsicurl/https://h/c/a.json"), "/vsicurl/https://h/c/red.tif");
  EXPECT_EQ(resolve_href("../red.tif", "/vsis3/bucket/c/a.json"), "/vsis3/bucket/red.tif");
}

}  // namespace
}  // namespace cubemill
