#include "cubemill/exec/composite.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <optional>
#include <utility>

#include "cubemill/base/error.hpp"
#include "exec/reports.hpp"
#include "exec/resident_memory.hpp"

namespace cubemill {
namespace {

class Clock {
 public:
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(start_, now)).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void warn_all(const CompositeRequest& request, const std::vector<std::string>& lines) {
  if (request.warn)
    for (const std::string& line : lines) request.warn(line);
}

Catalog search(const CompositeRequest& request, std::istream& standard_input) {
  const Recipe& r = request.recipe;
  if (r.bbox) Crs::parse(r.bbox_crs);
  return read_catalog({r.sources, r.datetime, r.where, search_box(r)}, standard_input);
}

std::optional<GeoBox> like_grid(const Recipe& recipe) {
  if (recipe.grid.like.empty()) return {};
  if (!recipe.grid.crs.empty() || recipe.grid.resolution ||
      recipe.grid.anchor.kind != Anchor::Kind::automatic)
    throw InvalidInput("--like gives the grid, so --crs, --resolution and --anchor exclude it");
  return read_header(resolve_href(recipe.grid.like, "./"), 1).grid;
}

/// The sizes that the planner cannot know. The output's size depends on the number of periods, so
/// they are planned on the way.
Surroundings surroundings(const CompositeRequest& request, const Survey& survey,
                          const GeoBox& grid) {
  Plan shape;
  shape.grid = grid;
  for (std::size_t i = 0; i < survey.surveyed.size(); ++i) shape.scenes.push_back({i, {}});
  group_observations(shape, survey, request.recipe);
  Surroundings around;
  around.process_bytes = resident_bytes();
  for (const OutputFile& f : output_files(shape, survey, request.recipe, request.compression)) {
    around.output_bytes += CogWriter::overview_bytes(f.spec);
    around.output_bytes_per_thread =
        std::max(around.output_bytes_per_thread, CogWriter::bytes_per_thread(f.spec));
  }
  return around;
}

void check_area(const Plan& plan) {
  if (!plan.chunks.empty()) return;
  throw InvalidInput("no scene touches the output grid (" + std::to_string(plan.scenes.size()) +
                     " scenes looked at): check --bbox, --like and the items' place");
}

/// Says when a band is sampled at points although the output is much coarser.
void note_coarse_output(Plan& plan, const Survey& survey) {
  double scale = 0;
  for (std::size_t s = 0; s < plan.scenes.size(); ++s)
    if (plan.used[s])
      for (const PlannedInput& p : plan.scenes[s].inputs) {
        const SceneUse& use = plan.uses[s].front();
        scale = std::max(scale, plan.lattices[p.lattice]->scale_at(plan.chunks[use.chunk].window));
      }
  if (scale <= 1.5) return;
  for (const Input& input : survey.inputs)
    if (!input.flags &&
        (input.method == Resampling::bilinear || input.method == Resampling::cubic)) {
      char text[32];
      std::snprintf(text, sizeof text, "%.1f", scale);
      plan.notes.push_back("the output is up to " + std::string(text) + " times coarser than '" +
                           input.role + "', and " + to_string(input.method) +
                           " looks at a few pixels only: --resampling average uses all");
    }
}

struct Planned {
  SurveyResult survey;
  Plan plan;
};

Planned plan_for(const CompositeRequest& request, const std::vector<Scene>& scenes, Headers headers,
                 const std::optional<GeoBox>& like, const std::vector<SkippedScene>& leave_out) {
  Planned p{survey_scenes(scenes, request.recipe, headers, request.limits.threads, leave_out), {}};
  const GeoBox grid = choose_grid(p.survey.survey, request.recipe, like ? &*like : nullptr);
  p.plan = make_plan(p.survey.survey, request.recipe, request.limits, grid,
                     surroundings(request, p.survey.survey, grid));
  check_area(p.plan);
  note_coarse_output(p.plan, p.survey.survey);
  return p;
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out) throw IoError(path, "cannot be written; is the disk full?");
}

}  // namespace

