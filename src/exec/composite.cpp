#include "cubemill/exec/composite.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <optional>
#include <utility>

#include "cubemill/backend/cuda_backend.hpp"
#include "cubemill/base/error.hpp"
#include "exec/backend_choice.hpp"
#include "exec/report_text.hpp"
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
  constexpr double margin = 0.05;  // footprints in items are rounded and simplified
  return read_catalog({r.sources, r.datetime, r.where, search_box(r), margin}, standard_input);
}

std::optional<GeoBox> like_grid(const Recipe& recipe) {
  if (recipe.grid.like.empty()) return {};
  if (!recipe.grid.crs.empty() || recipe.grid.resolution ||
      recipe.grid.anchor.kind != Anchor::Kind::automatic)
    throw InvalidInput("--like gives the grid, so --crs, --resolution and --anchor exclude it");
  return read_header(resolve_href(recipe.grid.like, "./"), 1).grid;
}

/// Bytes of the tables of blocks of all rasters, once they are open.
std::uint64_t block_tables(const Survey& survey) {
  std::uint64_t bytes = 0;
  for (const SurveyedScene& s : survey.surveyed)
    for (const SceneInput& in : s.inputs)
      bytes += 512 + 12 * std::uint64_t(in.info.blocks_across() * in.info.blocks_down());
  return bytes;
}

/// The sizes that the planner cannot know. The output's size depends on the number of periods, so
/// they are planned on the way.
Surroundings surroundings(const CompositeRequest& request, const Survey& survey, const GeoBox& grid,
                          bool opened) {
  Plan shape;
  shape.grid = grid;
  for (std::size_t i = 0; i < survey.surveyed.size(); ++i) shape.scenes.push_back({i, {}});
  group_observations(shape, survey, request.recipe);
  Surroundings around;
  around.process_bytes = resident_bytes();
  if (!opened) around.source_bytes = block_tables(survey);
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

struct Planned {
  SurveyResult survey;
  Plan plan;
};

/// `grid`: the output grid where it is known already.
Planned plan_for(const CompositeRequest& request, const std::vector<Scene>& scenes, Headers headers,
                 const std::optional<GeoBox>& grid, const std::vector<SkippedScene>& leave_out) {
  Planned p{survey_scenes(scenes, request.recipe, headers, request.limits.threads, leave_out), {}};
  const Survey& survey = p.survey.survey;
  const std::optional<GeoBox> like = grid ? std::nullopt : like_grid(request.recipe);
  const GeoBox chosen = grid ? *grid : choose_grid(survey, request.recipe, like ? &*like : nullptr);
  p.plan = make_plan(survey, request.recipe, request.limits, chosen,
                     surroundings(request, survey, chosen, headers == Headers::open_all));
  check_area(p.plan);
  note_ill_suited_methods(p.plan, survey);
  return p;
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out) throw IoError(path, "cannot be written; is the disk full?");
}

/// One composite, from the catalog to the files. Runs once, and again where scenes turn out to be
/// unreadable.
class Composite {
 public:
  Composite(const CompositeRequest& request, Catalog catalog)
      : request_(request),
        backend_(choose_backend(request.backend, request.devices)),
        trace_(request.trace.empty() ? nullptr : std::make_unique<Trace>(request.trace)),
        catalog_(std::move(catalog)),
        folder_(request.output, request.overwrite) {
    lap("catalog");
  }

  CompositeResult make() {
    for (;;)
      if (auto result = attempt()) return std::move(*result);
  }

 private:
  void lap(const std::string& step) { seconds_.emplace_back(step, clock_.lap()); }

  // Nothing when scenes were left out on the way: what was folded of them before cannot be told
  // apart.
  std::optional<CompositeResult> attempt() {
    const Planned planned = plan_for(request_, catalog_.scenes, Headers::open_all, grid_, skipped_);
    if (!grid_) {
      warn_all(request_, planned.survey.notes);
      warn_all(request_, planned.plan.notes);
      if (request_.explain)
        for (const std::string& row :
             plan_table(request_, planned.survey, catalog_.counts, planned.plan))
          request_.explain(row);
    }
    grid_ = planned.plan.grid;
    lap("plan");
    CompositeOutputs outputs(
        planned.plan,
        output_files(planned.plan, planned.survey.survey, request_.recipe, request_.compression),
        folder_);
    const RunTally tally = run_plan(planned.plan, planned.survey.survey, planned.survey.bands,
                                    run_options(planned.plan), outputs);
    lap("run");
    if (!tally.left_out.empty()) {
      leave_out(planned, tally);
      return {};
    }
    {
      const TraceSpan span(trace_.get(), "lay out files", "tiles", planned.plan.tiles.size());
      outputs.finish(subtitle(planned));
    }
    lap("write");
    return commit(planned, tally, outputs);
  }

