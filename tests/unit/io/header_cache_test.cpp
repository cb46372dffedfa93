// Headers of remote files on a disk (io/header_cache.hpp).
#include "io/header_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

namespace fs = std::filesystem;

class KeptHeaders : public testing::Test {
 protected:
  void TearDown() override {
    keep_headers_in("");
    fs::remove_all(folder);
  }

  static RangeAnswer front(std::size_t size, const std::string& etag = "\"v1\"") {
    auto bytes = std::make_shared<std::byte[]>(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = std::byte(i * i % 251);
    RangeAnswer answer;
    answer.bytes = bytes, answer.size = size;
    answer.object_size = 123456, answer.etag = etag;
    return answer;
  }
  fs::path only_file() const {
    fs::path found;
    for (const auto& entry : fs::directory_iterator(folder)) {
      EXPECT_TRUE(found.empty());
      found = entry.path();
    }
    return found;
  }
  std::string content() const {
    std::ifstream file(only_file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void put(const std::string& bytes) const {
    std::ofstream(only_file(), std::ios::binary | std::ios::trunc) << bytes;
  }

  const fs::path folder =
      fs::temp_directory_path() / ("cubemill-header-cache-test." + std::to_string(::getpid()));
  const std::string href = "s3://bucket/a/b.tif";
};

TEST_F(KeptHeaders, ComeBackAsFarAsTheyWereNeeded) {
  HeaderCache cache((folder / "deep").string());
  EXPECT_FALSE(cache.find(href));
  for (const std::size_t needed : {0u, 1u, 3000u, 32768u}) {
    cache.keep(href, front(32768), needed);
    const auto kept = HeaderCache((folder / "deep").string()).find(href);
    ASSERT_TRUE(kept);
    EXPECT_EQ(needed, kept->size);
    EXPECT_EQ("\"v1\"", kept->etag);
    EXPECT_EQ(123456u, kept->object_size);
    EXPECT_EQ(0, std::memcmp(kept->bytes.get(), front(32768).bytes.get(), needed));
  }
  EXPECT_EQ("", cache.fault());
}

TEST_F(KeptHeaders, AreOfOneHrefWithoutItsSecrets) {
  HeaderCache cache(folder.string());
  const std::string url = "https://host/b.tif?X-Amz-Signature=";
  cache.keep(url + "first", front(100), 100);
  EXPECT_TRUE(cache.has(url + "second"));
  EXPECT_TRUE(cache.find(url + "second"));
  EXPECT_FALSE(cache.has("https://host/c.tif"));
  EXPECT_EQ(std::string::npos, content().find("first"));
}

TEST_F(KeptHeaders, NeedAVersionThatNamesBytes) {
  HeaderCache cache(folder.string());
  for (const char* etag : {"", "W/\"v1\""}) cache.keep(href, front(100, etag), 100);
  EXPECT_FALSE(cache.has(href));
}

TEST_F(KeptHeaders, AreGoneWhenDropped) {
  HeaderCache cache(folder.string());
  cache.keep(href, front(100), 100);
  cache.drop(href);
  EXPECT_FALSE(cache.has(href));
  cache.drop(href);
}

TEST_F(KeptHeaders, AreIgnoredWithAnyBitFlippedAndCutAnywhere) {
  HeaderCache cache(folder.string());
  cache.keep(href, front(40), 40);
  const std::string whole = content();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string flipped = whole;
    flipped[i] = char(flipped[i] ^ (1 << i % 8));
    put(flipped);
    EXPECT_FALSE(cache.find(href)) << "byte " << i;
    put(whole.substr(0, i));
    EXPECT_FALSE(cache.find(href)) << "of " << i << " bytes";
  }
  put(whole + "x");
  EXPECT_FALSE(cache.find(href));
  put(whole);
  EXPECT_TRUE(cache.find(href));
}

TEST_F(KeptHeaders, OfAnotherFileUnderTheSameNameAreIgnored) {
  HeaderCache cache(folder.string());
  cache.keep("s3://bucket/other.tif", front(40), 40);
  const std::string other = content();
  cache.drop("s3://bucket/other.tif");
  cache.keep(href, front(40), 40);
  put(other);
  EXPECT_FALSE(cache.find(href));
}

TEST_F(KeptHeaders, AreWholeWhileManyReplaceThem) {
  HeaderCache mine(folder.string()), others(folder.string());
  mine.keep(href, front(20000), 20000);
  {
    std::vector<std::jthread> writers;
    for (HeaderCache* cache : {&mine, &others})
      writers.emplace_back([this, cache] {
        for (int i = 0; i < 50; ++i) cache->keep(href, front(20000), 20000);
      });
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(mine.find(href));
  }
  EXPECT_EQ(".header", only_file().extension());
}

TEST_F(KeptHeaders, ThatTheDiskRefusesAreAFaultAndNoError) {
  HeaderCache cache(folder.string());
  fs::remove_all(folder);
  cache.keep(href, front(100), 100);
  EXPECT_NE("", cache.fault());
}

TEST_F(KeptHeaders, NeedAFolder) {
  fs::create_directories(folder);
  std::ofstream(folder / "file") << "x";
  EXPECT_THROW(HeaderCache((folder / "file" / "kept").string()), IoError);
}

TEST_F(KeptHeaders, AreCountedAndUsedUntilTheyAreDistrusted) {
  EXPECT_FALSE(find_kept_header(href));
  keep_headers_in(folder.string());
  header_cache()->keep(href, front(100), 100);
  EXPECT_TRUE(has_kept_header(href));
  EXPECT_EQ(0u, kept_headers_used());
  EXPECT_TRUE(find_kept_header(href));
  EXPECT_EQ(1u, kept_headers_used());
  distrust_kept_headers();
  EXPECT_EQ(0u, kept_headers_used());
  EXPECT_FALSE(has_kept_header(href));
  EXPECT_FALSE(find_kept_header(href));
  keep_headers_in(folder.string());
  EXPECT_TRUE(find_kept_header(href));
}

}  // namespace
}  // namespace cubemill
