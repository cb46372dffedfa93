#include "exec/planning.hpp"

#include <algorithm>

#include "cubemill/base/error.hpp"
#include "cubemill/io/href.hpp"
#include "cubemill/io/href_choice.hpp"
#include "cubemill/net/range_client.hpp"
#include "exec/composite_outputs.hpp"
#include "exec/report_parts.hpp"
#include "exec/report_text.hpp"
#include "exec/resident_memory.hpp"
#include "exec/spill_place.hpp"
#include "io/header_cache.hpp"

namespace cubemill {
Catalog search(const CompositeRequest& request, std::istream& standard_input) {
  const Recipe& r = request.recipe;
  if (r.bbox) Crs::parse(r.bbox_crs);
  constexpr double margin = 0.05;     // footprints in items are rounded and simplified
  std::optional<RangeClient> client;  // its own: what items say of their buckets comes later
  const auto fetch = [&](RangeRequest range) {
    if (!client) client.emplace(request.net);
    return client->fetch(std::move(range));
  };
  Catalog catalog =
      read_catalog({r.sources, r.datetime, r.where, search_box(r), margin}, standard_input, fetch);
  for (std::string& note : choose_hrefs(catalog.scenes, r.hrefs))
    catalog.notes.push_back(std::move(note));
  return catalog;
}

namespace {

std::optional<GeoBox> like_grid(const Recipe& recipe) {
  if (recipe.grid.like.empty()) return {};
  if (!recipe.grid.crs.empty() || recipe.grid.resolution ||
      recipe.grid.anchor.kind != Anchor::Kind::automatic)
    throw InvalidInput("--like gives the grid, so --crs, --resolution and --anchor exclude it");
  return read_header(resolve_href(recipe.grid.like, "./"), 1).grid;
}

/// Bytes of the tables of blocks of the rasters that are not open, once they are.
std::uint64_t block_tables(const SurveyResult& result) {
  std::uint64_t bytes = 0;
  for (std::size_t s = 0; s < result.survey.surveyed.size(); ++s)
    for (std::size_t i = 0; i < result.survey.surveyed[s].inputs.size(); ++i) {
      const RasterInfo& info = result.survey.surveyed[s].inputs[i].info;
      if (!result.bands[s][i])
        bytes += 700 + 4 * std::uint64_t(info.blocks_across() * info.blocks_down());
    }
  return bytes;
}

/// The sizes that the planner cannot know. The output's size depends on the number of periods, so
/// they are planned on the way.
Surroundings surroundings(const CompositeRequest& request, const SurveyResult& result,
                          const GeoBox& grid) {
  const Survey& survey = result.survey;
  Plan shape;
  shape.grid = grid;
  for (std::size_t i = 0; i < survey.surveyed.size(); ++i) shape.scenes.push_back({i, {}, {}});
  group_observations(shape, survey, request.recipe);
  Surroundings around;
  around.process_bytes = resident_bytes();
  around.spill_room = spill_room(request);
  around.source_bytes = block_tables(result);
  for (const OutputFile& f : output_files(shape, survey, request.recipe, request.compression)) {
    around.output_bytes += CogWriter::overview_bytes(f.spec);
    around.output_bytes_per_thread =
        std::max(around.output_bytes_per_thread, CogWriter::bytes_per_thread(f.spec));
  }
  return around;
}

// Reads bands from the overviews that are next finer than the output.
void take_overviews(SurveyResult& result, const GeoBox& grid) {
  Survey& survey = result.survey;
  const auto levels = choose_levels(survey, grid);
  for (std::size_t s = 0; s < survey.surveyed.size(); ++s)
    for (std::size_t i = 0; i < survey.inputs.size(); ++i) {
      const std::size_t level = levels[s][i];
      set_level(survey.surveyed[s].inputs[i], level);
      std::unique_ptr<RasterBand>& band = result.bands[s][i];  // null: only estimated
      // Null where GDAL decodes it, in full.
      if (auto at_level = band ? band->at_level(level) : nullptr) band = std::move(at_level);
    }
}

void check_area(const Plan& plan) {
  if (!plan.chunks.empty()) return;
  throw InvalidInput("no scene touches the output grid (" + std::to_string(plan.scenes.size()) +
                     " scenes looked at): check --bbox, --like and the items' place");
}

bool samples_areas(const Input& input) {
  return input.method == Resampling::average || input.method == Resampling::mode;
}

/// Says when a band is sampled at points although the output is much coarser, and when boxes miss
/// much of the pixels.
void note_ill_suited_methods(Plan& plan, const Survey& survey) {
  double scale = 0, share = 1;
  for (std::size_t s = 0; s < plan.scenes.size(); ++s)
    if (plan.used[s])
      for (const PlannedInput& p : plan.scenes[s].inputs) {
        const PixelWindow& window = plan.chunks[plan.uses[s].front().chunk].window;
        scale = std::max(scale, plan.lattices[p.lattice]->scale_at(window));
        share = std::min(share, plan.lattices[p.lattice]->box_share_at(window));
      }
  for (const Input& input : survey.inputs) {
    if (scale > 1.5 && !input.flags && !samples_areas(input) && input.method != Resampling::nearest)
      plan.notes.push_back(
          text("the output is up to %.1f times coarser than '%s', and %s looks at "
               "a few pixels only: --resampling average uses all",
               scale, input.role.c_str(), to_string(input.method).c_str()));
    if (share < 0.8 && samples_areas(input))
      plan.notes.push_back(
          text("the output is turned against '%s': the boxes that %s takes cover "
               "%.0f %% of a pixel; take a --crs that is turned less",
               input.role.c_str(), to_string(input.method).c_str(), 100 * share));
  }
}

std::optional<NetworkCost> network_of(const Planned& planned, Headers headers) {
  const std::vector<SurveyedScene>& scenes = planned.survey.survey.surveyed;
  if (std::none_of(scenes.begin(), scenes.end(), [](const SurveyedScene& s) {
        return std::any_of(s.inputs.begin(), s.inputs.end(),
                           [](const SceneInput& in) { return in.remote; });
      }))
    return {};
  return network_cost(planned.plan, planned.survey.survey,
                      {planned.survey.bands, net_client().tally().places,
                       headers == Headers::open_all, has_kept_header, [](const std::string& place) {
                         const std::string bucket = bucket_of(place);
                         return !bucket.empty() && net_pays_for(bucket);
                       }});
}

void note_overviews(Plan& plan, const Survey& survey) {
  if (std::string levels = levels_text(survey); !levels.empty())
    plan.notes.insert(plan.notes.begin(), std::move(levels));
}

}  // namespace

Planned plan_for(const CompositeRequest& request, const Limits& limits,
                 const std::vector<Scene>& scenes, Headers headers,
                 const std::optional<GeoBox>& grid, const std::vector<SkippedScene>& leave_out) {
  Planned p{survey_scenes(scenes, request.recipe, headers, limits.threads, leave_out), {}, {}};
  const Survey& survey = p.survey.survey;
  check_skipped(p.survey.skipped, survey.scenes.size(), request.recipe);
  const std::optional<GeoBox> like = grid ? std::nullopt : like_grid(request.recipe);
  const GeoBox chosen = grid ? *grid : choose_grid(survey, request.recipe, like ? &*like : nullptr);
  if (request.recipe.overviews == Overviews::automatic) take_overviews(p.survey, chosen);
  p.plan =
      make_plan(survey, request.recipe, limits, chosen, surroundings(request, p.survey, chosen));
  check_area(p.plan);
  note_ill_suited_methods(p.plan, survey);
  note_overviews(p.plan, survey);
  p.network = network_of(p, headers);
  return p;
}

}  // namespace cubemill
