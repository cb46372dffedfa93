// Each fault of a server or a network, once and for good: right bytes after all, or one failure
// that says what it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "unit/net/range_fixture.hpp"

namespace cubemill {
namespace {

using namespace test_ranges;
using test::S3Stand;
using testing::HasSubstr;
using testing::Not;
using Kind = RangeFailure::Kind;
using std::chrono::milliseconds;

// What a request fails with.
RangeFailure failure_of(RangeClient& client, const RangeRequest& request) {
  try {
    client.fetch(request);
  } catch (const RangeFailure& failure) {
    return failure;
  }
  throw std::logic_error("the range was answered");
}

struct Fault {
  std::string name, rule;
  int attempts = 2;  // after which a fault that passes is over
  milliseconds stall{5000};
};

void PrintTo(const Fault& fault, std::ostream* to) { *to << fault.rule; }

template <class F>
std::string name_of(const testing::TestParamInfo<F>& info) {
  return info.param.name;
}

class PassingFault : public testing::TestWithParam<Fault> {};

TEST_P(PassingFault, EndsWithTheRightBytes) {
  const S3Stand stand;
  stand.faults(GetParam().rule);
  NetOptions options = quick();
  options.stall = GetParam().stall;
  RangeClient client(options);
  const RangeAnswer answer = client.fetch(range());
  EXPECT_TRUE(text(answer) == stand.content(offset, size));
  EXPECT_EQ(answer.attempts, GetParam().attempts);
  EXPECT_EQ(answer.object_size, S3Stand::object_bytes);
  EXPECT_EQ(client.tally().retries, std::uint64_t(GetParam().attempts - 1));
  EXPECT_GE(stand.stats().at("rules").at(0).at("hits").get<int>(), 1) << "the fault did not happen";
}

const std::vector<Fault> passing_faults = {
    {"SlowDown", "slowdown:attempts=1"},
    {"TooManyRequests", "error:status=429,attempts=1"},
    {"InternalError", "error:status=500,attempts=2", 3},
    {"BadGateway", "error:status=502,attempts=1"},
    {"GatewayTimeout", "error:status=504,attempts=1"},
    {"RequestTimeout", "error:status=408,attempts=1"},
    {"ResetBeforeTheAnswer", "reset_early:attempts=1"},
    {"ResetInTheBody", "reset:attempts=1"},
    {"TruncatedBody", "truncate:attempts=1"},
    {"TruncatedAtTheLastByte", "truncate:at=199999,attempts=1"},
    {"ShortPart", "short:attempts=1"},
    {"EmptyPart", "empty:attempts=1"},
    {"AnotherPlace", "otherrange:attempts=1"},
    {"Page", "html:attempts=1"},
    {"WholeObject", "fullbody", 1},
    {"Redirect", "redirect:attempts=1", 1},
    {"PermanentRedirect", "redirect:status=308,attempts=1", 1},
    {"StallBeforeTheAnswer", "stall_early:attempts=1", 2, milliseconds(700)},
    {"StallInTheBody", "stall:attempts=1", 2, milliseconds(700)},
    {"Drip", "bandwidth:bps=500,attempts=1", 2, milliseconds(2000)},
};

INSTANTIATE_TEST_SUITE_P(Each, PassingFault, testing::ValuesIn(passing_faults), name_of<Fault>);

struct LastingFault : Fault {
  Kind kind = Kind::exhausted;
  int status = 0;
  std::string says;
};

class FaultForGood : public testing::TestWithParam<LastingFault> {};

TEST_P(FaultForGood, IsOneFailureThatSaysWhatItWas) {
  const S3Stand stand;
  stand.faults(GetParam().rule);
  NetOptions options = quick();
  options.stall = GetParam().stall;
  RangeClient client(options);
  const RangeFailure failure = failure_of(client, range());
  EXPECT_EQ(int(failure.kind()), int(GetParam().kind));
  EXPECT_EQ(failure.status(), GetParam().status);
  EXPECT_EQ(failure.attempts(), GetParam().attempts);
  EXPECT_EQ(stand.requests(), GetParam().attempts);
  EXPECT_THAT(failure.what(), HasSubstr("s3://bucket/a.tif: bytes 100000-299999: "));
  EXPECT_THAT(failure.what(), HasSubstr(GetParam().says));
  EXPECT_THAT(failure.what(), Not(HasSubstr("\n")));
  EXPECT_EQ(client.tally().requests, client.tally().retries + 1);
}

const std::vector<LastingFault> lasting_faults = {
    {{"SlowDown", "slowdown", 5},
     Kind::exhausted,
     503,
     "HTTP 503 SlowDown: Please reduce your request rate. (5 attempts in "},
    {{"TooManyRequests", "error:status=429", 5}, Kind::exhausted, 429, "HTTP 429 "},
    {{"InternalError", "error:status=500", 5},
     Kind::exhausted,
     500,
     "HTTP 500 InternalError: We encountered an internal error."},
    {{"BadGateway", "error:status=502", 5}, Kind::exhausted, 502, "HTTP 502 "},
    {{"GatewayTimeout", "error:status=504", 5}, Kind::exhausted, 504, "HTTP 504 "},
    {{"ResetBeforeTheAnswer", "reset_early", 5}, Kind::exhausted, 0, "reset by peer"},
    {{"ResetInTheBody", "reset", 5}, Kind::exhausted, 206, "reset by peer"},
    {{"TruncatedBody", "truncate", 5}, Kind::exhausted, 206, "bytes remaining to read"},
    {{"ShortPart", "short", 5}, Kind::exhausted, 206, "fewer bytes than asked for"},
    {{"EmptyPart", "empty", 5}, Kind::exhausted, 206, "fewer bytes than asked for"},
    {{"AnotherPlace", "otherrange", 4}, Kind::unusable, 206, "not for the range asked for"},
    {{"Page", "html", 4}, Kind::unusable, 200, "an HTML page in place of the object (4 attempts"},
    {{"Missing", "missing", 1}, Kind::missing, 404, "HTTP 404 NoSuchKey (1 attempt"},
    {{"Denied", "denied", 1}, Kind::denied, 403, "HTTP 403 AccessDenied: Access Denied"},
    {{"Gone", "error:status=410,code=Gone", 1}, Kind::missing, 410, "HTTP 410 Gone"},
    {{"NotAllowed", "error:status=405,code=No", 1}, Kind::unusable, 405, "HTTP 405 No"},
    {{"StallBeforeTheAnswer", "stall_early", 5, milliseconds(300)},
     Kind::exhausted,
     0,
     "no answer for 300 ms"},
    {{"StallInTheBody", "stall", 5, milliseconds(300)},
     Kind::exhausted,
     206,
     "the answer stopped for 300 ms"},
};

INSTANTIATE_TEST_SUITE_P(Each, FaultForGood, testing::ValuesIn(lasting_faults),
                         name_of<LastingFault>);

TEST(RangeFaults, APageNamesItsCauseAndAWayOut) {
  const S3Stand stand({"--fault", "html"});
  RangeClient client(quick());
  EXPECT_THAT(failure_of(client, range()).what(), HasSubstr("--prefer s3"));
}

TEST(RangeFaults, ARedirectThatLeadsRoundInACircleEnds) {
  const S3Stand stand({"--fault", "redirect"});
  RangeClient client(quick());
  EXPECT_EQ(int(failure_of(client, range()).kind()), int(Kind::unusable));
  EXPECT_LE(stand.requests(), 10);
}

TEST(RangeFaults, AUrlIsFollowedWhereItHasMovedAndThatIsRemembered) {
  const S3Stand stand;
  stand.faults("redirect:status=302,key=old.tif,to=/bucket/a.tif");
  RangeClient client(quick());
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(text(client.fetch(range(stand.url("bucket/old.tif")))) ==
                stand.content(offset, size));
  EXPECT_EQ(stand.requests(), 4);
}

TEST(RangeFaults, AUrlIsAskedForAnewWhenItIsNoMoreWhereItHadMoved) {
  const S3Stand stand;
  stand.add("bucket/b.tif", stand.content());
  RangeClient client(quick());
  const RangeRequest request = range(stand.url("bucket/old.tif"));
  stand.faults("redirect:key=old.tif,to=/bucket/a.tif");
  client.fetch(request);
  stand.faults("redirect:key=old.tif,to=/bucket/b.tif\nmissing:key=a.tif");
  EXPECT_TRUE(text(client.fetch(request)) == stand.content(offset, size));
  stand.faults("redirect:key=old.tif,to=/bucket/b.tif\nmissing");
  EXPECT_EQ(int(failure_of(client, request).kind()), int(Kind::missing));
}

TEST(RangeFaults, AWholeObjectIsNotReadFurtherThanTheRange) {
  const S3Stand stand({"--fault", "fullbody"});
  RangeClient client(quick());
  const RangeAnswer answer =
      client.fetch({.href = "s3://bucket/a.tif", .offset = 10, .size = 1000});
  EXPECT_EQ(text(answer), stand.content(10, 1000));
  EXPECT_LT(client.tally().bytes, S3Stand::object_bytes / 2);
}

TEST(RangeFaults, RetryAfterIsWaitedFor) {
  const S3Stand stand({"--fault", "slowdown:retry_after=1,attempts=1"});
  RangeClient client(quick());
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(text(client.fetch(range())) == stand.content(offset, size));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(1000));
  EXPECT_EQ(client.tally().throttled, 1U);
}

TEST(RangeFaults, ARetryAfterBeyondTheDeadlineFailsAtOnce) {
  const S3Stand stand({"--fault", "slowdown:retry_after=3600"});
  RangeClient client(quick());
  const RangeFailure failure = failure_of(client, range());
  EXPECT_EQ(failure.attempts(), 1);
  EXPECT_THAT(failure.what(), HasSubstr("the deadline of a range would pass"));
}

TEST(RangeFaults, TheDeadlineEndsWhatAttemptsDoNot) {
  const S3Stand stand({"--fault", "latency:ms=60000"});
  NetOptions options = quick();
  options.deadline = std::chrono::seconds(1);
  RangeClient client(options);
  const auto begin = std::chrono::steady_clock::now();
  const RangeFailure failure = failure_of(client, range());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
  EXPECT_THAT(failure.what(), HasSubstr("no answer (1 attempt in "));
  EXPECT_THAT(failure.what(), HasSubstr("the deadline of a range has passed"));
}

TEST(RangeFaults, TheDeadlineSaysWhatWentWrongBefore) {
  const S3Stand stand;
  stand.faults("error:status=500,attempts=1\nlatency:ms=60000,skip=1");
  NetOptions options = quick();
  options.deadline = std::chrono::seconds(1);
  RangeClient client(options);
  EXPECT_THAT(failure_of(client, range()).what(), HasSubstr("HTTP 500 InternalError"));
}

TEST(RangeFaults, ARefusedConnectionSaysWhatToLookAt) {
  S3Stand stand;
  stand.environment.set("AWS_S3_ENDPOINT", "127.0.0.1:1");
  RangeClient client(quick());
  const RangeFailure failure = failure_of(client, range());
  EXPECT_EQ(int(failure.kind()), int(Kind::exhausted));
  EXPECT_EQ(failure.status(), 0);
  EXPECT_THAT(failure.what(), HasSubstr("connect to 127.0.0.1 port 1"));
  EXPECT_THAT(failure.what(), HasSubstr("AWS_S3_ENDPOINT"));
}

TEST(RangeFaults, AServerThatWasNeverThereIsNotTriedForLong) {
  S3Stand stand;
  stand.environment.set("AWS_S3_ENDPOINT", "127.0.0.1:1");
  RangeClient client(quick());
  RangeRequest request = range();
  EXPECT_EQ(failure_of(client, request).attempts(), quick().attempts);
  request.is_first = true;
  EXPECT_EQ(failure_of(client, request).attempts(), 3);
}

TEST(RangeFaults, SayWhetherOtherObjectsOfThePlaceFailAlike) {
  const S3Stand stand;
  RangeClient client(quick());
  const auto is_of_place = [&](const std::string& rule, const RangeRequest& request = range()) {
    stand.faults(rule);
    return failure_of(client, request).of_place();
  };
  for (const char* rule : {"denied", "expired", "html"}) EXPECT_TRUE(is_of_place(rule)) << rule;
  for (const char* rule : {"missing", "error:status=500", "slowdown"})
    EXPECT_FALSE(is_of_place(rule)) << rule;
  EXPECT_TRUE(is_of_place("", range("s3://no-such-bucket/a.tif")));
  EXPECT_FALSE(is_of_place("", range("s3://bucket/no-such-key.tif")));
  EXPECT_TRUE(is_of_place("", range("https://no-such-host.invalid/a.tif")));
}

TEST(RangeFaults, AHostThatIsNotThereSaysSo) {
  const S3Stand stand;
  NetOptions options = quick();
  options.attempts = 2;
  RangeClient client(options);
  const RangeFailure failure = failure_of(client, range("https://no-such-host.invalid/a.tif"));
  EXPECT_EQ(int(failure.kind()), int(Kind::exhausted));
  EXPECT_THAT(failure.what(), HasSubstr("no-such-host.invalid"));
}

TEST(RangeFaults, AnObjectThatWasWrittenAgainIsSeenByItsTag) {
  const S3Stand stand;
  RangeClient client(quick());
  RangeRequest request = range();
  request.etag = client.fetch(request).etag;
  EXPECT_EQ(client.fetch(request).size, size);
  stand.add("bucket/a.tif", std::string(S3Stand::object_bytes + 1, 'x'));
  const RangeFailure failure = failure_of(client, request);
  EXPECT_EQ(int(failure.kind()), int(Kind::replaced));
  EXPECT_EQ(failure.status(), 412);
  EXPECT_EQ(failure.attempts(), 1);
}

TEST(RangeFaults, AnObjectThatWasWrittenAgainIsSeenByItsSize) {
  const S3Stand stand;
  RangeClient client(quick());
  RangeRequest request = range();
  request.object_size = client.fetch(request).object_size;
  EXPECT_EQ(client.fetch(request).size, size);
  stand.add("bucket/a.tif", std::string(S3Stand::object_bytes + 1, 'x'));
  EXPECT_THAT(failure_of(client, request).what(), HasSubstr("3000001 bytes and not 3000000"));
  stand.add("bucket/a.tif", "short");
  EXPECT_EQ(int(failure_of(client, request).kind()), int(Kind::unusable));
}

TEST(RangeFaults, AServerThatIgnoresIfMatchIsNotBelieved) {
  const S3Stand stand;
  RangeClient client(quick());
  RangeRequest request = range();
  request.etag = client.fetch(request).etag;
  stand.faults("othertag");
  const RangeFailure failure = failure_of(client, request);
  EXPECT_EQ(int(failure.kind()), int(Kind::replaced));
  EXPECT_THAT(failure.what(), HasSubstr("ETag \"another\" and not " + request.etag));
}

TEST(RangeFaults, SecretsOfASignedUrlAreNotInTheFailure) {
  const S3Stand stand({"--fault", "denied"});
  RangeClient client(quick());
  const RangeFailure failure =
      failure_of(client, range(stand.url("bucket/a.tif") + "?X-Amz-Signature=SECRET&se=1"));
  EXPECT_THAT(failure.what(), HasSubstr(stand.url("bucket/a.tif") + "?…"));
  EXPECT_THAT(failure.what(), Not(HasSubstr("SECRET")));
}

TEST(RangeFaults, TheRegionOfABucketIsLearned) {
  for (const char* status : {"301", "400"}) {
    S3Stand stand;
    stand.environment.set("AWS_ACCESS_KEY_ID", "AK");
    stand.environment.set("AWS_SECRET_ACCESS_KEY", "SK");
    stand.faults(std::string("otherregion:region=eu-north-1,status=") + status);
    RangeClient client(quick());
    for (int i = 0; i < 3; ++i)
      EXPECT_TRUE(text(client.fetch(range())) == stand.content(offset, size));
    EXPECT_EQ(stand.requests(), 4) << "learned more than once";
  }
}

TEST(RangeFaults, AUrlThatHasExpiredIsSignedAnewOnce) {
  const S3Stand stand;
  stand.faults("expired:status=403,key=old.tif");
  const test::ScratchFolder folder;
  const std::string runs = (folder.path() / "runs").string();
  const std::string script = folder.write(
      "sign", "echo \"$1\" >> " + runs + "; echo " + stand.url("bucket/a.tif") + "?signed=anew\n");
  NetOptions options = quick();
  options.sign_command = "sh " + script;
  RangeClient client(options);
  const std::string href = stand.url("bucket/old.tif") + "?sig=a'b$(touch%20x)`y`\"c\"|;*";
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(text(client.fetch(range(href))) == stand.content(offset, size));
  std::ifstream file(runs);
  const std::string lines((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(lines, href + "\n");
  EXPECT_EQ(client.tally().refreshed, 1U);
}

TEST(RangeFaults, ASigningCommandThatFailsSaysSo) {
  const S3Stand stand({"--fault", "denied"});
  NetOptions options = quick();
  options.sign_command = "echo not allowed to >&2; exit 3 #";
  RangeClient client(options);
  const RangeFailure failure = failure_of(client, range(stand.url("bucket/a.tif")));
  EXPECT_EQ(int(failure.kind()), int(Kind::denied));
  EXPECT_THAT(failure.what(), HasSubstr("no other could be made: "));
  EXPECT_THAT(failure.what(), HasSubstr("exit code 3: not allowed to"));
}

TEST(RangeFaults, AFreshUrlThatIsRefusedTooIsTheEnd) {
  const S3Stand stand({"--fault", "denied"});
  NetOptions options = quick();
  options.sign_command = "echo " + stand.url("bucket/a.tif") + " #";
  RangeClient client(options);
  EXPECT_EQ(int(failure_of(client, range(stand.url("bucket/old.tif"))).kind()), int(Kind::denied));
  EXPECT_EQ(stand.requests(), 2);
}

}  // namespace
}  // namespace cubemill