  RunOptions run_options(const Plan& plan) const {
    RunOptions options;
    options.fuse_pixels = request_.recipe.fuse == Fuse::pixel;
    options.skip_unreadable = request_.recipe.skip_unreadable;
    options.trace = trace_.get();
    if (backend_.cuda)
      options.make_backend = [this](FoldSpec spec, const MemoryPlan& memory) {
        return make_cuda_backend(std::move(spec), {request_.device_memory, memory.slab_bytes,
                                                   memory.coordinates / (memory.slabs + 1),
                                                   request_.devices, device_span()});
      };
    const auto start = std::chrono::steady_clock::now();
    if (request_.progress)
      options.progress = [this, start, chunks = plan.chunks.size()](std::size_t done) {
        const std::chrono::duration<double> so_far = std::chrono::steady_clock::now() - start;
        request_.progress({done, chunks, so_far.count()});
      };
    return options;
  }

  DeviceSpan device_span() const {
    if (!trace_) return {};
    return [trace = trace_.get()](const std::string& stream, const char* what,
                                  Trace::Clock::time_point begin, Trace::Clock::time_point end) {
      trace->add_on(stream, what, begin, end);
    };
  }

  void leave_out(const Planned& planned, const RunTally& tally) {
    const Survey& survey = planned.survey.survey;
    skipped_ = planned.survey.skipped;
    for (const LeftOutScene& s : tally.left_out)
      skipped_.push_back(
          {survey.scenes[survey.surveyed[planned.plan.scenes[s.scene].surveyed].scene].id, s.asset,
           s.href, s.reason});
    warn_all(request_, {"left out as unreadable: " + std::to_string(tally.left_out.size()) +
                        " scenes; starting again without them"});
    folder_.forget_staged();
  }

  std::string subtitle(const Planned& planned) const {
    return date_range(planned.survey.survey, planned.plan, request_.recipe) + " · " +
           grid_text(planned.plan.grid) + " · " +
           std::to_string(std::count(planned.plan.used.begin(), planned.plan.used.end(), 1)) +
           " scenes";
  }

  CompositeResult commit(const Planned& planned, const RunTally& tally,
                         const CompositeOutputs& outputs) {
    const RunFacts facts{request_, planned.survey,  catalog_.counts, planned.plan,
                         tally,    outputs.files(), seconds_,        peak_resident_bytes(),
                         backend_};
    CompositeResult result;
    result.report = report_json(facts);
    write_text(folder_.staged("item.json"), item_json(facts));
    write_text(folder_.staged("report.json"), result.report);
    folder_.commit();
    result.summary = summary_lines(facts, folder_.path());
    result.skipped = planned.survey.skipped.size();
    for (const OutputFile& f : outputs.files())
      for (const char* extension : {".tif", ".png"})
        result.files.push_back(folder_.path() + "/" + f.stem + extension);
    for (const char* name : {"item.json", "report.json"})
      result.files.push_back(folder_.path() + "/" + name);
    return result;
  }

  const CompositeRequest& request_;
  const BackendDecision backend_;
  const std::unique_ptr<Trace> trace_;
  Clock clock_;
  std::vector<std::pair<std::string, double>> seconds_;
  Catalog catalog_;
  OutputFolder folder_;
  std::optional<GeoBox> grid_;
  std::vector<SkippedScene> skipped_;
};

}  // namespace

CompositeResult make_composite(const CompositeRequest& request, std::istream& standard_input) {
  Catalog catalog = search(request, standard_input);
  warn_all(request, catalog.notes);
  return Composite(request, std::move(catalog)).make();
}

PlanResult plan_composite(const CompositeRequest& request, bool probe,
                          std::istream& standard_input) {
  const Catalog catalog = search(request, standard_input);
  warn_all(request, catalog.notes);
  const Planned planned =
      plan_for(request, catalog.scenes, probe ? Headers::probe_all : Headers::estimate, {}, {});
  warn_all(request, planned.survey.notes);
  warn_all(request, planned.plan.notes);
  return {plan_json(request, planned.survey, catalog.counts, planned.plan),
          plan_table(request, planned.survey, catalog.counts, planned.plan)};
}

void abandon_outputs() noexcept { OutputFolder::remove_all_staged(); }

}  // namespace cubemill
