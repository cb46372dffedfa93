#include "exec/run_identity.hpp"

#include <gmock/gmock.h>

#include <functional>

#include "unit/io/spill_fixture.hpp"
#include "unit/plan/plan_fixture.hpp"

namespace cubemill::testing_plan {
namespace {

/// A run of two scenes whose rasters are files of a few bytes.
class RunIdentityIn : public spill_test::SpillIn {
 protected:
  RunIdentityIn() {
    const GeoBox source = grid("EPSG:32718", 30, 299715, 8500305, 200, 200);
    surveyed.survey =
        survey_of({{"2021-05-01T15:00:00Z", source}, {"2021-06-17T15:00:00Z", source}});
    for (std::size_t s = 0; s < 2; ++s)
      for (SceneInput& in : surveyed.survey.surveyed[s].inputs) {
        in.href = path(std::to_string(s) + in.asset + ".tif");
        std::ofstream(in.href) << "bytes";
      }
    request.recipe.sources = {"/items"};
    request.recipe.period = PeriodKind::month;
    request.options = {{"period", {"month"}}, {"resampling", {"nearest"}}};
    plan = make_plan(surveyed.survey, request.recipe, {1u << 30, 2, Order::automatic},
                     grid("EPSG:32718", 30, 300015, 8500005, 100, 80), {});
  }
  SceneInput& input(std::size_t scene, std::size_t i) {
    return surveyed.survey.surveyed[scene].inputs[i];
  }
  Json identity() const { return run_identity(request, surveyed, plan, left_out); }
  /// As a later process reads it, of what has changed since.
  std::string change(const std::function<void()>& what) {
    const Json before = Json::parse(identity().dump());
    what();
    return first_difference(before, identity()).value_or("nothing");
  }

  CompositeRequest request;
  SurveyResult surveyed;
  Plan plan;
  std::vector<SkippedScene> left_out;
};

TEST_F(RunIdentityIn, IsTheSameForTheSameRun) {
  input(0, 1).numbers.nodata = std::numeric_limits<double>::quiet_NaN();
  left_out = {{"scene2", "nir", "/data/nir.tif", "cannot be read", {}}};
  EXPECT_EQ(change([] {}), "nothing");
  EXPECT_EQ(change([&] {
              request.limits = {1u << 29, 7, Order::scene};
              request.checkpoint_seconds = 1, request.spill_folder = "/elsewhere";
              request.backend = BackendChoice::cpu;
            }),
            "nothing")
      << "limits change no bit of a result";
}

TEST_F(RunIdentityIn, NamesTheOptionThatChanged) {
  EXPECT_EQ(change([&] { request.options["resampling"] = {"cubic"}; }),
            R"(options, resampling: was ["nearest"], is ["cubic"])");
  EXPECT_EQ(change([&] { request.options["where"] = {"eo:cloud_cover<20"}; }),
            R"(options, where: was null, is ["eo:cloud_cover<20"])");
  EXPECT_EQ(change([&] { request.options.erase("period"); }),
            R"(options, period: was ["month"], is null)");
  EXPECT_EQ(change([&] { request.recipe.sources = {"/others"}; }),
            R"(sources: was ["/items"], is ["/others"])");
}

TEST_F(RunIdentityIn, NamesTheVersionThatChanged) {
  Json before = identity(), now = before;
  ASSERT_FALSE(before["versions"].empty());
  const std::string name = before["versions"].items().begin().key();
  before["versions"][name] = "0.0.1";
  EXPECT_EQ(first_difference(before, now),
            "versions, " + name + ": was \"0.0.1\", is " + now["versions"][name].dump());
}

TEST_F(RunIdentityIn, NamesTheInputThatChanged) {
  const std::string href = input(1, 2).href;
  const std::string where = "scenes, scene1, inputs, " + href;
  EXPECT_EQ(change([&] { std::ofstream(href) << "more bytes"; }), where + ", bytes: was 5, is 10");
  EXPECT_THAT(change([&] {
                using namespace std::chrono_literals;
                std::filesystem::last_write_time(
                    href, std::filesystem::last_write_time(href) - std::chrono::nanoseconds(1000));
              }),
              testing::StartsWith(where + ", modified: was "));
  EXPECT_THAT(change([&] { input(1, 2).numbers.scale = 1.0; }),
              testing::StartsWith(where + ", scale: was 2.75e-"));
  EXPECT_EQ(change([&] { input(1, 2).numbers.nodata = 7; }),
            where + ", nodata: was \"0\", is \"7\"");
  EXPECT_THAT(change([&] { input(1, 2).valid_range = {}; }),
              testing::StartsWith(where + ", valid_range: was [7273.0,43636.0], is null"));
  EXPECT_THAT(change([&] { input(1, 2).band = 3; }),
              testing::StartsWith(where + ", band: was 1, is 3"));
}

TEST_F(RunIdentityIn, NamesTheRasterThatIsAnother) {
  const std::string was = input(0, 1).href, is = path("another.tif");
  std::ofstream(is) << "bytes";
  EXPECT_EQ(change([&] { input(0, 1).href = is; }),
            "scenes, scene0, inputs: was " + was + ", is " + is);
}

TEST_F(RunIdentityIn, IsTheSameWhenHrefsAreSignedAnew) {
  input(0, 1).remote = true;  // nothing more is asked of it
  input(0, 1).href = "https://127.0.0.1:1/red.tif?sig=first";
  EXPECT_EQ(change([&] { input(0, 1).href = "https://127.0.0.1:1/red.tif?sig=second"; }),
            "nothing");
  EXPECT_EQ(identity().dump().find("second"), std::string::npos);
}

TEST_F(RunIdentityIn, NamesTheSceneThatIsAnotherAndCountsThoseThatCame) {
  EXPECT_EQ(change([&] { surveyed.survey.scenes[1].id = "scene9"; }),
            "scenes: was scene1, is scene9");
  EXPECT_EQ(change([&] { surveyed.survey.surveyed.push_back(surveyed.survey.surveyed[1]); }),
            "scenes: were 2, are 3");
  EXPECT_EQ(change([&] { surveyed.survey.surveyed.pop_back(); }), "scenes: were 3, are 2");
}

TEST_F(RunIdentityIn, NamesTheGridAndTheFlags) {
  EXPECT_THAT(change([&] { plan.grid.width = 101; }), testing::HasSubstr("grid, shape: was "));
  EXPECT_EQ(change([&] { surveyed.survey.qa.keep_mask = 4; }), "flags, keep: was [0,0], is [4,0]");
}

TEST_F(RunIdentityIn, SaysWhichSceneIsLeftOut) {
  left_out = {{"a", "nir", "/a.tif", "r", {}}};
  EXPECT_EQ(change([&] { left_out[0].href = "/b.tif"; }), "left_out: was /a.tif, is /b.tif");
  EXPECT_THAT(change([&] { left_out.clear(); }), testing::StartsWith("left_out: was [{"));
}

TEST_F(RunIdentityIn, KnowsNoAgeOfAnInputThatIsNoFile) {
  std::filesystem::remove(input(1, 0).href);  // GDAL opens what is no file, too
  const Json now = identity();
  const Json& in = now["scenes"][1]["inputs"][0];
  EXPECT_EQ(in["bytes"], 0);
  EXPECT_EQ(in["modified"], 0);
}

}  // namespace
}  // namespace cubemill::testing_plan
