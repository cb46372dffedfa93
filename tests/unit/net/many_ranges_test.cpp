// Many requests together: how many are in flight, what is asked for twice, when all is given up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>

#include "unit/net/range_fixture.hpp"

namespace cubemill {
namespace {

using namespace test_ranges;
using std::chrono::milliseconds;
using test::S3Stand;
using testing::HasSubstr;

// Asks for many ranges and waits; how many were right, and how many failed.
struct Outcome {
  int right = 0, failed = 0;
  std::string last;
};

Outcome ask_for_many(RangeClient& client, const S3Stand& stand, int ranges) {
  std::mutex mutex;
  std::condition_variable done;
  Outcome outcome;
  int wrong = 0;
  for (int i = 0; i < ranges; ++i) {
    const std::size_t at = std::size_t(i) * 5000, bytes = 20'000;
    client.ask({.href = "s3://bucket/a.tif", .offset = at, .size = bytes},
               [&, at](RangeAnswer&& answer, std::exception_ptr failure) {
                 const std::lock_guard lock(mutex);
                 if (failure) {
                   ++outcome.failed;
                   try {
                     std::rethrow_exception(failure);
                   } catch (const std::exception& error) {
                     outcome.last = error.what();
                   }
                 } else {
                   ++(text(answer) == stand.content(at, bytes) ? outcome.right : wrong);
                 }
                 if (outcome.failed + outcome.right + wrong == ranges) done.notify_one();
               });
  }
  std::unique_lock lock(mutex);
  done.wait(lock, [&] { return outcome.failed + outcome.right + wrong == ranges; });
  return outcome;
}

TEST(ManyRanges, ABadDayIsSurvived) {
  const S3Stand stand;
  stand.faults(
      "slowdown:rate=0.1\nerror:rate=0.03,status=500\nreset:rate=0.03\ntruncate:rate=0.03\n"
      "reset_early:rate=0.03\nstall:rate=0.01,s=60\nstall_early:rate=0.01,s=60\nshort:rate=0.02\n"
      "otherrange:rate=0.02\nfullbody:rate=0.02\nempty:rate=0.01\nhtml:rate=0.01");
  NetOptions options = quick();
  options.stall = milliseconds(1500);
  options.attempts = 10;
  RangeClient client(options);
  const Outcome outcome = ask_for_many(client, stand, 590);
  EXPECT_EQ(outcome.right, 590) << outcome.last;
  EXPECT_GT(client.tally().retries, 50U);
  EXPECT_GT(client.tally().throttled, 20U);
}

TEST(ManyRanges, ADeadServerIsNotAskedForEver) {
  const S3Stand stand({"--fault", "error:status=500"});
  NetOptions options = quick();
  options.attempts = 100;
  RangeClient client(options);
  const Outcome outcome = ask_for_many(client, stand, 590);
  EXPECT_EQ(outcome.failed, 590);
  EXPECT_LE(client.tally().requests, 590U + 500U);
  EXPECT_THAT(outcome.last, HasSubstr("too many requests of this run have failed"));
}

TEST(ManyRanges, FewerRequestsAreInFlightWhenAServerAsksForIt) {
  const S3Stand stand({"--max-inflight", "4", "--ttfb", "20"});
  NetOptions options = quick();
  options.attempts = 50;
  options.backoff = milliseconds(20);
  RangeClient client(options);
  EXPECT_EQ(client.room(), 32);
  const Outcome outcome = ask_for_many(client, stand, 200);
  EXPECT_EQ(outcome.right, 200) << outcome.last;
  EXPECT_GT(client.tally().throttled, 0U);
  EXPECT_LT(client.room(), 32);
}

TEST(ManyRanges, MoreRequestsAreInFlightWhereAServerBearsIt) {
  const S3Stand stand({"--ttfb", "20"});
  NetOptions options = quick();
  options.connections = 64;
  RangeClient client(options);
  EXPECT_EQ(client.room(), 32);
  EXPECT_EQ(ask_for_many(client, stand, 400).right, 400);
  EXPECT_GT(client.room(), 48);
  EXPECT_LE(client.room(), 64);
  EXPECT_LE(client.tally().peak_in_flight, 72U);
}

TEST(ManyRanges, ASlowRequestIsAskedForAgainBesideIt) {
  const S3Stand stand;
  stand.faults("stall_early:key=slow.tif,attempts=1\nstall:key=slower.tif,attempts=1");
  stand.add("bucket/slow.tif", stand.content());
  stand.add("bucket/slower.tif", stand.content());
  NetOptions options = quick();
  options.stall = std::chrono::seconds(30);
  RangeClient client(options);
  ASSERT_EQ(ask_for_many(client, stand, 300).right, 300);
  const std::uint64_t before = client.tally().hedges;
  for (const char* href : {"s3://bucket/slow.tif", "s3://bucket/slower.tif"}) {
    const auto begin = std::chrono::steady_clock::now();
    const RangeAnswer answer = client.fetch(range(href));
    EXPECT_TRUE(text(answer) == stand.content(offset, size));
    EXPECT_EQ(answer.attempts, 1);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15));
  }
  EXPECT_GE(client.tally().hedges, before + 2);
  EXPECT_EQ(client.tally().retries, 0U);
}

}  // namespace
}  // namespace cubemill
