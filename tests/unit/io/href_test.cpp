#include "cubemill/io/href.hpp"

#include <gtest/gtest.h>

#include <filesystem>

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
  for (const char* href : {"/data/red.tif", "/vsizip//a/b.zip/red.tif", "/vsigs/b/red.tif",
                           "/vsicurl?url=https%3A%2F%2Fh%2Fa", "/vsis3_streaming/b/red.tif"})
    EXPECT_EQ(resolve_href(href, "/items/a.json"), href);
}

TEST(ResolveHref, GdalNamesOfObjectsBecomeUrls) {
  EXPECT_EQ(resolve_href("/vsis3/b/c/red.tif", "/items/a.json"), "s3://b/c/red.tif");
  EXPECT_EQ(resolve_href("/vsicurl/https://h/a?b=c", "/items/a.json"), "https://h/a?b=c");
  EXPECT_EQ(resolve_href("/vsicurl/http://h/a", "https://h/a.json"), "http://h/a");
}

TEST(ResolveHref, UrlsStay) {
  for (const char* url :
       {"s3://bucket/a/red 1%.tif", "s3://bucket/a/./b/../red?#.tif", "http://h/red.tif",
        "https://h/a//b/../red%2B.tif#x", "ftp://h/red.tif",
        "https://h.blob.core.windows.net/c/red.tif?st=2021-01-01T00%3A00%3A00Z&sig=a%2Fb%3D"})
    EXPECT_EQ(resolve_href(url, "/items/a.json"), url);
  EXPECT_EQ(resolve_href("HTTPS://H/Red.tif", "/items/a.json"), "https://H/Red.tif");
  EXPECT_EQ(resolve_href("S3://b/Red.tif", "/items/a.json"), "s3://b/Red.tif");
}

TEST(ResolveHref, OtherStoresAreLeftToGdal) {
  EXPECT_EQ(resolve_href("gs://bucket/a/red.tif", "/items/a.json"), "/vsigs/bucket/a/red.tif");
  EXPECT_EQ(resolve_href("az://bucket/a/red.tif", "/items/a.json"), "/vsiaz/bucket/a/red.tif");
  EXPECT_EQ(resolve_href("swift://bucket/red.tif", "/items/a.json"), "/vsiswift/bucket/red.tif");
}

TEST(ResolveHref, FileUrlsAreDecodedPaths) {
  EXPECT_EQ(resolve_href("file:///data/my%20scene/red%2b.tif", "/items/a.json"),
            "/data/my scene/red+.tif");
  EXPECT_EQ(resolve_href("file://localhost/data/100%.tif", "/items/a.json"), "/data/100%.tif");
}

TEST(ResolveHref, RelativeHrefsOfAUrl) {
  EXPECT_EQ(resolve_href("./red.tif", "https://h/c/items/a.json?x=/y"),
            "https://h/c/items/red.tif");
  EXPECT_EQ(resolve_href("../red.tif?sig=../x", "https://h/c/items/a.json"),
            "https://h/c/red.tif?sig=../x");
  EXPECT_EQ(resolve_href("../../../red.tif", "https://h/c/a.json"), "https://h/red.tif");
  EXPECT_EQ(resolve_href("red.tif", "https://h"), "https://h/red.tif");
  EXPECT_EQ(resolve_href("red.tif", "s3://bucket/c/a.json"), "s3://bucket/c/red.tif");
  EXPECT_EQ(resolve_href("../red.tif", "s3://bucket/c?d#/e/a.json"), "s3://bucket/c?d#/red.tif");
  EXPECT_EQ(resolve_href("red.tif", "/vsicurl/https://h/c/a.json"), "https://h/c/red.tif");
  EXPECT_EQ(resolve_href("../red.tif", "/vsis3/bucket/c/a.json"), "s3://bucket/red.tif");
  EXPECT_EQ(resolve_href("red.tif", "gs://bucket/c/a.json"), "/vsigs/bucket/c/red.tif");
  EXPECT_EQ(resolve_href("red.tif", "file:///data/my%20items/a.json"), "/data/my items/red.tif");
}

TEST(ResolveHref, APathOfAUrlIsOnItsHost) {
  EXPECT_EQ(resolve_href("/d/../red.tif?x=1", "https://h:8080/c/a.json"),
            "https://h:8080/red.tif?x=1");
  EXPECT_EQ(resolve_href("//other/red.tif", "https://h/c/a.json"), "https://other/red.tif");
  EXPECT_EQ(resolve_href("/d/red.tif", "s3://bucket/c/a.json"), "s3://bucket/d/red.tif");
  EXPECT_EQ(resolve_href("/vsizip/d.zip/red.tif", "https://h/a.json"), "/vsizip/d.zip/red.tif");
}

TEST(GdalPath, IsWhatGdalOpens) {
  EXPECT_EQ(gdal_path("s3://bucket/c/red.tif"), "/vsis3/bucket/c/red.tif");
  EXPECT_EQ(gdal_path("https://h/red.tif?sig=a%2F"), "/vsicurl/https://h/red.tif?sig=a%2F");
  EXPECT_EQ(gdal_path("http://h/red.tif"), "/vsicurl/http://h/red.tif");
  for (const char* path :
       {"/data/red.tif", "/vsigs/b/red.tif", "/vsizip//a.zip/red.tif", "red.tif"})
    EXPECT_EQ(gdal_path(path), path);
}

TEST(PlaceOf, IsABucketAHostOrFiles) {
  EXPECT_EQ(place_of("s3://usgs-landsat/collection02/red.tif"), "s3://usgs-landsat");
  EXPECT_EQ(place_of("https://me:pass@h:8080/a@b/red.tif?x=/"), "https://h:8080");
  EXPECT_EQ(place_of("http://h?x"), "http://h");
  EXPECT_EQ(place_of("/vsigs/bucket/a/red.tif"), "/vsigs/bucket");
  EXPECT_EQ(place_of("/vsizip//a/b.zip/red.tif"), "/vsizip");
  EXPECT_EQ(place_of("/data/red.tif"), "files");
}

TEST(BucketOf, IsThatOfAnS3Href) {
  EXPECT_EQ(bucket_of("s3://bucket/a/b"), "bucket");
  EXPECT_EQ(bucket_of("s3://bucket"), "bucket");
  EXPECT_EQ(bucket_of("https://bucket/a"), "");
  EXPECT_EQ(bucket_of("/vsis3/bucket/a"), "");
}

}  // namespace
}  // namespace cubemill
