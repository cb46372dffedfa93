#include "io/json_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Every value with its line, as `line:json`.
std::vector<std::string> values(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> result;
  JsonStream(in, "x.json").read([&](nlohmann::json&& value, std::uint64_t line) {
    result.push_back(std::to_string(line) + ":" + value.dump());
  });
  return result;
}

std::string error(const std::string& text) {
  try {
    values(text);
  } catch (const InvalidInput& failure) {
    return failure.what();
  }
  return "no error";
}

TEST(JsonStream, GivesFeaturesBeforeTheirCollection) {
  EXPECT_THAT(
      values(
          "{\"type\": \"FeatureCollection\",\n\"features\": [{\"a\": 1},\n{\"b\": 2}],\n\"n\": 3}"),
      ElementsAre("2:{\"a\":1}", "3:{\"b\":2}",
                  "1:{\"features\":[],\"n\":3,\"type\":\"FeatureCollection\"}"));
}

TEST(JsonStream, GivesLinesAndElementsOneByOne) {
  EXPECT_THAT(values("{\"a\":1}\n{\"b\":2}\n\n"), ElementsAre("1:{\"a\":1}", "2:{\"b\":2}"));
  EXPECT_THAT(values("[{\"a\":1}, {}, []]"), ElementsAre("1:{\"a\":1}", "1:{}", "1:[]"));
  EXPECT_THAT(values("\x1E{\"a\":1}\n\x1E{\"b\":2}\n"), ElementsAre("1:{\"a\":1}", "2:{\"b\":2}"));
  EXPECT_THAT(values("[]"), ElementsAre());
  EXPECT_THAT(values("{\"features\": []}"), ElementsAre("1:{\"features\":[]}"));
}

TEST(JsonStream, SkipsAByteOrderMark) {
  EXPECT_THAT(values("\xEF\xBB\xBF{\"a\":1}"), ElementsAre("1:{\"a\":1}"));
}

TEST(JsonStream, StringsMayHoldBracketsQuotesAndNaN) {
  EXPECT_THAT(values(R"({"a": "}]{[\"NaN\\", "b": ["\\"]})"),
              ElementsAre(R"(1:{"a":"}]{[\"NaN\\","b":["\\"]})"));
}

TEST(JsonStream, TakesTheNumbersThatPythonWrites) {
  EXPECT_THAT(values("{\"a\": NaN, \"b\": [-Infinity, Infinity]}"),
              ElementsAre("1:{\"a\":\"nan\",\"b\":[\"-inf\",\"inf\"]}"));
}

TEST(JsonStream, AValueMayBeLongerThanTheBuffer) {
  const std::string text(200'000, 'x');
  EXPECT_THAT(values("[\"" + text + "\",\n7]"), ElementsAre("1:\"" + text + "\"", "2:7"));
}

TEST(JsonStream, ErrorsNameFileLineAndColumn) {
  EXPECT_THAT(error("{\"a\": 1,\n \"b\": tru }"), HasSubstr("x.json:2:"));
  EXPECT_THAT(error("{\"a\": {\n\"b\": 1,\n\"c\" 2}}"), HasSubstr("x.json:3:5: not JSON: "));
  EXPECT_THAT(error("{\"a\": 1 \"b\": 2}"), HasSubstr("x.json:1:"));
  EXPECT_THAT(error("[1,\n {\"a\": 1e999}]"), HasSubstr("x.json:2:2: not JSON: "));
  EXPECT_THAT(error("hello"), HasSubstr("x.json:1:"));
}

TEST(JsonStream, EveryTruncationIsAnError) {
  const std::string text =
      R"({"type": "FeatureCollection", "features": [{"a": [1, "x\"y"]}, {}], "n": null})";
  for (std::size_t length = 0; length < text.size(); ++length)
    EXPECT_THAT(error(text.substr(0, length)), HasSubstr("x.json:1:")) << text.substr(0, length);
  EXPECT_EQ(error(text), "no error");
}

TEST(JsonStream, RejectsWhatIsAlmostJson) {
  for (const char* text : {"",
                           "  \n",
                           "{\"a\":1,}",
                           "[1,]",
                           "[1 2]",
                           "{,}",
                           "{1:2}",
                           "}",
                           "]",
                           ",",
                           "[1}",
                           "{\"a\":[1}]",
                           "{\"features\":[{},,{}]}",
                           "{\"a\" 1}",
                           "{'a': 1}",
                           "01",
                           "nul",
                           "{\"a\": \"\x01\"}",
                           "{\"a\": \"\xFF\"}",
                           "NaNa",
                           "[1]]"})
    EXPECT_NE(error(text), "no error") << text;
}

TEST(JsonStream, DeepNestingIsAnErrorAndNoCrash) {
  EXPECT_THAT(error("{\"a\": " + std::string(1'000'000, '[')), HasSubstr("deep"));
  EXPECT_EQ(error("{\"a\": " + std::string(500, '[') + std::string(500, ']') + "}"), "no error");
}

}  // namespace
}  // namespace cubemill
