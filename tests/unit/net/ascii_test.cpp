#include "net/ascii.hpp"

#include <gtest/gtest.h>

namespace cubemill::net {
namespace {

TEST(Ascii, EncodesAllButTheUnreserved) {
  EXPECT_EQ(percent_encoded("aZ09-_.~"), "aZ09-_.~");
  EXPECT_EQ(percent_encoded("a/b c+%\xc3\xa9", "/"), "a/b%20c%2B%25%C3%A9");
}

TEST(Ascii, FindsTheTextOfATag) {
  EXPECT_EQ(xml_text("<E><Code>A&amp;B &lt;x&gt; &quot;&apos;</Code></E>", "Code"), "A&B <x> \"'");
  EXPECT_EQ(xml_text("<Code>x", "Code"), "");
  EXPECT_EQ(xml_text("", "Code"), "");
}

TEST(Ascii, ReadsWholeNumbersOnly) {
  EXPECT_EQ(whole_number("18446744073709551615"), 18446744073709551615U);
  for (const char* bad : {"", "-1", "1x", " 1", "18446744073709551616"})
    EXPECT_FALSE(whole_number(bad)) << bad;
}

TEST(Ascii, ComparesWithoutCase) {
  EXPECT_TRUE(equal_but_for_case("ETag", "etag"));
  EXPECT_FALSE(equal_but_for_case("ETag", "etags"));
  EXPECT_TRUE(starts_but_for_case("HTTPS://x", "https://"));
}

}  // namespace
}  // namespace cubemill::net
