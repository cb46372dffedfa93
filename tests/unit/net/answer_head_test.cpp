#include "net/answer_head.hpp"

#include <gtest/gtest.h>

#include <ctime>

namespace cubemill::net {
namespace {

TEST(AnswerHead, ReadsWhatItNeedsWhateverTheCase) {
  AnswerHead head;
  for (const char* line :
       {"HTTP/1.1 206 Partial Content\r\n", "content-length: 100\r\n",
        "CONTENT-RANGE:bytes 5-104/2000\r\n", "ETag: \"ab c\"\r\n",
        "X-Amz-Bucket-Region: eu-west-1\r\n", "Content-Type: Image/TIFF\r\n", "\r\n"})
    head.take_line(line);
  EXPECT_EQ(head.status, 206);
  EXPECT_EQ(head.length, 100U);
  EXPECT_EQ(head.range->first, 5U);
  EXPECT_EQ(head.range->last, 104U);
  EXPECT_EQ(head.range->total, 2000U);
  EXPECT_EQ(head.etag, "\"ab c\"");
  EXPECT_EQ(head.bucket_region, "eu-west-1");
  EXPECT_EQ(head.type, "image/tiff");
  EXPECT_TRUE(head.complete);
}

TEST(AnswerHead, ForgetsAnInterimAnswer) {
  AnswerHead head;
  for (const char* line : {"HTTP/1.1 100 Continue", "ETag: x", ""}) head.take_line(line);
  EXPECT_FALSE(head.complete);
  for (const char* line : {"HTTP/1.1 200 OK", ""}) head.take_line(line);
  EXPECT_TRUE(head.complete);
  EXPECT_EQ(head.etag, "");
}

TEST(AnswerHead, ReadsRetryAfterAsSecondsOrDate) {
  AnswerHead head;
  head.take_line("Retry-After: 7");
  EXPECT_EQ(head.retry_after, 7);
  const std::time_t soon = std::time(nullptr) + 60;
  char date[64];
  std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&soon));
  head.take_line(std::string("Retry-After: ") + date);
  EXPECT_NEAR(*head.retry_after, 60, 2);
  head.take_line("Retry-After: soon");
  EXPECT_FALSE(head.retry_after);
}

TEST(ContentRange, IsReadOrRefused) {
  EXPECT_EQ(parse_content_range("bytes 0-0/*")->total, std::nullopt);
  EXPECT_EQ(parse_content_range("bytes */77")->total, 77U);
  EXPECT_FALSE(parse_content_range("bytes */77")->first);
  for (const char* bad :
       {"", "bytes", "bytes 5-4/10", "bytes 1-2", "bytes a-b/c", "items 0-1/2", "bytes 1/2"})
    EXPECT_FALSE(parse_content_range(bad)) << bad;
}

}  // namespace
}  // namespace cubemill::net
