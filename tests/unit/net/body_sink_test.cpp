#include "net/body_sink.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cubemill::net {
namespace {

using Flaw = BodySink::Flaw;

AnswerHead head(int status, std::initializer_list<std::string> lines) {
  AnswerHead head;
  head.take_line("HTTP/1.1 " + std::to_string(status) + " Text");
  for (const std::string& line : lines) head.take_line(line);
  head.take_line("");
  return head;
}

AnswerHead part(const std::string& range) { return head(206, {"Content-Range: bytes " + range}); }

// Gives a body in pieces until no more are wanted; whether the answer was read to its end.
bool give(BodySink& sink, const AnswerHead& head, const std::string& body, std::size_t piece = 3) {
  for (std::size_t at = 0; at < body.size(); at += piece) {
    const std::string bytes = body.substr(at, piece);
    if (!sink.take(head, bytes.data(), bytes.size())) return false;
  }
  sink.end(head);
  return true;
}

std::string content(BodySink& sink) {
  const std::size_t size = sink.filled();
  const auto bytes = sink.release();
  return {reinterpret_cast<const char*>(bytes.get()), size};
}

TEST(BodySink, KeepsThePartThatIsAskedFor) {
  BodySink sink;
  sink.begin({.offset = 4, .size = 5});
  EXPECT_TRUE(give(sink, head(206, {"Content-Range: bytes 4-8/20", "Content-Length: 5"}), "45678"));
  EXPECT_TRUE(sink.whole());
  EXPECT_EQ(sink.object_size(), 20U);
  EXPECT_EQ(content(sink), "45678");
}

TEST(BodySink, IsNotWholeBeforeTheLastByte) {
  BodySink sink;
  sink.begin({.offset = 4, .size = 5});
  give(sink, part("4-8/20"), "4567");
  EXPECT_FALSE(sink.whole());
  EXPECT_EQ(sink.flaw(), Flaw::none);
}

TEST(BodySink, RefusesOtherPlaces) {
  for (const char* range : {"3-7/20", "5-9/20", "4-9/20", "*/20", "rubbish"}) {
    BodySink sink;
    sink.begin({.offset = 4, .size = 5});
    EXPECT_FALSE(give(sink, part(range), "45678")) << range;
    EXPECT_EQ(sink.flaw(), Flaw::other_place) << range;
  }
  BodySink sink;
  sink.begin({.offset = 4, .size = 5});
  EXPECT_FALSE(give(sink, head(206, {"Content-Type: multipart/byteranges"}), "45678"));
  EXPECT_EQ(sink.flaw(), Flaw::other_place);
}

TEST(BodySink, TellsAShortAnswerFromTheEndOfTheObject) {
  BodySink sink;
  sink.begin({.offset = 4, .size = 5});
  give(sink, part("4-6/20"), "456");
  EXPECT_EQ(sink.flaw(), Flaw::too_short);
  sink.begin({.offset = 4, .size = 5});
  give(sink, part("4-6/7"), "456");
  EXPECT_EQ(sink.flaw(), Flaw::beyond_end);
  sink.begin({.offset = 4, .size = 5, .may_be_shorter = true});
  give(sink, part("4-6/7"), "456");
  EXPECT_TRUE(sink.whole());
  EXPECT_EQ(content(sink), "456");
  sink.begin({.offset = 4, .size = 5, .may_be_shorter = true});
  give(sink, part("4-6/20"), "456");
  EXPECT_EQ(sink.flaw(), Flaw::too_short);
}

TEST(BodySink, RefusesALengthThatContradictsTheRange) {
  BodySink sink;
  sink.begin({.offset = 4, .size = 5});
  sink.end(head(206, {"Content-Range: bytes 4-8/20", "Content-Length: 0"}));
  EXPECT_EQ(sink.flaw(), Flaw::too_short);
}

TEST(BodySink, TakesThePartOutOfAWholeObjectAndStopsThere) {
  for (const std::size_t piece : {1, 2, 5, 7, 20}) {
    BodySink sink;
    sink.begin({.offset = 4, .size = 5});
    EXPECT_FALSE(give(sink, head(200, {"Content-Length: 20"}), "0123456789abcdefghij", piece));
    EXPECT_TRUE(sink.whole());
    EXPECT_EQ(sink.object_size(), 20U);
    EXPECT_EQ(content(sink), "45678");
  }
}

TEST(BodySink, ReadsAWholeObjectToItsEndWhereTheRangeEndsThere) {
  BodySink sink;
  sink.begin({.offset = 4, .size = 6});
  EXPECT_TRUE(give(sink, head(200, {"Content-Length: 10"}), "0123456789"));
  EXPECT_EQ(content(sink), "456789");
}

TEST(BodySink, LearnsTheLengthOfAnObjectAtItsEnd) {
  BodySink sink;
  sink.begin({.offset = 4, .size = 100, .may_be_shorter = true});
  EXPECT_TRUE(give(sink, head(200, {}), "0123456789"));
  EXPECT_TRUE(sink.whole());
  EXPECT_EQ(sink.object_size(), 10U);
  EXPECT_EQ(content(sink), "456789");
  sink.begin({.offset = 4, .size = 100});
  EXPECT_TRUE(give(sink, head(200, {}), "0123456789"));
  EXPECT_EQ(sink.flaw(), Flaw::beyond_end);
}

TEST(BodySink, KnowsAPageFromAnObject) {
  const std::string page = "\n<!DOCTYPE HTML><html>Sign in</html>";
  for (const AnswerHead& answer : {head(200, {"Content-Type: application/octet-stream"}),
                                   head(200, {"Content-Type: text/html; charset=utf-8"})}) {
    BodySink sink;
    sink.begin({.offset = 0, .size = 5});
    give(sink, answer, page, 100);
    EXPECT_EQ(sink.flaw(), Flaw::not_an_object);
    EXPECT_EQ(sink.text(), page);
  }
}

TEST(BodySink, KeepsTheBeginningOfAnErrorOnly) {
  BodySink sink;
  sink.begin({.offset = 0, .size = 5});
  EXPECT_FALSE(give(sink, head(403, {}), std::string(1 << 20, 'e'), 1000));
  EXPECT_EQ(sink.flaw(), Flaw::not_an_object);
  EXPECT_LE(sink.text().size(), 20'000U);
}

TEST(BodySink, RefusesWhatTheServerCompressed) {
  BodySink sink;
  sink.begin({.offset = 0, .size = 5});
  EXPECT_FALSE(
      give(sink, head(206, {"Content-Range: bytes 0-4/20", "Content-Encoding: gzip"}), "01234"));
  EXPECT_EQ(sink.flaw(), Flaw::encoded);
}

}  // namespace
}  // namespace cubemill::net
