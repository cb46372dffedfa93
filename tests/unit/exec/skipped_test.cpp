#include "exec/skipped.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cubemill/base/error.hpp"
#include "cubemill/net/range_client.hpp"
#include "exec/chunk_reader.hpp"
#include "exec/report_parts.hpp"

namespace cubemill {
namespace {

std::string failure_of(std::size_t skipped, std::size_t all, const char* limit) {
  Recipe recipe;
  if (*limit) recipe.max_skipped = parse_skip_limit(limit);
  std::vector<SkippedScene> scenes;
  for (std::size_t i = 0; i < skipped; ++i)
    scenes.push_back({"s" + std::to_string(i), "red", "/d/red.tif", "/d/red.tif: is gone", {}});
  try {
    check_skipped(scenes, all, recipe);
  } catch (const IoError& error) {
    return error.what();
  }
  return "";
}

TEST(CheckSkipped, AllowsAsManyAsTheLimitSays) {
  EXPECT_EQ(failure_of(11, 12, ""), "");
  EXPECT_EQ(failure_of(0, 12, "0"), "");
  EXPECT_EQ(failure_of(2, 12, "2"), "");
  EXPECT_NE(failure_of(3, 12, "2"), "");
  EXPECT_EQ(failure_of(3, 12, "25%"), "") << "exactly";
  EXPECT_NE(failure_of(4, 12, "25%"), "");
  EXPECT_EQ(failure_of(2, 11, "25%"), "");
  EXPECT_NE(failure_of(3, 11, "25%"), "");
  EXPECT_EQ(failure_of(7, 10, "70%"), "") << "0.7 × 10 is less than 7 in binary";
  EXPECT_NE(failure_of(1, 12, "0%"), "");
}

TEST(CheckSkipped, AllowsNoRunWithoutAScene) {
  const std::string named =
      " no scene is left, all 2 are unreadable: s0 (red): /d/red.tif: is gone; "
      "s1 (red): /d/red.tif: is gone";
  EXPECT_EQ(failure_of(2, 2, ""), "--on-error skip:" + named);
  EXPECT_EQ(failure_of(2, 2, "1"), "--max-skipped:" + named);
}

TEST(CheckSkipped, NamesTheFirstAndWhy) {
  EXPECT_EQ(
      failure_of(1, 12, "0"),
      "--max-skipped: more than 0 of 12 scenes are unreadable: s0 (red): /d/red.tif: is gone");
  EXPECT_EQ(
      failure_of(4, 12, "1"),
      "--max-skipped: more than 1 of 12 scenes are unreadable: s0 (red): /d/red.tif: is gone; "
      "s1 (red): /d/red.tif: is gone; s2 (red): /d/red.tif: is gone; …");
}

const RangeFailure throttled("s3://b/red.tif", "status 503", RangeFailure::Kind::exhausted, 503, 10,
                             "bytes 0-99");

TEST(FailureDetails, AreThoseOfARange) {
  const FailureDetails details = details_of(throttled);
  EXPECT_EQ(details.range, "bytes 0-99");
  EXPECT_EQ(details.status, 503);
  EXPECT_EQ(details.attempts, 10);
}

TEST(FailureDetails, AreNoneOfOtherFailures) {
  const FailureDetails details = details_of(IoError("/d/red.tif", "is gone"));
  EXPECT_EQ(details.range, "");
  EXPECT_EQ(details.status, 0);
  EXPECT_EQ(details.attempts, 0);
}

TEST(FailureDetails, SurviveThatTheSceneIsNamed) {
  const SceneError error(throttled, 3, "red", "s3://b/red.tif");
  EXPECT_EQ(error.failure().status, 503);
}

TEST(SkippedJson, IsReadBackAsItWas) {
  const SkippedScene scene{"s", "red", "s3://b/red.tif", "status 503", details_of(throttled)};
  const Json json = skipped_json(scene);
  EXPECT_EQ(json.dump(),
            R"({"item":"s","asset":"red","href":"s3://b/red.tif","reason":"status 503",)"
            R"("range":"bytes 0-99","status":503,"attempts":10})");
  EXPECT_EQ(skipped_json(skipped_from(json)), json);
}

TEST(SkippedJson, SaysNothingOfTriesThatAreNotKnown) {
  const Json json = skipped_json({"s", "red", "/red.tif", "is gone", {}});
  EXPECT_EQ(json.size(), 4u);
  EXPECT_EQ(skipped_json(skipped_from(json)), json);
}

}  // namespace
}  // namespace cubemill
