#include "exec/reports.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exec/report_parts.hpp"
#include "unit/plan/plan_fixture.hpp"

namespace cubemill::testing_plan {
namespace {

using testing::HasSubstr;

/// What a run of two scenes would report; one scene was skipped, one lies outside.
struct Facts {
  explicit Facts(const GeoBox& output = grid("EPSG:32718", 30, 300015, 8500005, 100, 80)) {
    survey.survey =
        survey_of({{"2021-05-01T15:00:00Z", grid("EPSG:32718", 30, 299715, 8500305, 200, 200)},
                   {"2021-05-17T15:00:00Z", grid("EPSG:32718", 30, 600015, 8300005, 100, 100)},
                   {"2021-06-17T15:00:00Z", grid("EPSG:32718", 30, 299715, 8500305, 200, 200)}});
    survey.survey.surveyed.pop_back();
    for (Scene& s : survey.survey.scenes) s.self_href = "/items/" + s.id + ".json";
    survey.survey.masked_flags = {"cloud"};
    survey.skipped = {{"scene2", "nir", "/data/nir.tif", "cannot be read", {}}};
    request.recipe.sources = {"/items"};
    request.recipe.period = PeriodKind::month;
    request.options = {{"period", {"month"}}};
    plan = make_plan(survey.survey, request.recipe, {1u << 30, 2, Order::automatic}, output, {});
    tally.read.flags_seen = 200, tally.read.flags_masked = 50, tally.read.blocks_decoded = 3;
    for (OutputFile& f : output_files(plan, survey.survey, request.recipe, Compression::deflate)) {
      f.statistics.resize(f.spec.bands.size());
      f.statistics[4] = {-0.5, 0.75, 0.25, 0.1, 4000, 8000};
      files.push_back(std::move(f));
    }
  }
  RunFacts facts() const {
    return {request,
            survey,
            catalog,
            plan,
            tally,
            files,
            {{"run", 2.0}, {"plan", 1.0}, {"run", 0.5}},
            123456,
            {false, "avx2", "as asked"}};
  }

