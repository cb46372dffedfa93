// Surveys made by hand for the tests of the planner: scenes on given grids with a flag band and two
// bands.
#pragma once
#include <string>
#include <vector>

#include "cubemill/plan/plan.hpp"
#include "plan/plan_parts.hpp"

namespace cubemill::testing_plan {

constexpr std::uint64_t MiB = 1024 * 1024;

struct SceneSpec {
  std::string datetime;
  GeoBox grid;
};

inline GeoBox grid(const std::string& crs, double resolution, double left, double top,
                   std::int64_t width, std::int64_t height) {
  return {Crs::parse(crs), {resolution, 0, left, 0, -resolution, top}, width, height};
}

inline SceneInput input_on(const GeoBox& g, const std::string& asset) {
  SceneInput in;
  in.asset = asset, in.href = "/data/" + asset + ".tif";
  in.info.grid = g, in.info.type = PixelType::u16;
  in.info.block_width = in.info.block_height = 256;
  in.numbers = {0.0, 2.75e-5, -0.2};
  in.numbers_from = "product";
  if (asset != "qa") in.valid_range = ValueRange{7273, 43636};
  return in;
}

/// NDVI of the scenes, in order; `method` for the two bands.
inline Survey survey_of(const std::vector<SceneSpec>& specs,
                        Resampling method = Resampling::nearest) {
  Survey survey;
  survey.inputs = {
      {"qa", true, Resampling::nearest}, {"red", false, method}, {"nir", false, method}};
  survey.indices = {{"ndvi", 0, {1, 2}}};
  for (const SceneSpec& spec : specs) {
    Scene scene;
    scene.id = "scene" + std::to_string(survey.scenes.size());
    const ParsedInstant at = *parse_instant(spec.datetime);
    scene.start = scene.end = at.instant, scene.has_time_of_day = at.has_time_of_day;
    const Box b = project_box(spec.grid.bounds(), spec.grid.crs, Crs::parse("OGC:CRS84"));
    scene.bbox = {b.left, b.bottom, b.right, b.top};
    survey.surveyed.push_back(
        {survey.scenes.size(),
         {input_on(spec.grid, "qa"), input_on(spec.grid, "red"), input_on(spec.grid, "nir")}});
    survey.scenes.push_back(scene);
  }
  return survey;
}

/// A plan as far as its observations.
inline Plan placed(const Survey& survey, const GeoBox& output, const Recipe& recipe = {}) {
  Plan plan;
  plan.grid = output;
  place_scenes(plan, survey);
  group_observations(plan, survey, recipe);
  choose_accumulators(plan, survey);
  return plan;
}

}  // namespace cubemill::testing_plan