CompositeResult make_composite(const CompositeRequest& request, std::istream& standard_input) {
  Clock clock;
  std::vector<std::pair<std::string, double>> seconds;
  const std::optional<GeoBox> like = like_grid(request.recipe);
  const Catalog catalog = search(request, standard_input);
  warn_all(request, catalog.notes);
  seconds.emplace_back("catalog", clock.lap());
  OutputFolder folder(request.output, request.overwrite);
  std::vector<SkippedScene> skipped;
  for (;;) {
    const Planned planned = plan_for(request, catalog.scenes, Headers::open_all, like, skipped);
    const Plan& plan = planned.plan;
    const Survey& survey = planned.survey.survey;
    warn_all(request, planned.survey.notes);
    warn_all(request, plan.notes);
    if (request.explain)
      for (const std::string& row : plan_table(request, planned.survey, catalog.counts, plan))
        request.explain(row);
    seconds.emplace_back("plan", clock.lap());
    auto files = output_files(plan, survey, request.recipe, request.compression);
    CompositeOutputs outputs(plan, std::move(files), folder);
    RunOptions options;
    options.fuse_pixels = request.recipe.fuse == Fuse::pixel;
    options.skip_unreadable = request.recipe.skip_unreadable;
    const auto start = std::chrono::steady_clock::now();
    options.progress = [&](std::size_t done) {
      if (request.progress)
        request.progress(
            {done, plan.chunks.size(),
             std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()});
    };
    RunTally tally = run_plan(plan, survey, planned.survey.bands, options, outputs);
    seconds.emplace_back("run", clock.lap());
    if (!tally.left_out.empty()) {
      // What was folded of a scene before it failed cannot be told apart: once more, without the
      // scenes that failed.
      skipped = planned.survey.skipped;
      for (const LeftOutScene& s : tally.left_out)
        skipped.push_back({survey.scenes[survey.surveyed[plan.scenes[s.scene].surveyed].scene].id,
                           s.asset, s.href, s.reason});
      warn_all(request, {std::to_string(tally.left_out.size()) +
                         " scenes cannot be read and are left out; starting again without them"});
      folder.forget_staged();
      continue;
    }
    outputs.finish(date_range(survey, plan, request.recipe) + " · " + grid_text(plan.grid) + " · " +
                   std::to_string(std::count(plan.used.begin(), plan.used.end(), 1)) + " scenes");
    seconds.emplace_back("write", clock.lap());
    const RunFacts facts{request, planned.survey,  catalog.counts, plan,
                         tally,   outputs.files(), seconds,        peak_resident_bytes()};
    CompositeResult result;
    result.report = report_json(facts);
    write_text(folder.staged("item.json"), item_json(facts));
    write_text(folder.staged("report.json"), result.report);
    folder.commit();
    result.summary = summary_lines(facts, folder.path());
    result.skipped = planned.survey.skipped.size();
    for (const OutputFile& f : outputs.files())
      for (const char* extension : {".tif", ".png"})
        result.files.push_back(folder.path() + "/" + f.stem + extension);
    result.files.push_back(folder.path() + "/item.json");
    result.files.push_back(folder.path() + "/report.json");
    return result;
  }
}

PlanResult plan_composite(const CompositeRequest& request, bool probe,
                          std::istream& standard_input) {
  const std::optional<GeoBox> like = like_grid(request.recipe);
  const Catalog catalog = search(request, standard_input);
  warn_all(request, catalog.notes);
  const Planned planned =
      plan_for(request, catalog.scenes, probe ? Headers::probe_all : Headers::estimate, like, {});
  warn_all(request, planned.survey.notes);
  warn_all(request, planned.plan.notes);
  return {plan_json(request, planned.survey, catalog.counts, planned.plan),
          plan_table(request, planned.survey, catalog.counts, planned.plan)};
}

void abandon_outputs() noexcept { OutputFolder::remove_all_staged(); }

}  // namespace cubemill