  CompositeRequest request;
  SurveyResult survey;
  CatalogCounts catalog;
  Plan plan;
  RunTally tally;
  std::vector<OutputFile> files;
};

TEST(Report, HoldsTheRecipeTheGridAndWhatBecameOfEveryScene) {
  const Facts f;
  const Json r = Json::parse(report_json(f.facts()));
  EXPECT_EQ(r["recipe"]["sources"], Json({"/items"}));
  EXPECT_EQ(r["recipe"]["options"]["period"], Json({"month"}));
  EXPECT_EQ(r["grid"]["crs"], "EPSG:32718");
  EXPECT_EQ(r["grid"]["transform"], Json({30, 0, 300015, 0, -30, 8500005}));
  EXPECT_EQ(r["grid"]["shape"], Json({80, 100}));
  ASSERT_EQ(r["scenes"].size(), 3u);
  EXPECT_EQ(r["scenes"][0]["id"], "scene0");
  EXPECT_EQ(r["scenes"][0]["datetime"], "2021-05-01T15:00:00Z");
  EXPECT_EQ(r["scenes"][0]["observation"], "2021-05-01");
  EXPECT_EQ(r["scenes"][0]["status"], "used");
  EXPECT_EQ(r["scenes"][1]["status"], "outside");
  EXPECT_EQ(r["scenes"][2]["status"], "skipped");
  EXPECT_EQ(r["skipped"][0]["item"], "scene2");
  EXPECT_EQ(r["skipped"][0]["asset"], "nir");
  EXPECT_EQ(r["skipped"][0]["href"], "/data/nir.tif");
  EXPECT_EQ(r["skipped"][0]["reason"], "cannot be read");
}

TEST(Report, SaysWhereTheAssetsLie) {
  Facts f;
  auto& scenes = f.survey.survey.surveyed;
  ASSERT_EQ(scenes.size(), 2u);
  for (SceneInput& in : scenes[0].inputs) in.href = "s3://b/" + in.asset + ".tif";
  for (SceneInput& in : scenes[1].inputs) in.href = "https://h/two_bands.tif?sig=secret";
  const Json r = Json::parse(report_json(f.facts()));
  const Json expected = {{{"place", "https://h"}, {"assets", 1}},
                         {{"place", "s3://b"}, {"assets", scenes[0].inputs.size()}}};
  EXPECT_EQ(r["assets"], expected);
  const CatalogCounts counts;
  EXPECT_EQ(Json::parse(plan_json(f.request, f.survey, counts, f.plan))["assets"], expected);
  EXPECT_THAT(plan_table(f.request, f.survey, counts, f.plan),
              testing::Contains("assets        1 in https://h, " +
                                std::to_string(scenes[0].inputs.size()) + " in s3://b"));
}

TEST(Report, AndPlanAndItemHoldNoSecret) {
  Facts f;
  f.request.recipe.sources = {"https://h/items.json?sig=secret"};
  f.request.options["href-replace"] = {"s3://b=https://me:secret@h"};
  for (Scene& s : f.survey.survey.scenes) s.self_href = "https://h/a.json?token=secret";
  const std::string plan = plan_json(f.request, f.survey, f.catalog, f.plan);
  for (const std::string& text : {report_json(f.facts()), item_json(f.facts()), plan}) {
    EXPECT_THAT(text, testing::Not(HasSubstr("secret")));
    EXPECT_THAT(text, HasSubstr("…"));
  }
}

TEST(Report, SaysWhichBackendAndWhy) {
  const Facts f;
  const Json r = Json::parse(report_json(f.facts()));
  EXPECT_EQ(r["backend"], Json({{"name", "cpu"}, {"device", "avx2"}, {"reason", "as asked"}}));
}

TEST(Report, HoldsWhatWasMeasured) {
  const Facts f;
  const Json r = Json::parse(report_json(f.facts()));
  EXPECT_EQ(r["masked_share"], 0.25);
  EXPECT_EQ(r["flags"], Json({"cloud"}));
  EXPECT_LT(r["coordinate_error_px"].get<double>(), 1e-7);
  EXPECT_EQ(r["memory"]["limit_bytes"], 1u << 30);
  EXPECT_EQ(r["memory"]["peak_bytes"], 123456);
  for (const char* name : {"blocks", "blocks_decoded", "bytes_read", "bytes_decoded", "requests"})
    EXPECT_TRUE(r["read"][name].is_number()) << name;
  EXPECT_EQ(r["read"]["blocks_decoded"], 3);
  EXPECT_EQ(r["seconds"]["run"], 2.5) << "a step that ran twice counts as a whole";
  EXPECT_TRUE(r["versions"].contains("cubemill"));
  ASSERT_EQ(r["scaling"].size(), 3u);
  EXPECT_EQ(r["scaling"][1]["band"], "red");
  EXPECT_EQ(r["scaling"][1]["scale"], 2.75e-5);
  EXPECT_EQ(r["scaling"][1]["valid_range"], Json({7273, 43636}));
  EXPECT_EQ(r["scaling"][1]["scenes"], 2);
}

TEST(Report, HasNoMaskedShareWithoutFlags) {
  Facts f;
  f.tally.read.flags_seen = f.tally.read.flags_masked = 0;
  EXPECT_TRUE(Json::parse(report_json(f.facts()))["masked_share"].is_null());
}

TEST(Item, DescribesTheResultInStac) {
  const Facts f;
  const Json item = Json::parse(item_json(f.facts()));
  EXPECT_EQ(item["type"], "Feature");
  EXPECT_EQ(item["stac_version"], "1.1.0");
  EXPECT_EQ(item["properties"]["proj:code"], "EPSG:32718");
  EXPECT_EQ(item["properties"]["proj:shape"], Json({80, 100}));
  EXPECT_EQ(item["properties"]["start_datetime"], "2021-05-01T15:00:00Z");
  EXPECT_EQ(item["properties"]["end_datetime"], "2021-05-01T15:00:00Z")
      << "of the scenes that were used";
  ASSERT_EQ(item["links"].size(), 1u) << "one scene was used";
  EXPECT_EQ(item["links"][0]["rel"], "derived_from");
  EXPECT_EQ(item["links"][0]["href"], "/items/scene0.json");
  const Json& bands = item["assets"]["ndvi_mean"]["bands"];
  ASSERT_EQ(bands.size(), 12u);
  EXPECT_EQ(bands[4]["name"], "05");
  EXPECT_EQ(bands[4]["data_type"], "float32");
  EXPECT_EQ(bands[4]["statistics"]["mean"], 0.25);
  EXPECT_EQ(bands[4]["statistics"]["valid_percent"], 50.0);
  EXPECT_FALSE(bands[0]["statistics"].contains("mean")) << "nothing there";
  EXPECT_EQ(item["assets"]["ndvi_count"]["href"], "./ndvi_count.tif");
}

TEST(Item, HasAFootprintThatRunsAgainstTheClockAndIsClosed) {
  const Facts f;
  const Json item = Json::parse(item_json(f.facts()));
  const Json& ring = item["geometry"]["coordinates"][0];
  EXPECT_EQ(ring.front(), ring.back());
  double area = 0;
  for (std::size_t i = 1; i < ring.size(); ++i)
    area += ring[i - 1][0].get<double>() * ring[i][1].get<double>() -
            ring[i][0].get<double>() * ring[i - 1][1].get<double>();
  EXPECT_GT(area, 0);
  EXPECT_NEAR(item["bbox"][0].get<double>(), -76.84, 0.05);
  EXPECT_LT(item["bbox"][0].get<double>(), item["bbox"][2].get<double>());
  EXPECT_LT(item["bbox"][1].get<double>(), item["bbox"][3].get<double>());
}

TEST(Item, DoesNotDependOnLimitsClocksOrMemory) {
  const Facts a;
  Facts b;
  b.plan =
      make_plan(b.survey.survey, b.request.recipe, {300u << 20, 1, Order::scene}, a.plan.grid, {});
  b.tally.read.blocks_decoded = 99;
  RunFacts other = b.facts();
  other.peak_bytes = 1, other.seconds = {};
  EXPECT_EQ(item_json(a.facts()), item_json(other));
  b.request.options["period"] = {"year"};
  EXPECT_NE(Json::parse(item_json(a.facts()))["id"], Json::parse(item_json(b.facts()))["id"])
      << "another recipe has another name";
}

TEST(PlanReport, SaysTheSameAsJsonAndAsATable) {
  const Facts f;
  const Json j = Json::parse(plan_json(f.request, f.survey, f.catalog, f.plan));
  EXPECT_EQ(j["scenes"], 1);
  EXPECT_EQ(j["observations"], 1) << "those under the grid";
  EXPECT_EQ(j["tiles"], 12);
  EXPECT_EQ(j["estimated"], false);
  EXPECT_EQ(j["order"]["order"], "tile");
  EXPECT_EQ(j["lattices"][0]["offset_px"], Json({0, 0}))
      << "the sources lie on the output's lattice";
  std::string table;
  for (const std::string& line : plan_table(f.request, f.survey, f.catalog, f.plan))
    table += line + "\n";
  EXPECT_THAT(table, HasSubstr("EPSG:32718"));
  EXPECT_THAT(table, HasSubstr("dataset size"));
  EXPECT_THAT(table, HasSubstr("12 periods"));
  EXPECT_THAT(table, HasSubstr("cloud"));
}

TEST(Summary, NamesWhatWasSkipped) {
  const Facts f;
  std::string all;
  for (const std::string& line : summary_lines(f.facts(), "/out")) all += line + "\n";
  EXPECT_THAT(all, HasSubstr("skipped scene2: cannot be read"));
  EXPECT_THAT(all, HasSubstr("25.0 % of the observed pixels"));
  EXPECT_THAT(all, HasSubstr("/out"));
}

}  // namespace
}  // namespace cubemill::testing_plan
