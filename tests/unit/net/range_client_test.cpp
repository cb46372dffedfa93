// The client without faults: ranges, headers, addresses, signatures, tally.
#include "cubemill/net/range_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>

#include "tools/s3_stand/s3_stand.hpp"

namespace cubemill {
namespace {

using test::S3Stand;

std::string text(const RangeAnswer& answer) {
  return {reinterpret_cast<const char*>(answer.bytes.get()), answer.size};
}

TEST(RangeClient, GivesTheBytesOfARange) {
  const S3Stand stand;
  RangeClient client{NetOptions{}};
  const RangeAnswer answer =
      client.fetch({.href = "s3://bucket/a.tif", .offset = 1000, .size = 70'000});
  EXPECT_EQ(text(answer), stand.content(1000, 70'000));
  EXPECT_EQ(answer.object_size, S3Stand::object_bytes);
  EXPECT_FALSE(answer.etag.empty());
  EXPECT_EQ(answer.attempts, 1);
}

TEST(RangeClient, GivesTheFirstAndTheLastByte) {
  const S3Stand stand;
  RangeClient client{NetOptions{}};
  const std::size_t last = S3Stand::object_bytes - 1;
  EXPECT_EQ(text(client.fetch({.href = "s3://bucket/a.tif", .size = 1})), stand.content(0, 1));
  EXPECT_EQ(text(client.fetch({.href = "s3://bucket/a.tif", .offset = last, .size = 1})),
            stand.content(last, 1));
  EXPECT_EQ(text(client.fetch({.href = "s3://bucket/a.tif", .size = last + 1})), stand.content());
}

TEST(RangeClient, AnswersARangeOfNothingAtOnce) {
  const S3Stand stand;
  RangeClient client{NetOptions{}};
  EXPECT_EQ(client.fetch({.href = "s3://bucket/a.tif"}).size, 0U);
  EXPECT_EQ(stand.requests(), 0);
}

TEST(RangeClient, GivesLessOnlyWhereTheRangeMayBeShorter) {
  const S3Stand stand;
  stand.add("bucket/small", "0123456789");
  RangeClient client{NetOptions{}};
  const RangeAnswer header =
      client.fetch({.href = "s3://bucket/small", .offset = 4, .size = 100, .may_be_shorter = true});
  EXPECT_EQ(text(header), "456789");
  EXPECT_EQ(header.object_size, 10U);
  const RangeAnswer beyond =
      client.fetch({.href = "s3://bucket/small", .offset = 10, .size = 5, .may_be_shorter = true});
  EXPECT_EQ(beyond.size, 0U);
  EXPECT_EQ(beyond.object_size, 10U);
  try {
    client.fetch({.href = "s3://bucket/small", .offset = 4, .size = 100});
    FAIL() << "a range beyond the end was answered";
  } catch (const RangeFailure& failure) {
    EXPECT_EQ(failure.kind(), RangeFailure::Kind::unusable);
    EXPECT_THAT(failure.what(),
                testing::HasSubstr("beyond the end of the object, which has 10 bytes"));
  }
}

TEST(RangeClient, AnswersManyRangesEachWithItsOwnBytes) {
  const S3Stand stand;
  RangeClient client{NetOptions{}};
  constexpr int ranges = 2000;
  std::mutex mutex;
  std::condition_variable done;
  int answered = 0, right = 0;
  for (int i = 0; i < ranges; ++i) {
    const std::size_t offset = std::size_t(i) * 1400, size = 1 + std::size_t(i) % 5000;
    client.ask({.href = "s3://bucket/a.tif", .offset = offset, .size = size},
               [&, offset, size](RangeAnswer&& answer, std::exception_ptr failure) {
                 const bool is_right = !failure && text(answer) == stand.content(offset, size);
                 const std::lock_guard lock(mutex);
                 right += is_right;
                 if (++answered == ranges) done.notify_one();
               });
  }
  std::unique_lock lock(mutex);
  done.wait(lock, [&] { return answered == ranges; });
  EXPECT_EQ(right, ranges);
  const NetTally tally = client.tally();
  EXPECT_EQ(tally.ranges, std::uint64_t(ranges));
  EXPECT_EQ(tally.requests - tally.hedges, std::uint64_t(ranges));
  EXPECT_EQ(tally.retries, 0U);
  EXPECT_GT(tally.peak_in_flight, 8U);
  EXPECT_LE(tally.peak_in_flight, 64U);
  EXPECT_GE(tally.bytes, 2'001'000U);
  ASSERT_EQ(tally.places.size(), 1U);
  EXPECT_EQ(tally.places.at("s3://bucket").requests, tally.requests);
  EXPECT_EQ(tally.places.at("s3://bucket").bytes, tally.bytes);
  EXPECT_GT(tally.nanoseconds_cpu, 0U);
  EXPECT_GT(client.usual_seconds(), 0);
  // Connections are kept.
  EXPECT_LE(stand.stats().at("connections").get<int>(), 100);
}

TEST(RangeClient, SignsKeysOfEveryKindOfName) {
  S3Stand stand({"--key", "AK:SK:TOKEN"});
  stand.environment.set("AWS_ACCESS_KEY_ID", "AK");
  stand.environment.set("AWS_SECRET_ACCESS_KEY", "SK");
  stand.environment.set("AWS_SESSION_TOKEN", "TOKEN");
  stand.environment.set("AWS_REGION", "us-west-2");
  RangeClient client{NetOptions{}};
  for (const std::string key :
       {"plain.tif", "a folder/with blanks.tif", "plus+plus.tif", "100%.tif", "per%20cent",
        "überall/日本.tif", "(it's)!*~.tif", "a=b&c;d,e@f$g:h", "x/../y", "./z", "double//slash"}) {
    const std::string stored = key == "x/../y" ? "y" : key == "./z" ? "z" : key;
    stand.add("bucket/" + stored, "content of " + key);
    EXPECT_EQ(text(client.fetch({.href = "s3://bucket/" + key, .offset = 11, .size = key.size()})),
              key);
  }
  EXPECT_EQ(stand.count("unsigned"), 0);
}

TEST(RangeClient, SendsUnsignedWithoutCredentialsAndWhereItIsToldSo) {
  S3Stand stand({"--key", "AK:SK", "--public", "bucket"});
  EXPECT_EQ(RangeClient{NetOptions{}}.fetch({.href = "s3://bucket/a.tif", .size = 9}).size, 9U);
  stand.environment.set("AWS_ACCESS_KEY_ID", "AK");
  stand.environment.set("AWS_SECRET_ACCESS_KEY", "SK");
  EXPECT_EQ(
      RangeClient{NetOptions{.sign = false}}.fetch({.href = "s3://bucket/a.tif", .size = 9}).size,
      9U);
  EXPECT_EQ(stand.count("signed"), 0);
  EXPECT_EQ(RangeClient{NetOptions{}}.fetch({.href = "s3://bucket/a.tif", .size = 9}).size, 9U);
  EXPECT_EQ(stand.count("signed"), 1);
  stand.environment.set("AWS_NO_SIGN_REQUEST", "YES");
  EXPECT_EQ(RangeClient{NetOptions{}}.fetch({.href = "s3://bucket/a.tif", .size = 9}).size, 9U);
  EXPECT_EQ(stand.count("signed"), 1);
}

TEST(RangeClient, PaysWhereTheRequesterPays) {
  S3Stand stand({"--key", "AK:SK", "--requester-pays", "bucket"});
  stand.environment.set("AWS_ACCESS_KEY_ID", "AK");
  stand.environment.set("AWS_SECRET_ACCESS_KEY", "SK");
  EXPECT_THROW(RangeClient{NetOptions{}}.fetch({.href = "s3://bucket/a.tif", .size = 9}),
               RangeFailure);
  const NetOptions for_bucket{.requester_pays_buckets = {"bucket"}};
  EXPECT_EQ(RangeClient{for_bucket}.fetch({.href = "s3://bucket/a.tif", .size = 9}).size, 9U);
  const NetOptions for_other{.requester_pays_buckets = {"other"}};
  EXPECT_THROW(RangeClient{for_other}.fetch({.href = "s3://bucket/a.tif", .size = 9}),
               RangeFailure);
  stand.environment.set("AWS_REQUEST_PAYER", "requester");
  EXPECT_EQ(RangeClient{NetOptions{}}.fetch({.href = "s3://bucket/a.tif", .size = 9}).size, 9U);
  const NetOptions for_none{.requester_pays = false};
  EXPECT_THROW(RangeClient{for_none}.fetch({.href = "s3://bucket/a.tif", .size = 9}), RangeFailure)
      << "options come before the environment";
}

TEST(RangeClient, SaysWhichRangeItCouldNotGet) {
  const S3Stand stand;
  try {
    RangeClient{NetOptions{}}.fetch({.href = "s3://bucket/gone.tif", .offset = 100, .size = 50});
    FAIL() << "there is no such object";
  } catch (const RangeFailure& failure) {
    EXPECT_EQ(failure.range(), "bytes 100-149");
    EXPECT_EQ(failure.status(), 404);
  }
}

TEST(NetClient, IsMadeAnewWithOtherOptions) {
  S3Stand stand({"--key", "AK:SK"});
  stand.environment.set("AWS_ACCESS_KEY_ID", "AK");
  stand.environment.set("AWS_SECRET_ACCESS_KEY", "SK");
  const RangeRequest range{.href = "s3://bucket/a.tif", .size = 9};
  initialise_net({.sign = false});
  EXPECT_THROW(net_client().fetch(range), RangeFailure);
  initialise_net({});
  EXPECT_EQ(net_client().fetch(range).size, 9U);
  EXPECT_EQ(&net_client(), &net_client());
}

TEST(RangeClient, SendsUrlsByteByByteAsTheyAre) {
  const S3Stand stand;
  RangeClient client{NetOptions{}};
  const std::string query = "X-Amz-Signature=AbC%2f%2Fd+e%20&x=/../y&se=2026-01-01T00%3A00%3A00Z&z";
  client.fetch({.href = stand.url("bucket/a.tif") + "?" + query, .size = 10});
  EXPECT_EQ(stand.log().at(0).at("query"), query);
}

TEST(RangeClient, SendsABlankInAUrlAsItMustBe) {
  const S3Stand stand;
  stand.add("bucket/a b.tif", "0123456789");
  RangeClient client{NetOptions{}};
  EXPECT_EQ(text(client.fetch({.href = stand.url("bucket/a b.tif"), .offset = 3, .size = 4})),
            "3456");
}

TEST(RangeClient, RefusesWhatIsNotOnTheNetwork) {
  RangeClient client{NetOptions{}};
  EXPECT_THROW(client.fetch({.href = "/a/file.tif", .size = 1}), InvalidInput);
  EXPECT_THROW(client.fetch({.href = "s3://bucket", .size = 1}), InvalidInput);
}

TEST(RangeClient, EndsWithinAMomentWhileAServerStalls) {
  const S3Stand stand({"--fault", "stall_early:rate=1"});
  std::atomic<bool> called = false;
  const auto begin = std::chrono::steady_clock::now();
  {
    RangeClient client{NetOptions{}};
    for (int i = 0; i < 100; ++i)
      client.ask({.href = "s3://bucket/a.tif", .offset = std::uint64_t(i), .size = 9},
                 [&](RangeAnswer&&, std::exception_ptr) { called = true; });
    while (stand.stats().at("inflight").get<int>() == 0) {
    }
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  EXPECT_FALSE(called);
}

TEST(RangeClient, OfTheProcessIsOneAndHasTheOptionsGivenLast) {
  S3Stand stand;
  initialise_net({.connections = 3});
  EXPECT_EQ(&net_client(), &net_client());
  EXPECT_EQ(net_client().room(), 3);
  EXPECT_EQ(net_client().fetch({.href = "s3://bucket/a.tif", .size = 7}).size, 7U);
  initialise_net({.connections = 5});
  EXPECT_EQ(net_client().room(), 5);
  EXPECT_EQ(net_client().tally().requests, 0U);
}

std::atomic<int> answered = 0;

// For a while after libraries have taken themselves apart: requests that are still sent show it.
void wait_for_answers() {
  const int enough = answered + 50;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  while (answered < enough && std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

[[noreturn]] void exit_while_much_is_asked_for() {
  initialise_net({});
  std::atexit(wait_for_answers);  // before libcurl is there, so after it and OpenSSL at the end
  for (int i = 0; i < 2000; ++i)
    net_client().ask({.href = "s3://bucket/a.tif", .offset = std::uint64_t(i), .size = 9},
                     [](RangeAnswer&&, std::exception_ptr) { ++answered; });
  while (answered < 20) std::this_thread::yield();
  std::exit(0);
}

// Signing uses OpenSSL, which takes itself apart when a process exits.
TEST(NetClientDeathTest, EndsBeforeTheLibrariesThatItUses) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  S3Stand stand({"--key", "AK:SK"});
  stand.environment.set("AWS_ACCESS_KEY_ID", "AK");
  stand.environment.set("AWS_SECRET_ACCESS_KEY", "SK");
  EXPECT_EXIT(exit_while_much_is_asked_for(), ::testing::ExitedWithCode(0), "");
}

TEST(RangeClient, KnowsWhichHrefsAreItsOwn) {
  EXPECT_TRUE(is_remote("s3://bucket/key"));
  EXPECT_TRUE(is_remote("https://host/path"));
  EXPECT_TRUE(is_remote("HTTP://host/path"));
  EXPECT_FALSE(is_remote("/data/a.tif"));
  EXPECT_FALSE(is_remote("file:///data/a.tif"));
  EXPECT_FALSE(is_remote("https.tif"));
}

}  // namespace
}  // namespace cubemill
